"""The program that converts one lead as planned, and takes it back if the portal will not close it. Asks and decides; sends nothing.

Order: is the lead still what the plan saw → clients → deal → products, address, bindings → unbinding, comments → look once more, move
what came meanwhile → close by stage → link clients → read back. Everything that a step needs is a literal id from an earlier answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.planning.activities import is_task
from connector.planning.model import Action, Do
from connector.reading.activities import activity_of
from connector.switching import looks, steps
from connector.switching.calls import LEAD, Answer, Call, History, Look, Mark, Part, Program, Row, Verdict
from connector.switching.fresh import changed_fields
from connector.switching.parts import Problem, Unresolved, ask, problem_of, together
from connector.switching.probes import text_of
from connector.switching.readback import deviations, remember
from connector.switching.reverse import delete_clients, restore_clients, take_back
from connector.switching.steps import CLOSING, STEPS, Hand

LATE_ROUNDS = 5
"""How often activities may keep arriving while a lead is being closed before it is left for a quieter moment."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What of the plan's options matters here. `keep_open`: open activities move to the deal; `shared`: clients that other leads use."""

    keep_open: bool = True
    shared: frozenset[str] = frozenset()


def convert(hand: Hand, policy: Policy, *, touched: bool) -> Program:
    """Convert one lead. `touched` is True when the journal knows writes for it already: a continuation after a stop.

    Ends as done, skipped (nothing was written) or failed (what was written has been taken back, or is named in the detail).
    """
    stale = yield from _stale(hand, strict=not touched)
    if stale and not touched:
        return Verdict("skipped", stale.code, {"problem": stale.as_detail()})
    problem, left = stale, list[Problem]()
    if not problem:
        problem, left = yield from _work(hand, policy)
    if problem:
        return (yield from _give_back(hand, policy, problem))
    seen = yield from _read_back(hand)
    wrong = deviations(hand, seen)
    detail: Row = {"made": remember(hand, seen)}
    if left:
        detail["left"] = [item.as_detail() for item in left]
    if wrong:
        detail["deviations"] = wrong
    reason = "deviates" if wrong else "partly" if left else ""
    return Verdict("done", reason, detail, **_ids(hand))


def _ids(hand: Hand) -> dict[str, int | None]:
    return {f"{entity}_id": hand.ids.get(entity) for entity in ("deal", "contact", "company")}


def _stale(hand: Hand, *, strict: bool) -> Part[Problem | None]:
    lead, rows = yield [Look("lead", hand.lead_id), Look("lead-rows", hand.lead_id)]
    return _staleness(hand, lead, rows, strict=strict)


def _staleness(hand: Hand, lead: Answer, rows: Answer, *, strict: bool) -> Problem | None:
    for answer in (lead, rows):
        if not answer.ok:
            return problem_of("look", answer)
    if lead.value is None:
        return Problem("look", "gone", "id")
    changed = changed_fields(hand.plan.snapshot, lead.value, rows.value, strict=strict)
    return Problem("look", "stale", ", ".join(changed)) if changed else None


def _work(hand: Hand, policy: Policy) -> Part[tuple[Problem | None, list[Problem]]]:
    """All levels in order. Returns the problem that stops the lead, and those that do not."""
    left: list[Problem] = []
    for level, actions in steps.levels(hand.plan.managed):
        if level == CLOSING:
            problem = yield from _settle_activities(hand, policy)
            if problem:
                return problem, left
        try:
            results = yield from together([STEPS[action.do].part(action, hand) for action in actions])
        except Unresolved as missing:
            return Problem(str(missing), "plan-not-sound", str(missing)), left
        for action, problem in zip(actions, results, strict=True):
            if problem is None:
                continue
            if STEPS[action.do].vital or problem.denied:
                return problem, left
            left.append(problem)
    return None, left


