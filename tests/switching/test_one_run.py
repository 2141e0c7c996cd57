"""Only one run of a portal lives at a time, however often that portal is connected."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest

from connector.errors import AlreadyRunning
from connector.store.database import Database
from connector.store.models import Plan, Portal
from connector.switching import service, starting

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ACTOR = {"user_id": 1, "name": "Test", "via": "cli"}


@pytest.fixture
def twice(any_database: Database) -> Database:
    """One portal, connected by the installed app and by a webhook, with a plan for each."""
    with any_database.begin() as session:
        for id_, key, kind in ((1, "member", "oauth"), (2, "portal.example", "webhook")):
            session.add(
                Portal(id=id_, key=key, host="portal.example", kind=kind, created_at=NOW, updated_at=NOW)
            )
            session.flush()
            session.add(
                Plan(
                    id=f"plan{id_}",
                    portal_id=id_,
                    direction="simple",
                    options={},
                    state="ready",
                    facts={},
                    created_at=NOW,
                    created_by=ACTOR,
                )
            )
    return any_database


def test_run_of_the_webhook_keeps_the_app_from_starting_another(twice: Database) -> None:
    run_id = service.start(twice, "plan2", ACTOR)
    with pytest.raises(AlreadyRunning) as caught:
        service.start(twice, "plan1", ACTOR)
    assert run_id in str(caught.value)
    service.cancel(twice, run_id, ACTOR)
    assert service.start(twice, "plan1", ACTOR)


def test_run_goes_on_holding_a_portal_that_has_moved(twice: Database) -> None:
    service.start(twice, "plan1", ACTOR)
    with twice.begin() as session:
        for id_ in (1, 2):
            session.get_one(Portal, id_).host = "new.example"
    with pytest.raises(AlreadyRunning):
        service.start(twice, "plan2", ACTOR)


def test_of_two_starts_at_the_same_moment_one_wins(twice: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Barrier(2)
    check: Callable[..., None] = starting.no_other_run

    def checked(*arguments: object) -> None:
        check(*arguments)
        if not twice.is_sqlite:
            both.wait(10)

    monkeypatch.setattr(starting, "no_other_run", checked)

    def start(plan: str) -> str:
        try:
            service.start(twice, plan, ACTOR)
        except AlreadyRunning:
            return "refused"
        return "started"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(start, ("plan1", "plan2"))) == ["refused", "started"]
