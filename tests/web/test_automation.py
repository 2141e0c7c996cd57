"""The automation pages: rules, endpoints and the log, by an administrator without a line of script; nobody else gets near them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from connector.clock import SystemClock
from connector.portals.modes import note_reading
from connector.store.models import Delivery, Endpoint, Portal, Rule
from tests.web.browsing import Person
from tests.web.conftest import Stage
from tests.webhooks.conftest import Receiver, receiving
from webhooks.worker import Automation


@pytest.fixture
def receiver():  # type: ignore[no-untyped-def]
    with receiving() as made:
        yield made


def opened(here: Stage) -> Person:
    admin = here.install()
    return admin.press("to-settings").press("tab-automation")


def allowing(here: Stage) -> None:
    """As an installation of one's own: the receiver of the test is on this machine."""
    object.__setattr__(here.settings, "webhook_private_networks", True)


def rounds(here: Stage, automation: Automation) -> None:
    for _ in range(3):
        automation.once()
        automation.settled()


def test_an_endpoint_a_rule_and_a_change_from_end_to_end(
    stage: Callable[..., Stage], receiver: Receiver
) -> None:
    here = stage(leads=3)
    allowing(here)
    admin = opened(here)
    admin.press("new-endpoint").press("create-endpoint", url=receiver.url, name="My receiver")
    secret = admin.find("secret").text
    assert secret.startswith("whsec_")
    assert "/hook" not in admin.page.text
    automation = Automation(here.db, here.settings)
    admin.press("test-endpoint")
    rounds(here, automation)
    assert [post["type"] for post in receiver.verify(secret)] == ["leadswitch.test"]
    with here.db.read() as session:
        portal_id = session.scalars(select(Portal.id)).one()
    for mode in ("classic", "simple"):
        with here.db.begin() as session:
            note_reading(session, portal_id, mode, at=SystemClock().now(), source="watch")
    rounds(here, automation)
    automation.stop()
    admin.press("tab-automation")
    assert secret not in admin.page.text
    assert "Classic CRM → Simple CRM" in admin.find("changes").text
    assert [post["type"] for post in receiver.taken] == [
        "leadswitch.test",
        "crm.mode.changed",
        "lead.left_behind",
    ]
    admin.press("delivery")
    assert "lead.left_behind" in admin.find("body").text
    admin.press("redeliver")
    with here.db.read() as session:
        assert "pending" in session.scalars(select(Delivery.state)).all()


def test_reloading_the_page_with_the_secret_makes_no_second_endpoint(
    stage: Callable[..., Stage], receiver: Receiver
) -> None:
    here = stage(leads=2)
    allowing(here)
    admin = opened(here)
    admin.press("new-endpoint")
    form = {"session": admin.token, "once": "abc", "url": receiver.url, "everything": "yes"}
    admin.post("/app/automation/endpoint/create", form)
    assert admin.has("secret")
    again = admin.post("/app/automation/endpoint/create", form)
    assert not again.has("secret")
    with here.db.read() as session:
        assert len(session.scalars(select(Endpoint)).all()) == 1
        assert len([row for row in session.scalars(select(Rule)) if "webhook" in str(row.document)]) == 1
    stamp = "2026-01-01T00:00:00+00:00"
    endpoint = again.sent[-1]
    with here.db.read() as session:
        id_ = session.scalars(select(Endpoint.id)).one()
    stale = admin.post(f"/app/automation/endpoints/{id_}/rotate", {"session": admin.token, "stamp": stamp})
    assert endpoint
    assert not stale.has("secret")


def test_a_private_address_is_refused_in_words(stage: Callable[..., Stage]) -> None:
    here = stage(leads=2)
    admin = opened(here)
    admin.press("new-endpoint").press("create-endpoint", url="https://127.0.0.1/x")
    assert admin.status == 422
    assert "private network" in admin.page.text


