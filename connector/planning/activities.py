"""What happens to the activities of a lead: bound to the deal, unbound from the lead, completed or left. Pure.

Closing a lead completes the activities still on it (native_switch.md 2.8), so open ones that are to stay open leave it before.
Platform facts: at most 100 bindings per activity (`crm.activity.binding.add`); tasks keep their link in `UF_CRM_TASK`, not here.
"""

from .catalogue import finding
from .model import Action, Activity, Do, Finding
from .options import Activities

MAX_BINDINGS = 100
TASK_TYPE = 3
_OPEN_LINES = frozenset({"IMOPENLINES_SESSION"})


def is_task(activity: Activity) -> bool:
    """True for the shadow of a task: it follows the task, not a binding."""
    return activity.type_id == TASK_TYPE or activity.provider_id.startswith(("TASKS", "CRM_TASKS_TASK"))


def plan_activities(
    activities: tuple[Activity, ...], choice: Activities
) -> tuple[list[Action], list[Finding]]:
    """Actions in the order of execution (all bindings, then all unbindings or completions) and what to say about them."""
    bind: list[Action] = []
    then: list[Action] = []
    said: list[Finding] = []
    for activity in sorted(activities, key=lambda a: a.id):
        if is_task(activity):
            continue
        if activity.provider_id in _OPEN_LINES:
            said.append(finding("open-line", subject=activity.subject))
        if len(activity.bindings) >= MAX_BINDINGS:
            said.append(finding("activity-full", id=activity.id, subject=activity.subject))
            continue
        bind.append(Action(f"bind:{activity.id}", Do.BIND_ACTIVITY, {"activity": activity.id}))
        if activity.completed:
            continue
        if choice is Activities.KEEP_OPEN:
            then.append(Action(f"unbind:{activity.id}", Do.UNBIND_ACTIVITY, {"activity": activity.id}))
        else:
            then.append(Action(f"complete:{activity.id}", Do.COMPLETE_ACTIVITY, {"activity": activity.id}))
    if then:
        moved = choice is Activities.KEEP_OPEN
        said.append(finding("activities-moved" if moved else "activities-completed", count=len(then)))
    return bind + then, said


def open_ids(activities: tuple[Activity, ...]) -> tuple[int, ...]:
    """IDs of the open activities that Bitrix24's own switch would complete, in order."""
    return tuple(sorted(a.id for a in activities if not a.completed and not is_task(a)))
