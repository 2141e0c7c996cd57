"""What went wrong while nobody looked is told in the language of whoever looks later."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from connector.i18n import speaking
from connector.planning.options import Options
from connector.plans import service
from connector.plans.queries import recent
from connector.portals.refs import portal_ref
from connector.store.models import Plan, Portal, Run
from tests.web.conftest import Stage
from tests.web.test_wizard import planned

REFUSED = {"kind": "error", "status": 401, "code": "NO_AUTH_FOUND", "nth": tuple(range(1, 99))}


@pytest.fixture(autouse=True)
def _leave_no_polish_behind() -> Iterator[None]:
    with speaking("en"):
        yield


def looked_at_in_polish(here: Stage, path: str) -> str:
    person = here.open(here.admin, "pl")
    return person.post(path, {"session": person.token}).page.text


def failed_plan(
    here: Stage, why: BaseException | None, monkeypatch: pytest.MonkeyPatch, **options: object
) -> str:
    here.install()
    with here.db.read() as session:
        ref = portal_ref(here.db, session.query(Portal).one().id)
    plan_id = service.create(here.db, ref, Options.model_validate(options), {"name": "", "via": "web"})
    if why is not None:

        def broken(*_args: object, **_options: object) -> None:
            raise why

        monkeypatch.setattr(service, "read_facts", broken)
    here.worker.enqueue("plan", plan_id, ref.key)
    try:
        here.worker.work()
    except RuntimeError:
        assert isinstance(why, RuntimeError)
    assert recent(here.db, ref.id)[0].state == "failed"
    return plan_id


def test_options_that_fit_no_more_are_told_in_polish(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage()
    text = looked_at_in_polish(here, f"/app/plans/{failed_plan(here, None, monkeypatch, pipeline=999)}")
    assert "Te opcje nie pasują do portalu" in text
    assert "999" in text
    assert "Popraw opcje" in text
    assert "pipeline" not in text


def test_the_unforeseen_is_a_sentence_in_polish(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage()
    plan_id = failed_plan(here, RuntimeError("/secret/place"), monkeypatch)
    text = looked_at_in_polish(here, f"/app/plans/{plan_id}")
    assert "Stało się coś nieprzewidzianego (RuntimeError)" in text
    assert "/secret/place" not in text


def test_plain_text_of_an_older_version_is_shown(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage()
    plan_id = failed_plan(here, None, monkeypatch, pipeline=999)
    with here.db.begin() as session:
        session.get_one(Plan, plan_id).error = "Stored in English."
    assert "Stored in English." in looked_at_in_polish(here, f"/app/plans/{plan_id}")


def test_a_run_that_waits_for_the_portal_says_why_in_polish(stage: Callable[..., Stage]) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    person.press("to-confirm").press("start-run", agreed="yes")
    here.server.rest.dispatcher.faults.add(method="batch", **REFUSED)
    here.worker.work()
    with here.db.read() as session:
        run = session.query(Run).one()
    assert run.waiting_for is not None
    assert run.waiting_for["what"] == "portal"
    assert "does not know our token" in run.waiting_for["text"]
    text = looked_at_in_polish(here, f"/app/runs/{run.id}")
    assert "nie zna naszego tokenu" in text
    assert "does not" not in text


def test_a_full_database_and_a_plan_of_long_ago_get_a_page_that_says_so(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage(leads=5)
    person = here.install()
    planned(here, person)
    person.press("to-confirm")
    confirm = person.page

    def full(*_args: object, **_options: object) -> None:
        raise OperationalError("INSERT INTO run", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr("connector.switching.service.start", full)
        person.press("start-run", agreed="yes")
    assert person.status == 503
    assert "is full" in person.page.text
    assert "INSERT" not in person.page.text
    with here.db.begin() as session:
        (plan,) = session.scalars(select(Plan))
        plan.facts = {**plan.facts, "head": {**plan.facts["head"], "created": "2026-10-01T08:00:00+00:00"}}
    person.page = confirm
    person.press("start-run", agreed="yes")
    assert person.status == 409
    assert "days old" in person.page.text
    assert here.worker.asked == []