def _settle_activities(hand: Hand, policy: Policy) -> Part[Problem | None]:
    """Last look before the lead is closed: nothing else may have changed, and activities that the plan did not see go where it sends
    the others.
    """
    handled = {int(a.params["activity"]) for a in hand.plan.managed if a.do is Do.BIND_ACTIVITY}
    left = {activity.id for activity in hand.plan.snapshot.activities} - handled
    for _ in range(LATE_ROUNDS):
        calls: list[Call] = [
            Look("lead", hand.lead_id),
            Look("lead-rows", hand.lead_id),
            looks.activities_of(LEAD, hand.lead_id),
        ]
        lead, rows, found = yield calls
        stale = _staleness(hand, lead, rows, strict=False)
        if stale:
            return stale
        if not found.ok:
            return problem_of("activities", found)
        late = [row for row in found.value if _needs_moving(row, handled, left, policy)]
        if not late:
            return None
        problems = yield from together([_late(row, hand, policy) for row in late])
        handled |= {int(row["ID"]) for row in late}
        problem = next((problem for problem in problems if problem), None)
        if problem:
            return problem
    return Problem("activities", "too-busy", "")


def _needs_moving(row: Mapping[str, Any], handled: set[int], left: set[int], policy: Policy) -> bool:
    id_ = int(row["ID"])
    if id_ in left or is_task(activity_of(row)):
        return False
    # An open one that is still on the lead would be completed by closing it, whoever put it there (native_switch.md 2.8).
    return id_ not in handled or (policy.keep_open and not _is_completed(row))


def _is_completed(row: Mapping[str, Any]) -> bool:
    return text_of(row.get("COMPLETED")) == "Y"


def _late(row: Row, hand: Hand, policy: Policy) -> Part[Problem | None]:
    """One activity that came after the plan: to the deal, and an open one then off the lead or completed."""
    id_ = int(row["ID"])
    binding = Action(f"bind:{id_}", Do.BIND_ACTIVITY, {"activity": id_})
    problem = yield from STEPS[binding.do].part(binding, hand)
    if problem or _is_completed(row):
        return problem
    do = Do.UNBIND_ACTIVITY if policy.keep_open else Do.COMPLETE_ACTIVITY
    last = Action(f"{'unbind' if policy.keep_open else 'complete'}:{id_}", do, {"activity": id_})
    return (yield from STEPS[do].part(last, hand))


def _give_back(hand: Hand, policy: Policy, problem: Problem) -> Program:
    """A lead that cannot be converted goes back to where it was; the decision is stored before anything is taken back."""
    yield from ask(Mark({"giving_back": problem.as_detail()}))
    return (yield from give_back(hand, policy, problem.as_detail()))


def give_back(hand: Hand, policy: Policy, why: Row) -> Program:
    """Take back everything that was written for this lead; also how a stopped process goes on with that."""
    lines = (yield from ask(History())).value
    kept = yield from take_back(hand.lead_id, lines)
    kept += yield from restore_clients(lines)
    kept += yield from delete_clients(hand.lead_id, lines, shared=policy.shared)
    detail: Row = {"problem": why}
    if kept:
        detail["kept"] = kept
    return Verdict("skipped" if why["code"] in {"stale", "gone"} else "failed", str(why["code"]), detail)


def _read_back(hand: Hand) -> Part[Row]:
    """What there is now: the lead, the created records, and the activities that the plan moved."""
    asked: list[tuple[str, Call]] = [("lead", Look("lead", hand.lead_id))]
    asked += [(entity, Look(entity, hand.ids[entity])) for entity in _made_here(hand)]
    if "deal" in hand.ids:
        asked.append(("deal-rows", Look("deal-rows", hand.ids["deal"])))
    moved = sorted(int(a.params["activity"]) for a in hand.plan.managed if a.do is Do.BIND_ACTIVITY)
    asked += [(f"activity:{id_}", Look("activity", id_)) for id_ in moved]
    answers = yield [call for _, call in asked]
    return {name: answer.value for (name, _), answer in zip(asked, answers, strict=True) if answer.ok}


def _made_here(hand: Hand) -> list[str]:
    makers: Mapping[Do, str] = {
        Do.CREATE_DEAL: "deal",
        Do.CREATE_CONTACT: "contact",
        Do.CREATE_COMPANY: "company",
    }
    return [makers[action.do] for action in hand.plan.managed if action.do in makers]
