"""The program that converts one lead as planned, and takes it back if the portal will not close it. Asks and decides; sends nothing.

Order: is the lead still what the plan saw → clients → deal → products, address, bindings → unbinding, comments → look once more, move
what came meanwhile → close by stage → link clients → read back. Everything that a step needs is a literal id from an earlier answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.planning.activities import is_task
from connector.planning.model import Action, Do
from connector.reading.activities import activity_of
from connector.switching import looks, steps
from connector.switching.calls import Answer, Call, History, Look, Mark, Part, Program, Row, Verdict, Written
from connector.switching.fresh import changed_fields
from connector.switching.hand import Hand
from connector.switching.imported import left_out, marker_lost
from connector.switching.parts import Problem, Unresolved, ask, problem_of, together
from connector.switching.probes import text_of
from connector.switching.readback import deviations, remember
from connector.switching.reverse import take_back
from connector.switching.reverse_clients import delete_clients, restore_clients
from connector.switching.steps import CLOSE, CLOSING, STEPS

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
    closed = touched and (yield from _closed(hand))
    stale = None if closed else (yield from _stale(hand, strict=not touched))
    if stale and not touched:
        return Verdict("skipped", stale.code, {"problem": stale.as_detail()})
    problem, left = stale, list[Problem]()
    if not problem:
        problem, left = yield from _work(hand, policy, closed)
    if problem:
        return (yield from _give_back(hand, policy, problem))
    yield from ask(Written())
    seen = yield from _read_back(hand)
    wrong = marker_lost(hand, seen) if hand.quiet else []
    if hand.quiet:
        seen = yield from _complete_import(hand, seen, left)
    wrong += deviations(hand, seen)
    detail: Row = {"made": remember(hand, seen)}
    if left:
        detail["left"] = [item.as_detail() for item in left]
    if wrong:
        detail["deviations"] = wrong
    reason = "deviates" if wrong else "partly" if left else ""
    return Verdict("done", reason, detail, **_ids(hand))


def _ids(hand: Hand) -> dict[str, int | None]:
    return {f"{entity}_id": hand.ids.get(entity) for entity in ("deal", "contact", "company")}


def _closed(hand: Hand) -> Part[bool]:
    """Whether we have closed the lead before we were stopped: what differs from the plan since then is our own doing."""
    lines = (yield from ask(History())).value
    return any(line.method == CLOSE and int(line.params["id"]) == hand.lead_id for line in lines)


def _stale(hand: Hand, *, strict: bool) -> Part[Problem | None]:
    """Before anything is written. Product rows are left to the last look: they do not change without the lead's time of change."""
    lead = yield from ask(Look("lead", hand.lead_id))
    return _staleness(hand, lead, None, strict=strict)


def _staleness(hand: Hand, lead: Answer, rows: Answer | None, *, strict: bool) -> Problem | None:
    for answer in (lead, rows):
        if answer is not None and not answer.ok:
            return problem_of("look", answer)
    if lead.value is None:
        return Problem("look", "gone", "id")
    changed = changed_fields(hand.plan.snapshot, lead.value, rows.value if rows else None, strict=strict)
    return Problem("look", "stale", ", ".join(changed)) if changed else None


def _work(hand: Hand, policy: Policy, closed: bool) -> Part[tuple[Problem | None, list[Problem]]]:
    """All levels in order. Returns the problem that stops the lead, and those that do not."""
    left: list[Problem] = []
    groups = steps.levels(hand.plan.managed)
    before = [actions for level, actions in groups if level < CLOSING]
    for actions in before[:-1]:
        problem, _ = yield from _level(actions, hand, left)
        if problem:
            return problem, left
    # The last look shares its round with the last steps before the close.
    problem, late = yield from _level(before[-1] if before else [], hand, left, _last_look(hand, closed))
    problem = problem or (yield from _move_late(hand, policy, late))
    if problem:
        return problem, left
    for level, actions in groups:
        if level >= CLOSING:
            problem, _ = yield from _level(actions, hand, left)
            if problem:
                return problem, left
    return None, left