def test_a_rule_is_made_tried_switched_off_and_deleted(stage: Callable[..., Stage]) -> None:
    here = stage(leads=2)
    admin = opened(here)
    admin.press("new-rule")
    fields = {
        "name": "Tell Ala",
        "on": "crm.mode.changed",
        "to": "simple",
        "user": str(here.admin.id),
        "enabled": "yes",
    }
    admin.press("try-rule", **fields, sample="crm.mode.changed")
    assert "im.notify.system.add" in admin.find("tried").text
    assert "mode after: wanted Simple CRM, found Simple CRM" in admin.find("tried").text
    with here.db.read() as session:
        assert session.scalars(select(Delivery)).all() == []
    admin.press("save-rule")
    assert "Tell Ala" in admin.find("rules").text
    with here.db.read() as session:
        made = next(row for row in session.scalars(select(Rule)) if row.document["name"] == "Tell Ala")
    assert made.document["do"] == [{"type": "notify", "users": [here.admin.id], "text": ""}]
    assert made.document["when"]["to"] == "simple"
    token = admin.token
    admin.post(f"/app/automation/rules/{made.id}/off", {"session": token})
    with here.db.read() as session:
        assert session.get_one(Rule, made.id).enabled is False
    admin.post(f"/app/automation/rules/{made.id}", {"session": token}).press("delete-rule")
    with here.db.read() as session:
        assert session.get(Rule, made.id) is None


def test_reasons_of_a_rule_are_told_in_words(stage: Callable[..., Stage]) -> None:
    admin = opened(stage(leads=2))
    admin.press("new-rule")
    fields = {"name": "n", "on": "switch.completed", "kind": "undo", "severity": "warning", "user": "1"}
    told = admin.press("try-rule", **fields, sample="switch.completed").find("tried").text
    assert "kind of run: wanted taking it back, found a switch" in told
    assert "severity: wanted Warning, found" in told


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": ""}, "missing"),
        ({"on": ""}, "event"),
        ({"user": "", "more_users": ""}, "action"),
        ({"more_users": "me"}, "not an ID"),
        ({"template": "-1"}, "not a number"),
        ({"left_behind": "many"}, "not a number"),
        ({"template": "3"}, "switch events only"),
        ({"as_json": "yes", "json": "{"}, "not valid JSON"),
        ({"as_json": "yes", "json": "[" * 5000}, "not valid JSON"),
        ({"as_json": "yes", "json": "1" * 5000}, ""),
        ({"as_json": "yes", "json": '{"name": "x", "on": ["plan.ready"], "do": [{"type": "webhook", "endpoint": "ep_x"}]}'}, "no endpoint"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_shown_again_with_what_is_wrong(
    stage: Callable[..., Stage], form: dict[str, str], says: str
) -> None:
    here = stage(leads=2)
    admin = opened(here)
    whole = {"session": admin.token, "name": "n", "on": "crm.mode.changed", "user": "1", **form}
    answer = admin.post(
        "/app/automation/rule/save", {name: value for name, value in whole.items() if value or name == "name"}
    )
    assert answer.status == 422
    assert says in answer.page.text


def test_what_belongs_to_another_portal_is_not_found(stage: Callable[..., Stage]) -> None:
    here = stage(leads=2)
    admin = opened(here)
    token = admin.token
    for path in (
        "rules/rl_x",
        "rules/rl_x/off",
        "rules/rl_x/save",
        "endpoints/ep_x",
        "endpoints/ep_x/test",
        "log/msg_x",
        "log/msg_x/again",
    ):
        assert admin.post(f"/app/automation/{path}", {"session": token}).status == 404, path


def test_only_administrators_see_it(stage: Callable[..., Stage]) -> None:
    here = stage(leads=2)
    here.install()
    person = here.open(here.employee)
    assert not person.has("to-settings")


def test_polish_speaks_polish(stage: Callable[..., Stage]) -> None:
    here = stage(leads=2)
    here.install()
    admin = here.open(here.admin, lang="pl")
    admin.press("to-settings").press("tab-automation")
    assert "Automatyzacja" in admin.page.all("h1")[0].text
    admin.press("new-rule")
    assert "Zmienił się tryb CRM" in admin.page.text
