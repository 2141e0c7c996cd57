"""Who changes the mode in the end, and what may stay behind, depends on whether the portal's mode can be set over REST."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.planning.checks import check_options
from connector.planning.model import CrmMode, PlanHead, Severity
from connector.planning.options import Options
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from tests.planning.portal import facts


def head(*, setter: bool, **options: object) -> PlanHead:
    portal = replace(facts(), mode_setter=setter, active_total=7)
    return make_head(portal, Options.model_validate(options), Tally(), "2026-01-01T00:00:00+00:00")


def codes(plan: PlanHead) -> set[str]:
    return {item.code for item in plan.findings}


@pytest.mark.parametrize("to", list(CrmMode))
def test_the_plan_says_who_changes_the_mode(to: CrmMode) -> None:
    both = {"flip-guided", "flip-by-setter"}
    assert codes(head(setter=False, to=to)) & both == {"flip-guided"}
    assert codes(head(setter=True, to=to)) & both == {"flip-by-setter"}


def test_leads_may_stay_behind_only_where_the_mode_can_be_set() -> None:
    chosen = Options.model_validate({"leftovers": "leave"})
    (refused,) = check_options(chosen, facts())
    assert (refused.code, refused.severity) == ("leave-needs-setter", Severity.ERROR)
    assert check_options(chosen, replace(facts(), mode_setter=True)) == ()


def test_leads_that_stay_are_not_said_to_be_converted_by_bitrix24() -> None:
    some = {"leads": {"ids": [1]}}
    told = {"leads-left-out", "leads-left-behind"}
    assert codes(head(setter=True, leftovers="leave", **some)) & told == {"leads-left-behind"}
    assert codes(head(setter=True, **some)) & told == {"leads-left-out"}