def _level(
    actions: Sequence[Action], hand: Hand, left: list[Problem], look: Part["Late"] | None = None
) -> Part[tuple[Problem | None, "Late"]]:
    """The steps of one level side by side, and a look with them. Problems that do not stop the lead go to `left`."""
    late: Late = None, []
    try:
        parts = [STEPS[action.do].part(action, hand) for action in actions]
        results: list[Any] = yield from together([*parts, *([look] if look is not None else [])])
    except Unresolved as missing:
        return Problem(str(missing), "plan-not-sound", str(missing)), late
    if look is not None:
        late = results.pop()
    for action, problem in zip(actions, results, strict=True):
        if problem is None:
            continue
        if STEPS[action.do].vital or problem.denied:
            return problem, late
        left.append(problem)
    return None, late


Late: TypeAlias = tuple[Problem | None, list[Row]]
"""What the last look found: a reason to stop, and activities that are still to be moved."""


def _last_look(hand: Hand, closed: bool = False) -> Part[Late]:
    """Right before the close: nothing else may have changed; activities and comments that came meanwhile are taken along.

    Of a lead that is `closed` already only the comments are wanted.
    """
    calls: list[Call] = [
        Look("lead", hand.lead_id),
        Look("lead-rows", hand.lead_id),
        Look("lead-activities", hand.lead_id),
    ]
    with_comments = any(action.do is Do.BIND_COMMENTS for action in hand.plan.managed)
    if with_comments:
        calls.append(looks.comments_of("lead", hand.lead_id))
    lead, rows, found, *comments = yield calls
    stale = None if closed else _staleness(hand, lead, rows, strict=False)
    if stale:
        return stale, []
    for answer in (found, *comments):
        if not answer.ok:
            return problem_of("look", answer), []
    if comments:
        hand.comments = [int(row["ID"]) for row in comments[0].value]
    return None, [] if closed else [row for row in found.value if _needs_moving(row, hand)]


def _move_late(hand: Hand, policy: Policy, late: Late) -> Part[Problem | None]:
    """Move what the last look found, and look again, until nothing more comes."""
    problem, rows = late
    for _ in range(LATE_ROUNDS):
        if problem or not rows:
            return problem
        problems = yield from together([_late(row, hand, policy) for row in rows])
        hand.moved |= {int(row["ID"]) for row in rows}
        problem = next((found for found in problems if found), None)
        if not problem:
            problem, rows = yield from _last_look(hand)
    return Problem("activities", "too-busy", "")


def _needs_moving(row: Mapping[str, Any], hand: Hand) -> bool:
    """Whether the plan did not provide for an activity. One that is open would be completed by the close (native_switch.md 2.8)."""
    id_ = int(row["ID"])
    planned = next((activity for activity in hand.plan.snapshot.activities if activity.id == id_), None)
    if planned is None:
        return id_ not in hand.moved and not is_task(activity_of(row))
    # Opened again since: the plan binds it to the deal but would leave it on the lead.
    bound = any(
        action.do is Do.BIND_ACTIVITY and action.params["activity"] == id_ for action in hand.plan.managed
    )
    return bound and planned.completed and not _is_completed(row) and id_ not in hand.moved


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
    asked += [(entity, Look(entity, hand.ids[entity])) for entity in hand.made]
    if "deal" in hand.ids:
        asked.append(("deal-rows", Look("deal-rows", hand.ids["deal"])))
    moved = sorted(int(a.params["activity"]) for a in hand.plan.managed if a.do is Do.BIND_ACTIVITY)
    asked += [(f"activity:{id_}", Look("activity", id_)) for id_ in moved]
    answers = yield [call for _, call in asked]
    return {name: answer.value for (name, _), answer in zip(asked, answers, strict=True) if answer.ok}


def _complete_import(hand: Hand, seen: Row, left: list[Problem]) -> Part[Row]:
    """Write what import left out, and read again where there was something. Returns what there is then."""
    writes = left_out(hand, seen)
    if not writes:
        return seen
    answers = yield writes
    found = (problem_of(write.key, answer) for write, answer in zip(writes, answers, strict=True))
    left += [problem for problem in found if problem]
    return (yield from _read_back(hand))
