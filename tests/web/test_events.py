"""Events as they come over HTTP: late, doubled, out of order, forged, too large, unreadable. Each is kept once or refused and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from connector.store.models import InboundEvent
from tests.web.conftest import Stage
from webhooks.intake import Intake, refusals

FORM = "application/x-www-form-urlencoded"


class Room:
    """An installed app, and what the portal knows: the token that its events carry."""

    def __init__(self, stage: Stage) -> None:
        stage.install()
        self.stage = stage
        self.client = stage.app.test_client()
        world = stage.server.world
        app = world.apps[stage.server.ready["client_id"]]
        self.member, self.token = world.member_id, app.application_token
        self.now = int(stage.clock.now().timestamp())

    def event(self, number: int = 1, **changed: str) -> dict[str, str]:
        """A new lead."""
        return {
            "event": "ONCRMLEADADD",
            "event_handler_id": "5",
            "data[FIELDS][ID]": str(number),
            "ts": str(self.now + number),
            "auth[domain]": "one.example",
            "auth[member_id]": self.member,
            "auth[application_token]": self.token,
            **changed,
        }

    def post(self, data: Any, content_type: str = FORM) -> int:
        """Its status; whatever it is, nothing else is told."""
        body = urlencode(data) if isinstance(data, dict) else data
        answer = self.client.post("/events", data=body, content_type=content_type)
        assert answer.data == b""
        return answer.status_code

    def kept(self) -> list[InboundEvent]:
        """Lead events, as they were stored."""
        with self.stage.db.read() as session:
            query = select(InboundEvent).where(InboundEvent.event == "ONCRMLEADADD").order_by(InboundEvent.id)
            rows = list(session.scalars(query))
            session.expunge_all()
        return rows

    def refused(self) -> dict[str, int]:
        """Posts that were counted, by reason; those that named this portal and those that named none."""
        intake: Intake = self.stage.app.extensions["leadswitch"].intake
        intake.flush()
        with self.stage.db.read() as session:
            (portal_id,) = session.scalars(select(InboundEvent.portal_id).distinct()).all() or (0,)
        counts = refusals(self.stage.db, portal_id, since="2000-01-01")
        return {**refusals(self.stage.db, 0, since="2000-01-01"), **counts}


@pytest.fixture
def room(stage: Callable[..., Stage]) -> Room:
    return Room(stage(leads=1))


def test_an_event_that_is_days_late_is_kept_with_its_age(room: Room) -> None:
    late = room.now - 9 * 86_400
    assert room.post(room.event(ts=str(late))) == 200
    (row,) = room.kept()
    assert row.sent_at is not None
    assert row.received_at - row.sent_at >= timedelta(days=9)


def test_doubled_and_reordered_events_are_each_kept_once(room: Room) -> None:
    order = [3, 1, 2, 3, 1, 2, 2]
    assert {room.post(room.event(number)) for number in order} == {200}
    assert sorted(row.payload["data"]["FIELDS"]["ID"] for row in room.kept() if row.payload) == [
        "1",
        "2",
        "3",
    ]
    assert room.refused() == {}


def test_a_replay_after_it_was_handled_does_nothing_again(room: Room) -> None:
    event = room.event()
    room.post(event)
    with room.stage.db.begin() as session:
        row = session.scalars(select(InboundEvent).where(InboundEvent.event == "ONCRMLEADADD")).one()
        row.state, row.payload = "handled", None
    assert room.post(event) == 200
    (row,) = room.kept()
    assert (row.state, row.payload) == ("handled", None)


@pytest.mark.parametrize(
    "changed",
    [
        {"auth[application_token]": "0" * 32},
        {"auth[application_token]": ""},
        {"auth[application_token]": "token", "auth[domain]": "evil.example"},
    ],
    ids=["other", "none", "and another domain"],
)
def test_a_forged_event_is_refused_and_counted(room: Room, changed: dict[str, str]) -> None:
    room.post(room.event(7))
    assert room.post(room.event(8, **changed)) == 403
    assert [row.payload["data"]["FIELDS"]["ID"] for row in room.kept() if row.payload] == ["7"]
    assert room.refused() == {"wrong-token": 1}


def test_an_event_of_a_portal_that_nobody_knows_is_refused_and_counted(room: Room) -> None:
    assert room.post(room.event(**{"auth[member_id]": "somebody"})) == 403
    assert room.kept() == []
    assert room.refused() == {"unknown-portal": 1}


@pytest.mark.parametrize(
    ("data", "content_type", "status", "reason"),
    [
        ("a=" + "x" * 3_000_000, FORM, 413, "too-large"),
        ("&".join(f"f{number}=1" for number in range(5000)), FORM, 400, "not-an-event"),
        ('{"event": "ONCRMLEADADD"}', "application/json", 400, "not-a-form"),
        ("<event/>", "text/xml", 400, "not-a-form"),
        ("", "", 400, "not-a-form"),
        ("", FORM, 400, "not-an-event"),
        ("event=%00", FORM, 400, "not-an-event"),
        (b"event=\xff\xfe&ts=%E0%A4%A", FORM, 400, "not-an-event"),
        (b"\x00\x01\x02", "multipart/form-data; boundary=x", 400, "not-an-event"),
        ("event" + "[a]" * 50 + "=1", FORM, 400, "not-an-event"),
    ],
    ids=["large", "fields", "json", "xml", "nothing", "empty", "nul", "encoding", "multipart", "deep"],
)
def test_what_is_no_event_is_refused_and_counted(
    room: Room, data: Any, content_type: str, status: int, reason: str
) -> None:
    got = room.post(data, content_type)
    assert 400 <= got < 500
    assert room.kept() == []
    assert (got, room.refused()) == (status, {reason: 1})
