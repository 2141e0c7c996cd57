"""Each change is delivered at least once, with the same `webhook-id`, and none is invented, whatever receivers and processes do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from connector.clock import FakeClock, SystemClock
from connector.occurrences import Kind, Switch, occurred
from connector.portals.modes import note_reading
from connector.settings import Settings
from connector.store.database import Database
from connector.store.keyfile import new_key
from connector.store.models import Audit, Delivery, Endpoint, Occurrence
from tests.portals.conftest import add_portal
from tests.webhooks.conftest import ACTOR, Receiver, receiving
from webhooks.actions.tools import Tools
from webhooks.outbound import deliveries, endpoints, queue
from webhooks.outbound.schedule import GIVE_UP, PAUSES, next_try, wish_of
from webhooks.outbound.sender import Sender
from webhooks.rules import service as rules
from webhooks.rules.dispatch import dispatch
from webhooks.worker import perform

HOUR = 3600.0


class Room:
    """One portal with one rule and one endpoint, and whoever works on its deliveries."""

    def __init__(self, db: Database, url: str, clock: FakeClock, **endpoint: Any) -> None:
        self.db, self.clock = db, clock
        self.settings = Settings.load(
            client_id="app.1", client_secret="tops3cret", webhook_private_networks=True
        )
        self.portal_id = add_portal(db, clock.now())
        sender = Sender(private=True, clock=clock)
        self.tools = Tools(db, self.settings, clock, sender, _no_portal, random.Random(1))
        self.endpoint, self.secret = self.add(url, **endpoint)
        self.read("classic")

    def add(self, url: str, on: tuple[str, ...] = ("crm.mode.changed",), **endpoint: Any) -> tuple[str, str]:
        view, secret = endpoints.create_endpoint(
            self.db, self.settings, self.portal_id, url=url, actor=ACTOR, clock=self.clock, **endpoint
        )
        form = rules.read_form(
            {"name": "r", "on": list(on), "do": [{"type": "webhook", "endpoint": view.id}]}
        )
        rules.create_rule(self.db, self.portal_id, form, ACTOR, clock=self.clock)
        return view.id, secret

    def read(self, mode: Any) -> None:
        """The mode is read; a change occurs in the same transaction."""
        with self.db.begin() as session:
            note_reading(session, self.portal_id, mode, at=self.clock.now(), source="watch")
        self.clock.advance(1)

    def work(self, holder: str = "a") -> int:
        """One round: everything that is due, once."""
        dispatch(self.db, clock=self.clock)
        found = queue.claim(self.db, holder, self.clock.now())
        for row in found:
            perform(self.tools, row, holder)
        return len(found)

    def work_for(self, seconds: float, step: float = 60.0) -> None:
        """Rounds while time passes."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            while self.work():
                pass
            self.clock.advance(step)

    def all(self) -> list[deliveries.DeliveryView]:
        return list(reversed(deliveries.page(self.db, self.portal_id, kind="webhook")))


def _no_portal(_portal_id: int) -> Any:
    raise AssertionError("no portal is asked here")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def room(database: Database, receiver: Receiver, clock: FakeClock) -> Room:
    return Room(database, receiver.url, clock)


def signed(room: Room, receiver: Receiver) -> bool:
    """Whether the reference library would have signed all of them like that, at the time that they name."""

    def ours(post: Any) -> str:
        moment = datetime.fromtimestamp(int(post.headers["webhook-timestamp"]), UTC)
        return Webhook(room.secret).sign(post.id, moment, post.body.decode())

    return all(ours(post) in post.headers["webhook-signature"].split() for post in receiver.posts)


