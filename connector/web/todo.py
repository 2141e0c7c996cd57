"""The findings of a plan as a list of things to decide: what is open, what was accepted, which leads were left out. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connector.i18n import _
from connector.planning.catalogue import CATALOGUE, ORDER
from connector.planning.findings_classic import CLASSIC_GROUPS
from connector.planning.model import CrmMode, Finding, Severity
from connector.plans.decisions import ACCEPTED, CODES
from connector.plans.queries import FindingCount, Header
from connector.web import words
from connector.web.viewparts import FindingView, finding_view


@dataclass(frozen=True, slots=True)
class Task:
    """A finding with what can be decided about it; `state` is open, accepted, left-out, or empty where there is nothing to decide.

    `by` says who decided. `own`: the finding is about the plan as a whole, so that no lead can be left out for it. `anchor` is its id on
    the page; of several with one code the first has it.
    """

    finding: FindingView
    state: str
    by: str = ""
    own: bool = False
    anchor: str = ""

    @property
    def can_accept(self) -> bool:
        """Whether it may be gone on with as it is; an error may not."""
        return self.state == "open" and self.finding.severity != Severity.ERROR.value

    @property
    def can_leave_out(self) -> bool:
        """Whether its leads can stay leads instead."""
        return self.state == "open" and not self.own


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks of one severity."""

    severity: str
    label: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Todo:
    """Everything to decide; `blocked` says why the plan cannot be carried out yet, empty when it can."""

    groups: tuple[Group, ...]
    done: int
    total: int
    open_codes: tuple[str, ...]
    blocked: str

    @property
    def open(self) -> int:
        """How many things nobody has decided."""
        return self.total - self.done


def todo(plan: Header, counts: Iterable[FindingCount], samples: Mapping[str, Finding]) -> Todo:
    """The list, the weightiest first; differences of the native switch are shown beside it instead."""
    if plan.head is None:
        return Todo((), 0, 0, (), "")
    about_leads = [_of_leads(c, samples, plan) for c in counts if c.scope == "lead" and c.leads]
    tasks = _anchored([*about_leads, *_of_plan(plan)])
    groups = []
    for severity in sorted(Severity, key=ORDER.__getitem__):
        fitting = tuple(task for task in tasks if task.finding.severity == severity.value)
        if fitting:
            groups.append(Group(severity.value, _(words.SEVERITY_LABELS[severity]), fitting))
    asked = [task for task in tasks if task.state]
    return Todo(
        tuple(groups),
        done=sum(task.state != "open" for task in asked),
        total=len(asked),
        open_codes=tuple(dict.fromkeys(task.finding.code for task in asked if task.can_accept)),
        blocked=blocked(plan),
    )


def blocked(plan: Header) -> str:
    """Why the plan cannot be carried out: an error of the plan itself, or leads with errors about which nothing was decided."""
    if plan.head is None:
        return ""
    own = next((f for f in plan.head.findings if f.severity is Severity.ERROR), None)
    if own is not None:
        return finding_view(own).message
    if _open_errors(plan):
        return _(
            "Some leads cannot be converted. Decide about them first: leave them out, or mend them and make a new dry run."
        )
    return ""


def unseen(plan: Header) -> int:
    """How many findings that lose data or need a look nobody has accepted or decided otherwise."""
    if plan.head is None:
        return 0
    weighty = (Severity.DATA_LOSS, Severity.WARNING)
    codes = {f.code for f in plan.head.findings if f.severity in weighty} | {
        code
        for code in plan.counts.get("findings", {})
        if (kind := CATALOGUE.get(code)) is not None and kind.scope == "lead" and kind.severity in weighty
    }
    return len(codes - set(plan.decisions.get(ACCEPTED, ())) - set(plan.decisions.get(CODES, ())))


def _open_errors(plan: Header) -> list[str]:
    left_out = plan.decisions.get(CODES, {})
    return [
        code
        for code in plan.counts.get("findings", {})
        if (kind := CATALOGUE.get(code)) is not None
        and kind.scope == "lead"
        and kind.severity is Severity.ERROR
        and code not in left_out
    ]


def _of_leads(count: FindingCount, samples: Mapping[str, Finding], plan: Header) -> Task:
    """A finding of many leads, told with the particulars of the first."""
    view = finding_view(samples.get(count.code) or Finding(count.code, count.severity), count.leads)
    if count.leads > 1:
        view = replace(view, message=_("For example: %(message)s", message=view.message))
    return _task(view, plan, own=False)


def _of_plan(plan: Header) -> list[Task]:
    assert plan.head is not None
    # What a plan to Classic CRM says of what appears, changes and stays stands in lists of its own, unless it is to be decided.
    apart = CLASSIC_GROUPS if plan.direction == CrmMode.CLASSIC else {}
    shown = [f for f in plan.head.findings if f.code not in apart or f.severity is not Severity.INFO]
    return [_task(finding_view(f), plan, own=True) for f in shown]


def _anchored(tasks: list[Task]) -> list[Task]:
    seen: set[str] = set()
    found = []
    for task in tasks:
        code = task.finding.code
        found.append(task if code in seen else replace(task, anchor=f"finding-{code}"))
        seen.add(code)
    return found


def _task(view: FindingView, plan: Header, *, own: bool) -> Task:
    for kind, state in ((CODES, "left-out"), (ACCEPTED, "accepted")):
        made = plan.decisions.get(kind, {}).get(view.code)
        if made is not None:
            return Task(view, state, str(made.get("name") or ""), own)
    error = view.severity == Severity.ERROR.value
    return Task(view, "" if view.severity == Severity.INFO.value or (error and own) else "open", own=own)
