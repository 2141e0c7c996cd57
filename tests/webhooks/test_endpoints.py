"""Endpoints, rules and the log, as people keep them: secrets are shown once, nothing of another portal is found."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from connector.clock import FakeClock
from connector.errors import BadAddress, BadRule, DeliveryNotFound, EndpointNotFound, RuleNotFound
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import Audit, Delivery, Endpoint
from tests.portals.conftest import add_portal
from webhooks.outbound import deliveries, endpoints
from webhooks.outbound.address import check
from webhooks.rules import service as rules

ACTOR = {"user_id": 1, "name": "Ada Example", "via": "web"}


def public(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings() -> Settings:
    return Settings.load(client_id="app.1", client_secret="tops3cret")


@pytest.fixture
def portal_id(database: Database, clock: FakeClock) -> int:
    return add_portal(database, clock.now())


@pytest.fixture
def stranger(database: Database, clock: FakeClock) -> int:
    return add_portal(database, clock.now(), key="m2")


def make(
    db: Database, settings: Settings, portal_id: int, url: str = "https://hooks.example/services/T0/secret"
) -> str:
    view, _ = endpoints.create_endpoint(db, settings, portal_id, url=url, actor=ACTOR, resolve=public)
    return view.id


def test_neither_secret_nor_path_of_an_endpoint_can_be_read_from_the_database_or_its_view(
    portal_id: int, database: Database, settings: Settings
) -> None:
    view, secret = endpoints.create_endpoint(
        database,
        settings,
        portal_id,
        url="https://hooks.example/services/T0/key",
        actor=ACTOR,
        resolve=public,
    )
    assert secret.startswith("whsec_")
    assert view.address == "https://hooks.example/…"
    with database.engine.connect() as connection:
        rows = [str(row) for row in connection.execute(text("SELECT * FROM endpoint"))]
        rows += [str(row) for row in connection.execute(text("SELECT * FROM audit"))]
    assert not any("T0" in row or secret in row for row in rows)
    assert secret not in str(endpoints.endpoints(database, portal_id))


def test_a_rotated_secret_signs_along_for_a_while(
    portal_id: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    view, first = endpoints.create_endpoint(
        database, settings, portal_id, url="https://hooks.example/", actor=ACTOR, clock=clock, resolve=public
    )
    second = endpoints.rotate_secret(database, portal_id, view.id, actor=ACTOR, overlap_hours=2, clock=clock)

    def signing() -> list[str]:
        with database.read() as session:
            return endpoints.signing_secrets(session.get_one(Endpoint, view.id), clock.now())

    assert signing() == [second, first]
    clock.advance(2 * 3600 + 1)
    assert signing() == [second]


def test_what_belongs_to_another_portal_is_not_found(
    portal_id: int, stranger: int, database: Database, settings: Settings
) -> None:
    id_ = make(database, settings, portal_id)
    with pytest.raises(EndpointNotFound):
        endpoints.endpoint(database, stranger, id_)
    with pytest.raises(EndpointNotFound):
        endpoints.rotate_secret(database, stranger, id_, actor=ACTOR)
    with pytest.raises(EndpointNotFound):
        endpoints.delete_endpoint(database, stranger, id_, actor=ACTOR)
    form = rules.read_form({"name": "x", "on": ["plan.ready"], "do": [{"type": "webhook", "endpoint": id_}]})
    with pytest.raises(BadRule, match="no endpoint"):
        rules.create_rule(database, stranger, form, ACTOR)
    made = rules.create_rule(database, portal_id, form, ACTOR)
    with pytest.raises(RuleNotFound):
        rules.switch_rule(database, stranger, made.id, False, ACTOR)
    with pytest.raises(DeliveryNotFound):
        deliveries.redeliver(database, stranger, "msg_1", ACTOR)


def test_a_switched_off_endpoint_drops_what_waits_and_can_have_it_replayed(
    portal_id: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    id_ = make(database, settings, portal_id)
    with database.begin() as session:
        session.add(
            Delivery(
                id="msg_1", portal_id=portal_id, endpoint_id=id_, kind="webhook", event="plan.ready",
                action={}, body="{}", subject="plan:1", next_at=clock.now(), created_at=clock.now(),
            )
        )  # fmt: skip
    endpoints.change_endpoint(database, settings, portal_id, id_, actor=ACTOR, enabled=False, clock=clock)
    (dropped,) = deliveries.page(database, portal_id)
    assert (dropped.state, dropped.reason) == ("dropped", "endpoint-disabled")
    endpoints.change_endpoint(database, settings, portal_id, id_, actor=ACTOR, enabled=True, clock=clock)
    assert (
        deliveries.replay(database, portal_id, id_, clock.now() - timedelta(days=1), ACTOR, clock=clock) == 1
    )
    assert [(one.id, one.state) for one in deliveries.page(database, portal_id)] == [("msg_1", "pending")]


def test_everything_that_people_do_is_in_the_audit_log(
    portal_id: int, database: Database, settings: Settings
) -> None:
    id_ = make(database, settings, portal_id)
    endpoints.rotate_secret(database, portal_id, id_, actor=ACTOR)
    form = rules.read_form({"name": "x", "on": ["switch.completed"], "do": [{"type": "dry_run"}]})
    made = rules.create_rule(database, portal_id, form, ACTOR)
    rules.switch_rule(database, portal_id, made.id, False, ACTOR)
    rules.delete_rule(database, portal_id, made.id, ACTOR)
    endpoints.delete_endpoint(database, portal_id, id_, actor=ACTOR)
    with database.read() as session:
        done = session.scalars(select(Audit.action).order_by(Audit.id)).all()
    assert done == [
        "endpoint.created", "endpoint.secret_rotated", "rule.created", "rule.changed", "rule.deleted", "endpoint.deleted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"name": "x", "on": ["no.such"], "do": [{"type": "trigger"}]}, "on.0"),
        ({"name": "x", "on": [], "do": [{"type": "trigger"}]}, "on"),
        ({"name": "x", "on": ["plan.ready"], "do": [{"type": "trigger"}]}, "rule"),
        ({"name": "x", "on": ["plan.ready"], "do": [{"type": "dry_run"}]}, "rule"),
        ({"name": "x", "on": ["plan.ready"], "do": [{"type": "shell"}]}, "do.0"),
        ({"name": "x", "on": ["plan.ready"], "when": {"counts": {"leads": {}}}, "do": [{"type": "trigger"}]}, "when.counts.leads"),
        ("text", "rule"),
        (None, "rule"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_with_the_place(document: object, where: str) -> None:
    with pytest.raises(BadRule) as refused:
        rules.read_form(document)
    assert refused.value.details["where"] == where


HOSTILE = [
    "http://hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://hooks.example/", "//hooks.example/", "hooks.example",
    "https://", "https:///path", "https://user@hooks.example/", "https://user:pw@hooks.example/", "https://hooks.example:22/",
    "https://hooks.example:99999/", "https://hooks.example\\@evil.example/", "https://hooks.example/ x", "https://hooks.example/\nHost: x",
    "javascript:alert(1)", "https://ćma.example/",
]  # fmt: skip
PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1", "2001::1",
    "fec0::1", "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_no_public_https_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        check(url, private=False, resolve=public)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_host_that_leads_into_a_private_network_is_refused(address: str) -> None:
    for found in ([address], ["93.184.215.14", address]):
        with pytest.raises(BadAddress):
            check("https://hooks.example/", private=False, resolve=lambda _host, _port, found=found: found)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
    ],
)
def test_other_spellings_of_this_machine_are_refused_by_the_real_resolver(host: str) -> None:
    with pytest.raises(BadAddress):
        check(f"https://{host}/", private=False)


def test_an_installation_of_ones_own_may_reach_its_network_but_never_link_local_addresses() -> None:
    assert check("http://127.0.0.1:5000/x", private=True)
    for address in ("169.254.169.254", "fe80::1", "0.0.0.0"):
        with pytest.raises(BadAddress):
            check(
                "http://inside.example/",
                private=True,
                resolve=lambda _host, _port, address=address: [address],
            )
