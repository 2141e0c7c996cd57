"""A run as a report: what was done to every lead, what stayed and why. Reads what switching decided; must never decide anything itself."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connector.i18n import _, language, moment, number
from connector.reports.document import Bars, Cell, Column, Report, Sheet
from connector.reports.run_source import RunHead, RunLeadRow, run_head, run_leads
from connector.reports.words import (
    LEAD_STATE,
    MODE,
    NOT_RESTORED,
    REASON,
    RUN_KIND,
    RUN_STATE,
    problem_text,
    word,
)
from connector.store.database import Database

FORMAT = "leadswitch.run-report/1"
_TONES = {"done": "info", "undone": "info", "kept": "warning", "skipped": "warning", "failed": "error"}
# What of `run_lead.detail` is worth reading; the rest is the runner's own.
_DETAIL = ("problem", "left", "kept", "deviations")


def run_report_of(db: Database, run_id: str, *, portal_id: int | None = None) -> Report:
    """The report of a run, in the current language. Raises `RunNotFound`."""
    head = run_head(db, run_id, portal_id=portal_id)

    def rows() -> Iterator[tuple[Cell, ...]]:
        return (_row(lead) for lead in run_leads(db, head.id))

    def records() -> Iterator[dict[str, Any]]:
        return (lead_json(lead) for lead in run_leads(db, head.id))

    return Report(
        title=_title(head),
        subtitle=_("Run %(id)s, %(state)s", id=head.id[:8], state=word(RUN_STATE, head.state)),
        language=language(),
        facts=tuple(_facts(head)),
        notes=tuple(_notes(head)),
        charts=(
            Bars(
                _("Leads"),
                tuple(
                    (word(LEAD_STATE, s), n, _TONES.get(s, "plain")) for s, n in sorted(head.leads.items())
                ),
            ),
        ),
        main=Sheet("leads", _("Leads"), _columns(), rows),
        head={"format": FORMAT, "run": run_json(head)},
        streams={"leads": records},
    )


def run_json(head: RunHead) -> dict[str, Any]:
    """A run as JSON answers show it, documented in docs/cli.md."""
    return {
        "id": head.id,
        "kind": head.kind,
        "state": head.state,
        "phase": head.phase,
        "undo_of": head.undo_of,
        "plan": {"id": head.plan_id, "digest": head.plan_digest, "direction": head.direction},
        "portal": head.host,
        "leads": {"total": sum(head.leads.values()), "behind": head.behind, "by_state": dict(head.leads)},
        "waiting_for": dict(head.waiting_for) or None,
        "error": head.error or None,
        "created_by": dict(head.created_by),
        "created_at": head.created_at.isoformat(),
        "started_at": _iso(head.started_at),
        "finished_at": _iso(head.finished_at),
        "report": dict(head.report) or None,
    }


def lead_json(lead: RunLeadRow) -> dict[str, Any]:
    """What became of one lead, as JSON answers show it."""
    detail = {name: lead.detail[name] for name in _DETAIL if name in lead.detail}
    return {
        "id": lead.lead_id,
        "title": lead.title,
        "state": lead.state,
        "reason": lead.reason or None,
        "deal_id": lead.deal_id,
        "contact_id": lead.contact_id,
        "company_id": lead.company_id,
        "detail": detail or None,
    }


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _title(head: RunHead) -> str:
    if head.kind == "undo":
        return _("Undo on %(host)s", host=head.host)
    return _("Switch of %(host)s to %(mode)s", host=head.host, mode=word(MODE, head.direction))


def _facts(head: RunHead) -> Iterator[tuple[str, Cell]]:
    yield _("Portal"), head.host
    yield _("Kind"), word(RUN_KIND, head.kind)
    yield _("State"), word(RUN_STATE, head.state)
    yield _("Started by"), str(head.created_by.get("name") or "–")
    for label, when in ((_("Started"), head.started_at), (_("Finished"), head.finished_at)):
        yield label, moment(when) if when else "–"
    mode = head.report.get("mode") or {}
    if mode:
        yield _("CRM mode before"), word(MODE, str(mode.get("before")))
        yield _("CRM mode as the portal reports it"), word(MODE, str(mode.get("now")))
        yield _("Active leads left on the portal"), number(head.report.get("active_leads", 0))
    yield _("Leads"), number(sum(head.leads.values()))
    for state, count in sorted(head.leads.items()):
        yield _("Leads: %(state)s", state=word(LEAD_STATE, state)), number(count)
    for entity, label in (("deal", _("Deals")), ("contact", _("Contacts")), ("company", _("Companies"))):
        if count := (head.report.get("records") or {}).get(entity):
            yield label, number(count)


def _notes(head: RunHead) -> Iterator[str]:
    if codes := head.report.get("not_restored"):
        yield _(
            "What undo cannot bring back: %(things)s.", things=", ".join(word(NOT_RESTORED, c) for c in codes)
        )


def _columns() -> tuple[Column, ...]:
    return (
        Column("lead_id", _("Lead"), 8, number=True),
        Column("title", _("Title"), 40),
        Column("state", _("State"), 12, words=LEAD_STATE),
        Column("reason", _("Reason"), 24, words=REASON),
        Column("deal_id", _("Deal"), 8, number=True),
        Column("contact_id", _("Contact"), 8, number=True),
        Column("company_id", _("Company"), 8, number=True),
        Column("detail", _("Details"), 70),
    )


def _row(lead: RunLeadRow) -> tuple[Cell, ...]:
    return (
        lead.lead_id,
        lead.title,
        lead.state,
        lead.reason,
        lead.deal_id,
        lead.contact_id,
        lead.company_id,
        problem_text(lead.detail),
    )
