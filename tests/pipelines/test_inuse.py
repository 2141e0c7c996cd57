"""What a live run needs stays; all else may be changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector import errors, pipelines
from connector.pipelines import stages
from connector.pipelines.inuse import Hold, hold
from connector.store.models import Journal, JournalState, Plan, Run
from tests.pipelines.conftest import Scene

Start = Callable[..., Scene]


def a_run(
    here: Scene,
    options: dict[str, Any],
    *,
    phase: str = "leads",
    state: str = "running",
    made: int | None = None,
) -> None:
    now = here.clock.now()
    common: dict[str, Any] = {"portal_id": here.ref.id, "created_at": now, "created_by": {}}
    with here.db.begin() as session:
        session.add(Plan(id="plan", direction="simple", options=options, state="ready", **common))
        session.flush()
        session.add(
            Run(id="0123456789abcdef", plan_id="plan", kind="apply", state=state, phase=phase, **common)
        )
        session.flush()
        if made is not None:
            line = Journal(
                run_id="0123456789abcdef",
                lead_id=0,
                key="pipeline",
                attempt=1,
                seq=1,
                method="crm.category.add",
                params={},
                state=JournalState.DONE,
                result={"id": made},
                at=now,
            )
            session.add(line)


def test_nothing_goes_from_a_pipeline_that_a_run_uses(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "In use")
    stages.add(here.desk(), made.id, "Extra")
    a_run(here, {"to": "simple", "pipeline": made.id}, state="waiting")
    assert hold(here.db, here.ref.id) == Hold("0123456789abcdef", made.id)
    for attempt in (lambda d: pipelines.delete(d, made.id), lambda d: stages.delete(d, made.id, "Extra")):
        with pytest.raises(errors.RunHolds) as refused:
            attempt(here.desk())
        assert "01234567" in refused.value.user_message() and "In use" in refused.value.user_message()
    # What a run does not depend on stays possible: it knows pipelines and stages by their ids.
    assert pipelines.rename(here.desk(), made.id, "Other name").name == "Other name"
    assert stages.recolour(here.desk(), made.id, "Extra", "#000000")
    other = pipelines.create(here.desk(), "Not in use")
    pipelines.delete(here.desk(), other.id)


@pytest.mark.parametrize(("phase", "made"), [("", None), ("setup", None), ("setup", 5), ("leads", None)])
def test_while_a_run_makes_its_pipeline_nothing_is_changed(
    scene: Start, phase: str, made: int | None
) -> None:
    here = scene()
    a_run(here, {"to": "simple", "pipeline": "new"}, phase=phase, made=made)
    for attempt in (
        lambda d: pipelines.create(d, "Leads"),
        lambda d: pipelines.rename(d, 0, "Leads"),
        lambda d: stages.add(d, 0, "x"),
    ):
        with pytest.raises(errors.RunMakes):
            attempt(here.desk())


def test_the_pipeline_that_a_run_made_is_held(scene: Start) -> None:
    here = scene()
    made = pipelines.create(here.desk(), "Leads")
    a_run(here, {"to": "simple", "pipeline": "new"}, made=made.id)
    with pytest.raises(errors.RunHolds):
        pipelines.delete(here.desk(), made.id)
    pipelines.create(here.desk(), "Another")


@pytest.mark.parametrize(
    ("options", "state"), [({"to": "classic"}, "running"), ({"to": "simple", "pipeline": 0}, "done")]
)
def test_other_runs_hold_nothing(scene: Start, options: dict[str, Any], state: str) -> None:
    here = scene()
    a_run(here, options, state=state)
    assert hold(here.db, here.ref.id) is None
