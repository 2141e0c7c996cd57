"""`leadswitch plan --against OLD`: what changed since an earlier plan. Reads two plans; must never change either."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from connector.cli.shell import Shell, rows, table
from connector.errors import WrongPortal
from connector.i18n import N_, _, ngettext
from connector.plans.compare import (
    ADDED,
    CHANGED,
    REMOVED,
    Difference,
    LeadChange,
    compare_heads,
    compare_leads,
)
from connector.reports.plans import PlanSource
from connector.reports.spreadsheet import defused

FORMAT = "leadswitch.plan-changes/1"
_KINDS = {ADDED: N_("new"), REMOVED: N_("gone"), CHANGED: N_("changed")}
_WIDEST = 60


def print_changes(shell: Shell, old: PlanSource, new: PlanSource, format_name: str) -> None:
    """Write the changes as a table, JSON or CSV to standard output. Raises `WrongPortal` when the plans are of two portals."""
    if old.head.portal != new.head.portal:
        raise WrongPortal(planned=old.head.host, portal=new.head.host)
    head, leads = compare_heads(old.head, new.head), compare_leads(old.leads(), new.leads())
    if format_name == "json":
        _json(shell, old, new, head, leads)
    elif format_name == "csv":
        _csv(head, leads)
    else:
        _table(shell, head, leads)


def _json(
    shell: Shell, old: PlanSource, new: PlanSource, head: Iterable[Difference], leads: Iterable[LeadChange]
) -> None:
    changes = [asdict(change) for change in leads]
    totals = Counter(change["kind"] for change in changes)
    shell.emit(
        {
            "format": FORMAT,
            "old": old.digest,
            "new": new.digest,
            "totals": {kind: totals[kind] for kind in _KINDS},
            "plan": [asdict(item) for item in head],
            "leads": changes,
        }
    )


def _lines(
    head: Iterable[Difference], leads: Iterable[LeadChange]
) -> Iterator[tuple[str, str, str, str, str, str]]:
    for item in head:
        yield "", "", CHANGED, item.what, _text(item.old), _text(item.new)
    for change in leads:
        if not change.differences:
            yield str(change.id), change.title, change.kind, "", "", ""
        for item in change.differences:
            yield str(change.id), change.title, change.kind, item.what, _text(item.old), _text(item.new)


def _csv(head: Iterable[Difference], leads: Iterable[LeadChange]) -> None:
    out = csv.writer(sys.stdout)
    out.writerow(("lead_id", "title", "kind", "what", "old", "new"))
    for line in _lines(head, leads):
        out.writerow([defused(cell) for cell in line])


def _table(shell: Shell, head: Iterable[Difference], leads: Iterable[LeadChange]) -> None:
    shown = table(_("Lead"), _("Title"), _("Change"), _("What"), _("Before"), _("Now"))
    changed: Counter[str] = Counter()
    seen: set[str] = set()
    for lead, title, kind, what, old, new in _lines(head, leads):
        if lead and lead not in seen:
            seen.add(lead)
            changed[kind] += 1
        rows(shown, [(lead, _short(title), _(_KINDS[kind]), what, _short(old), _short(new))])
    out = shell.stdout()
    if not shown.row_count:
        out.print(_("Nothing has changed since that plan."), markup=False)
        return
    out.print(shown)
    out.print()
    out.print(
        ngettext("%(n)s lead new", "%(n)s leads new", changed[ADDED]),
        ngettext("%(n)s lead gone", "%(n)s leads gone", changed[REMOVED]),
        ngettext("%(n)s lead changed", "%(n)s leads changed", changed[CHANGED]),
        sep=", ",
        markup=False,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
