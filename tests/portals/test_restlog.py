"""The REST log: every request leaves a line, no line holds a secret or a client's data, and no request waits for it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from connector.bitrix.batch import Command
from connector.bitrix.client import BitrixClient
from connector.bitrix.transport import Reply
from connector.bitrix.wire import Exchange
from connector.clock import FakeClock
from connector.errors import BitrixError, TransportError
from connector.portals.access import open_client
from connector.portals.removal import uninstall
from connector.portals.restmask import answer_of, request_of
from connector.portals.webhook import register_webhook
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import RestLog
from connector.store.restlog import RestLogBuffer

KEY = "s3cr3tk3y"
URL = f"https://portal.example/rest/7/{KEY}/"
TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90" * 2


@pytest.fixture
def portal() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(
            f"{URL}profile", json={"result": {"ID": "7", "ADMIN": True, "NAME": "Ada", "LAST_NAME": ""}}
        )
        yield mock


@pytest.fixture
def client(database: Database, portal: responses.RequestsMock) -> BitrixClient:
    settings = Settings.load()
    return open_client(database, settings, register_webhook(database, settings, URL).id)


def lines(db: Database) -> list[RestLog]:
    db.rest_log.flush()
    with db.read() as session:
        return list(session.scalars(select(RestLog).order_by(RestLog.id)))


def test_every_request_leaves_a_line_with_what_support_needs(
    database: Database, client: BitrixClient, portal: responses.RequestsMock
) -> None:
    portal.post(
        f"{URL}crm.item.list",
        json={"result": {"items": [{"title": "Ada Example"}] * 3}, "total": 3, "time": {"operating": 0.25}},
        headers={"X-Request-Id": "req-1"},
    )
    portal.post(
        f"{URL}crm.item.get",
        json={"error": "NOT_FOUND", "error_description": f"no such thing, asked with {KEY}"},
        status=400,
    )
    client.call(
        "crm.item.list", {"entityTypeId": 1, "filter": {"=stageId": "NEW", "%title": "Ada"}, "select": ["id"]}
    )
    with pytest.raises(BitrixError):
        client.call("crm.item.get", {"entityTypeId": 1, "id": 5})
    good, bad = lines(database)
    assert (good.method, good.http_status, good.code, good.request_id) == ("crm.item.list", 200, "", "req-1")
    assert good.request == {
        "entityTypeId": 1,
        "filter": {"=stageId": "NEW", "%title": "text:3"},
        "select": ["id"],
    }
    assert good.answer == {"result": {"keys": ["items"], "rows": 3}, "total": 3, "operating": 0.25}
    assert (bad.method, bad.http_status, bad.code) == ("crm.item.get", 400, "NOT_FOUND")
    assert bad.answer == {"error": "NOT_FOUND", "description": "no such thing, asked with ***"}


def test_batch_is_one_line_that_counts_its_commands(
    database: Database, client: BitrixClient, portal: responses.RequestsMock
) -> None:
    sections = {
        "result": {"a": [{"ID": 1}, {"ID": 2}], "b": 17},
        "result_error": {"c": {"error": "ACCESS_DENIED", "error_description": "Ada Example may not"}},
        "result_time": {},
    }
    portal.post(f"{URL}batch", json={"result": sections})
    client.batch(
        [
            Command(
                "a", "crm.lead.list", {"filter": {">ID": 5, "NAME": "Ada Example"}, "order": {"ID": "ASC"}}
            ),
            Command(
                "b", "crm.lead.add", {"fields": {"TITLE": "Ada & Sons", "STATUS_ID": "NEW", "OPPORTUNITY": 7}}
            ),
            Command("c", "crm.lead.list", {"filter": {">ID": 9}}),
        ]
    )
    (line,) = lines(database)
    assert line.method == "batch"
    assert line.request == {
        "halt": 0,
        "commands": 3,
        "methods": {"crm.lead.list": 2, "crm.lead.add": 1},
        "first": {
            "crm.lead.list": {"filter[>ID]": "5", "filter[NAME]": "text:11", "order[ID]": "ASC"},
            "crm.lead.add": {
                "fields[TITLE]": "text:10",
                "fields[STATUS_ID]": "NEW",
                "fields[OPPORTUNITY]": "text:1",
            },
        },
    }
    assert line.answer == {"ok": 2, "rows": 2, "failed": 1, "codes": {"c": "ACCESS_DENIED"}}


def test_portal_that_does_not_answer_is_logged_too(
    database: Database, client: BitrixClient, portal: responses.RequestsMock
) -> None:
    del portal
    client._patience.again = lambda *_: False  # type: ignore[method-assign]
    with pytest.raises(TransportError):
        client.call("crm.lead.list")
    line = lines(database)[0]
    assert line.http_status is None
    assert line.code


PERSONAL = ("Ada", "+48 555 010 203", "ada@example.com", "ul. Prosta 1")


def strange(secret: str) -> Any:
    """Requests that a careless program might send."""
    leaf = st.sampled_from(
        [*PERSONAL, secret, f"see {secret}", f"https://x.example/rest/1/{secret}/x", 5, None, True]
    )
    name = st.sampled_from(
        [
            "auth",
            "AUTH_ID",
            "access_token",
            "TITLE",
            "PHONE",
            "VALUE",
            "select",
            "filter",
            "UF_CRM_ID",
            "RQ_VAT_ID",
            "id",
            "0",
        ]
    )
    return st.recursive(
        leaf, lambda inner: st.dictionaries(name, inner, max_size=4) | st.lists(inner, max_size=3)
    )


@given(
    body=st.dictionaries(st.sampled_from(["fields", "auth", "filter", "order", "ID"]), strange(TOKEN)),
    data=st.data(),
)
def test_no_line_holds_a_secret_whatever_is_sent(body: dict[str, Any], data: st.DataObject) -> None:
    reply = Reply({"result": data.draw(strange(TOKEN)), "next": TOKEN}, 0.1)
    single = Exchange("crm.lead.add", body, 0.1, reply, None, (TOKEN,))
    commands = {"a": f"crm.lead.add?auth={TOKEN}&fields[TITLE]={TOKEN}&select[0]={TOKEN}&id={TOKEN}"}
    batch = replace(single, method="batch", params={"cmd": commands})
    for exchange in (
        single,
        batch,
        replace(single, reply=None, error=BitrixError(TOKEN, portal="p", description=TOKEN)),
    ):
        kept = json.dumps([request_of(exchange), answer_of(exchange)])
        assert TOKEN[:40] not in kept


def test_no_line_holds_a_clients_data() -> None:
    fields = {
        "TITLE": "Ada",
        "PHONE": [{"VALUE": PERSONAL[1], "VALUE_TYPE": "WORK"}],
        "UF_CRM_PERSONAL_ID": "80010112345",
        "RQ_VAT_ID": "PL5550102030",
        "ORIGIN_ID": PERSONAL[2],
        "ADDRESS": PERSONAL[3],
        "CONTACT_ID": "ada@example.com",
    }
    exchange = Exchange("crm.lead.add", {"fields": fields}, 0.1, Reply({"result": [fields] * 2}, 0.1))
    kept = json.dumps([request_of(exchange), answer_of(exchange)])
    assert not [value for value in (*PERSONAL, "80010112345", "5550102030") if value in kept]


def test_lines_stay_small_whatever_is_sent() -> None:
    wide = {f"field{number}ID": ["x" * 50] * 500 for number in range(500)}
    commands = {
        f"c{number}": "crm.lead.add?" + "&".join(f"f{i}=x" for i in range(9999)) for number in range(50)
    }
    for exchange in (
        Exchange("crm.lead.add", {"fields": wide, "more": {"a": {"b": {"c": {"d": wide}}}}}, 0.1),
        Exchange(
            "batch",
            {"cmd": commands},
            0.1,
            Reply({"result": {"result": {c: [1] * 99 for c in commands}}}, 0.1),
        ),
    ):
        assert len(json.dumps([request_of(exchange), answer_of(exchange)])) < 25_000


def test_many_requests_cost_few_transactions(
    database: Database, client: BitrixClient, portal: responses.RequestsMock
) -> None:
    portal.post(f"{URL}crm.settings.mode.get", json={"result": 1})
    writes: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "rest_log" in statement and statement.startswith("INSERT"):
            writes.append(statement)

    for _ in range(40):
        client.call("crm.settings.mode.get")
    assert len(lines(database)) == 40
    assert len(writes) <= 3


def test_lines_come_into_the_database_by_themselves_and_when_it_is_closed(
    database: Database, client: BitrixClient, portal: responses.RequestsMock
) -> None:
    portal.post(f"{URL}crm.settings.mode.get", json={"result": 1})
    written = threading.Event()

    @event.listens_for(database.engine, "commit")
    def seen(_connection: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            written.set()

    database.rest_log = RestLogBuffer(database, seconds=0.02)
    client.call("crm.settings.mode.get")
    assert written.wait(5)
    database.rest_log = RestLogBuffer(database, seconds=60)
    client.call("crm.settings.mode.get")
    database.close()
    assert len(lines(database)) == 2


def test_portal_that_left_keeps_no_lines_and_takes_none_of_another_with_it(
    database: Database, client: BitrixClient, portal: responses.RequestsMock, clock: FakeClock
) -> None:
    settings = Settings.load()
    other = URL.replace("portal.example", "other.example")
    portal.post(f"{other}profile", json={"result": {"ID": "7", "ADMIN": True, "NAME": "Bo", "LAST_NAME": ""}})
    for url in (URL, other):
        portal.post(f"{url}crm.settings.mode.get", json={"result": 1})
    staying = register_webhook(database, settings, other)
    client.call("crm.settings.mode.get")
    open_client(database, settings, staying.id).call("crm.settings.mode.get")
    uninstall(database, register_webhook(database, settings, URL).id, clean=True, clock=clock)
    assert [line.portal_id for line in lines(database)] == [staying.id]


def test_busy_database_only_delays_the_log(
    database: Database, client: BitrixClient, portal: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.post(f"{URL}crm.settings.mode.get", json={"result": 1})
    begin = database.begin

    def locked() -> Any:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    assert client.call("crm.settings.mode.get").result == 1
    monkeypatch.setattr(database, "begin", locked)
    database.rest_log.flush()
    monkeypatch.setattr(database, "begin", begin)
    assert len(lines(database)) == 1