def test_a_receiver_that_is_down_for_two_days_gets_everything_once_it_is_back(
    room: Room, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.status = 500
    room.read("simple")
    room.read("classic")
    room.work_for(47 * HOUR, step=300)
    assert {post.id for post in receiver.posts} == {room.all()[0].id}
    receiver.status, down = 200, len(receiver.posts)
    assert 4 <= down <= 9
    room.work_for(26 * HOUR, step=300)
    assert [one.state for one in room.all()] == ["done", "done"]
    got = receiver.posts[down:]
    assert [(post.id, post.json["data"]["to"]) for post in got] == [
        (room.all()[0].id, "simple"), (room.all()[1].id, "classic"),
    ]  # fmt: skip
    assert signed(room, receiver)
    assert len({post.body for post in receiver.posts}) == 2
    assert endpoints.endpoint(room.db, room.portal_id, room.endpoint).failing_since is None


def test_an_endpoint_that_fails_for_days_is_switched_off_and_its_owner_told(
    room: Room, receiver: Receiver
) -> None:
    receiver.status = 503
    room.read("simple")
    room.work_for(GIVE_UP.total_seconds() + 25 * HOUR, step=600)
    view = endpoints.endpoint(room.db, room.portal_id, room.endpoint)
    assert (view.state, view.reason) == ("disabled", "failing")
    (told,) = [one for one in deliveries.page(room.db, room.portal_id) if one.event == "endpoint.disabled"]
    assert (told.kind, told.action["users"]) == ("notify", [1])
    with room.db.read() as session:
        assert "endpoint.disabled" in session.scalars(select(Audit.action)).all()
    room.read("classic")
    room.work()
    assert [one.state for one in room.all()][-1] == "dropped"
    receiver.status = 200
    endpoints.change_endpoint(
        room.db, room.settings, room.portal_id, room.endpoint, actor=ACTOR, enabled=True
    )
    before = len(receiver.posts)
    assert (
        deliveries.replay(
            room.db,
            room.portal_id,
            room.endpoint,
            room.clock.now() - timedelta(days=9),
            ACTOR,
            clock=room.clock,
        )
        == 2
    )
    while room.work():
        pass
    assert [post.json["data"]["to"] for post in receiver.posts[before:]] == ["simple", "classic"]


def test_gone_means_gone(room: Room, receiver: Receiver) -> None:
    receiver.status = 410
    room.read("simple")
    room.work()
    view = endpoints.endpoint(room.db, room.portal_id, room.endpoint)
    assert (view.state, view.reason) == ("disabled", "gone")
    assert [(one.state, one.reason) for one in room.all()] == [("failed", "gone")]
    room.work_for(HOUR)
    assert len(receiver.posts) == 1


def test_retry_after_is_honoured(room: Room, receiver: Receiver, clock: FakeClock) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "3600"}
    room.read("simple")
    room.work_for(3500, step=50)
    assert len(receiver.posts) == 1
    receiver.status = 200
    room.work_for(300, step=50)
    assert [one.state for one in room.all()] == ["done"]


def test_the_schedule_is_that_of_the_specification(clock: FakeClock) -> None:
    now = clock.now()
    waits = [next_try(attempt, now, random.Random(attempt)) for attempt in range(1, 11)]
    assert waits[-1] is None
    for pause, wait in zip(PAUSES, waits, strict=False):
        assert wait is not None
        assert pause <= (wait - now).total_seconds() <= pause * 1.2
    assert 3 * 24 < sum(PAUSES) / HOUR < 3.3 * 24


