"""Two people press the same button at the same moment: both land on the one run that came of it."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.switching import queries, service
from tests.web.conftest import Stage
from tests.web.test_native import planned as planned_native
from tests.web.test_wizard import SIMPLE, converted, planned


@pytest.fixture
def blink(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """`blink(module, name)`: the next look finds nothing, as a look does that comes just before the other person's click."""

    def blink(module: Any, name: str) -> None:
        real = getattr(module, name)
        looks = []

        def look(*args: Any, **kwargs: Any) -> Any:
            looks.append(1)
            return None if len(looks) == 1 else real(*args, **kwargs)

        monkeypatch.setattr(module, name, look)

    return blink


def test_two_starts_at_once_lead_to_one_run(
    stage: Callable[..., Stage], blink: Callable[[Any, str], None]
) -> None:
    here = stage()
    person = here.install()
    planned(here, person)
    person.press("to-confirm")
    confirm = person.page
    person.press("start-run", agreed="yes")
    run = person.sent[-1]
    person.page = confirm
    blink(service, "run_of_plan")
    person.press("start-run", agreed="yes")
    assert person.status == 200
    assert person.sent[-1] == run
    assert len(here.worker.asked) == 1


def test_two_watches_at_once_are_one(stage: Callable[..., Stage], blink: Callable[[Any, str], None]) -> None:
    here = stage(leads=10)
    person = here.install()
    planned_native(here, person)
    person.press("to-confirm").press("to-native")
    before = person.page
    person.press("start-watch")
    first = person.sent[-1]
    person.page = before
    blink(queries, "live")
    person.press("start-watch")
    assert person.status == 200
    assert person.sent[-1] == first


def test_two_undos_at_once_are_one(stage: Callable[..., Stage], blink: Callable[[Any, str], None]) -> None:
    here = stage(leads=10)
    person = here.install()
    planned(here, person)
    converted(here, person)
    here.server.world.settings.mode = SIMPLE
    person.press("flip-check")
    here.worker.work()
    person.post(person.sent[-1], {"session": person.token}).press("to-undo")
    before = person.page
    person.press("start-undo")
    first = person.sent[-1]
    person.page = before
    blink(queries, "live")
    person.press("start-undo")
    assert person.status == 200
    assert person.sent[-1] == first
