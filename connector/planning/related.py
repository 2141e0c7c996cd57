"""What else points at a lead: tasks, quotes, smart-process records, custom fields of other records. Moved to the deal or named. Pure.

A task keeps its records in `UF_CRM_TASK` (`L_5`, `D_7`; data-types.md), quotes and smart processes have a field for the lead and one for
the deal (`leadId`/`dealId`, `parentId1`/`parentId2`), custom fields of type crm hold `L_5` where they take deals as well.
"""

from collections import Counter
from collections.abc import Mapping

from .activities import is_task
from .catalogue import finding
from .model import Action, Do, Finding, LeadSnapshot, Referrer
from .options import Related

QUOTE = 7
_TASK = "task"


def plan_related(
    lead: LeadSnapshot, referrers: Mapping[tuple[int, str], Referrer], choice: Related
) -> tuple[list[Action], list[Finding]]:
    """One action per record that is moved, and what is said about those that are moved and those that stay."""
    found: list[tuple[Action, str, Related]] = []
    moved: Counter[str] = Counter()
    left: Counter[str] = Counter()
    stuck: Counter[str] = Counter()
    for row in lead.related:
        if row["entity"] == _TASK:
            step = Action(f"related:task:{row['id']}", Do.MOVE_RELATED, {"type": _TASK, "id": row["id"]})
            found.append((step, "tasks", choice))
        elif row["entity"] == "record":
            referrer = referrers.get((row["type"], row["field"]))
            if referrer is None or not referrer.target:
                stuck[referrer.label or referrer.title if referrer else str(row["type"])] += 1
                continue
            what = "quotes" if referrer.entity_type == QUOTE and referrer.by_relation else ""
            what = what or ("records" if referrer.by_relation else "references")
            step = Action(
                f"related:{row['type']}:{row['id']}:{row['field']}",
                Do.MOVE_RELATED,
                {
                    "type": row["type"],
                    "id": row["id"],
                    "field": referrer.field,
                    "target": referrer.target,
                    "plain": referrer.plain,
                },
            )
            found.append((step, what, Related.REPORT if row.get("taken") else choice))
    if not any(row["entity"] == _TASK for row in lead.related):
        # Tasks that could not be read leave a shadow among the activities, which follows the task.
        left["tasks"] += sum(is_task(activity) for activity in lead.activities)
    for _, what, choice_ in found:
        (moved if choice_ is Related.MOVE else left)[what] += 1
    return [step for step, _, choice_ in found if choice_ is Related.MOVE], [
        *(finding("related-moved", count=n, what=what) for what, n in sorted(moved.items())),
        *(finding("related-left", count=n, what=what) for what, n in sorted(left.items()) if n),
        *(finding("related-no-deal", count=n, title=title) for title, n in sorted(stuck.items())),
    ]