@pytest.mark.parametrize(
    ("header", "wish"),
    [(None, None), ("", None), ("120", 120), (" 5 ", 5), ("-1", None), ("soon", None), ("9" * 30, None),
     ("Mon, 23 Nov 2026 10:00:00 GMT", 3600), ("Mon, 23 Nov 2020 10:00:00 GMT", 0), ("١٢", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_a_date(
    header: str | None, wish: float | None, clock: FakeClock
) -> None:
    assert wish_of(header, clock.now()) == wish


def test_a_redirect_is_a_failure_and_is_not_followed(room: Room, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        room.read("simple")
        room.work()
        assert elsewhere.posts == []
    (one,) = room.all()
    assert (one.state, one.reason) == ("pending", "redirected")


def test_a_receiver_that_is_not_there_is_tried_again(database: Database, clock: FakeClock) -> None:
    room = Room(database, "http://127.0.0.1:9/hook", clock)
    room.read("simple")
    room.work()
    (one,) = room.all()
    detail = deliveries.delivery(room.db, room.portal_id, one.id)
    assert (one.state, one.reason) == ("pending", "failed")
    assert "127.0.0.1" not in detail.attempts[0].answer


def test_another_subject_does_not_wait_for_one_that_fails(
    room: Room, receiver: Receiver, clock: FakeClock
) -> None:
    receiver.status = 500
    room.read("simple")
    room.work()
    with room.db.begin() as session:
        row = session.scalars(select(Delivery)).one()
        session.add(
            Delivery(
                id="msg_other", portal_id=room.portal_id, endpoint_id=room.endpoint, kind="webhook", event="plan.ready", action={},
                body='{"type":"plan.ready"}', subject="plan:1", position=row.position + 1, next_at=clock.now(), created_at=clock.now(),
            )
        )  # fmt: skip
    receiver.status = 200
    room.work()
    assert [post.id for post in receiver.posts][-1] == "msg_other"


def test_a_delivery_that_its_process_left_is_taken_up_by_another_with_the_same_id(
    room: Room, receiver: Receiver, clock: FakeClock
) -> None:
    room.read("simple")
    dispatch(room.db, clock=clock)
    (row,) = queue.claim(room.db, "dead", clock.now())
    room.tools.sender.post(receiver.url, row.body or "", {"webhook-id": row.id})
    assert room.work("b") == 0
    clock.advance(queue.LEASE.total_seconds() + 1)
    assert room.work("b") == 1
    assert [post.id for post in receiver.posts] == [row.id, row.id]
    # The first one comes back to life: its word does not count any more.
    queue.settle(
        room.db, row.id, queue.Tried(False, "failed"), holder="dead", now=clock.now(), rng=random.Random()
    )
    assert [one.state for one in room.all()] == ["done"]


def test_a_receiver_that_keeps_us_waiting_does_not_hold_up_the_others(room: Room, clock: FakeClock) -> None:
    with receiving() as slow, receiving() as quick:
        room.add(slow.url)
        room.add(quick.url)
        slow.delay = 1.0
        room.read("simple")
        dispatch(room.db, clock=clock)
        found = queue.claim(room.db, "a", clock.now())
        assert len(found) == 3
        # Nobody else sends to these meanwhile.
        assert queue.claim(room.db, "b", clock.now()) == []


def test_personal_data_goes_only_to_who_asked_for_it(
    database: Database, receiver: Receiver, clock: FakeClock
) -> None:
    room = Room(database, receiver.url, clock)
    with receiving() as curious:
        room.add(curious.url, on=("switch.started",), personal_data=True)
        room.add(receiver.url, on=("switch.started",))
        data = Switch(
            run="r",
            plan="p",
            kind="apply",
            to="simple",
            phase="",
            leads=1,
            done=0,
            skipped=0,
            failed=0,
            kept=0,
        )
        with room.db.begin() as session:
            occurred(session, room.portal_id, Kind.SWITCH_STARTED, data, at=clock.now(), subject="run:r",
                     people={"who": {"user_id": 7, "name": "Ada Example"}})  # fmt: skip
        while room.work():
            pass
        assert curious.taken[0]["people"]["who"]["name"] == "Ada Example"
        assert not any("Ada" in post.body.decode() for post in receiver.posts)


KILLED = """
    import os, random, sys, signal
    from connector.clock import SystemClock
    from connector.portals.modes import note_reading
    from connector.settings import Settings
    from connector.store.database import Database
    from webhooks.outbound import queue
    from webhooks.rules.dispatch import dispatch

    url, key, portal, stage = sys.argv[1:]
    db, clock = Database(url, [key]), SystemClock()
    with db.begin() as session:
        note_reading(session, int(portal), "simple", at=clock.now(), source="watch")
        if stage == "before":
            session.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    if stage == "change":
        os.kill(os.getpid(), signal.SIGKILL)
    dispatch(db, clock=clock)
    if stage == "dispatch":
        os.kill(os.getpid(), signal.SIGKILL)
    queue.claim(db, "dead", clock.now())
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("stage", "told"), [("before", 0), ("change", 1), ("dispatch", 1), ("claim", 1)])
def test_a_process_killed_between_change_and_delivery_loses_and_invents_nothing(
    stage: str, told: int, receiver: Receiver, tmp_path: Path
) -> None:
    key, url = new_key(), f"sqlite:///{tmp_path / 'x.db'}"
    db = Database(url, [key])
    db.migrate()
    clock = FakeClock(SystemClock().now())
    room = Room(db, receiver.url, clock)
    script = [sys.executable, "-c", textwrap.dedent(KILLED), url, key, str(room.portal_id), stage]
    died = subprocess.run(script, cwd=Path(__file__).parents[2], env={**os.environ}, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    clock.advance(queue.LEASE.total_seconds() + 60)
    for _ in range(3):
        room.work("next")
    assert len(receiver.posts) == told
    with db.read() as session:
        assert len(session.scalars(select(Occurrence)).all()) == told
        assert session.get_one(Endpoint, room.endpoint).state == "active"
    db.close()
