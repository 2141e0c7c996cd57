"""A run as a report: what was done to every lead, what stayed and why. Reads what switching decided; must never decide anything itself."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connector.i18n import _, language, moment, number
from connector.portals import audit
from connector.portals.audit import Entry
from connector.reports.auditlog import what, who
from connector.reports.checked import checked
from connector.reports.document import Bars, Cell, Column, Report, Sheet
from connector.reports.run_source import RunSource, run_source
from connector.reports.words import (
    LEAD_STATE,
    MODE,
    NOT_RESTORED,
    REASON,
    RUN_KIND,
    RUN_STATE,
    VARIANT,
    problem_text,
    variant_lines,
    word,
)
from connector.store.database import Database
from connector.switching import queries
from connector.switching.queries import RunLeadRow

FORMAT = "leadswitch.run-report/1"
_TONES = {"done": "info", "undone": "info", "kept": "warning", "skipped": "warning", "failed": "error"}
# What of `run_lead.detail` is worth reading; the rest is the runner's own.
_DETAIL = ("problem", "left", "kept", "deviations", "edited", "predicted")


def run_report_of(db: Database, run_id: str, *, portal_id: int | None = None) -> Report:
    """The report of a run, in the current language. Raises `RunNotFound`."""
    source = run_source(db, run_id, portal_id=portal_id)
    actions = audit.of_run(db, source.run.portal_id, run_id)

    def rows() -> Iterator[tuple[Cell, ...]]:
        return (_row(lead) for lead in queries.all_leads(db, run_id))

    def records() -> Iterator[dict[str, Any]]:
        return (lead_json(lead) for lead in queries.all_leads(db, run_id))

    return Report(
        title=_title(source),
        subtitle=_("Run %(id)s, %(state)s", id=run_id[:8], state=word(RUN_STATE, source.run.state)),
        language=language(),
        facts=tuple(_facts(source)),
        notes=(*_notes(source), *(action_text(one) for one in actions)),
        charts=(
            Bars(
                _("Leads"),
                tuple(
                    (word(LEAD_STATE, s), n, _TONES.get(s, "plain")) for s, n in sorted(source.leads.items())
                ),
            ),
        ),
        main=Sheet("leads", _("Leads"), _columns(), rows),
        head={"format": FORMAT, "run": {**run_json(source), "actions": actions_json(actions)}},
        streams={"leads": records},
    )


def run_json(source: RunSource) -> dict[str, Any]:
    """A run as JSON answers show it, documented in docs/cli.md."""
    run = source.run
    return {
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "phase": run.phase,
        "undo_of": run.undo_of,
        "plan": {"id": run.plan_id, "digest": source.digest, "direction": source.direction},
        "portal": source.host,
        "leads": {
            "total": sum(source.leads.values()),
            "behind": source.behind,
            "by_state": dict(source.leads),
        },
        "waiting_for": untold(run.waiting_for or {}) or None,
        "error": run.error,
        "created_by": dict(run.created_by),
        "created_at": run.created_at.isoformat(),
        "started_at": _iso(run.started_at),
        "finished_at": _iso(run.finished_at),
        "report": untold(run.report or {}) or None,
    }


def actions_json(actions: Iterable[Entry]) -> list[dict[str, Any]]:
    """What people asked of a run: `[{"at", "action", "who": {"user_id", "name", "via"}}]`."""
    return [{"at": one.at.isoformat(), "action": one.action, "who": dict(one.who)} for one in actions]


def lead_json(lead: RunLeadRow) -> dict[str, Any]:
    """What became of one lead, as JSON answers show it."""
    detail = untold({name: lead.detail[name] for name in _DETAIL if name in lead.detail})
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


def untold(value: Any) -> Any:
    """A stored value without message ids and their values, which are ours for translating; `text` says the same in English."""
    if isinstance(value, Mapping):
        return {name: untold(one) for name, one in value.items() if name != "told"}
    return [untold(one) for one in value] if isinstance(value, list | tuple) else value


def action_text(entry: Entry) -> str:
    """Who asked what of a run, and when."""
    return _("%(when)s: %(what)s (%(who)s)", when=moment(entry.at), what=what(entry), who=who(entry))


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _title(source: RunSource) -> str:
    if source.run.kind == "undo":
        return _("Undo on %(host)s", host=source.host)
    if source.run.kind == "native":
        return _("Bitrix24's own switch of %(host)s, watched", host=source.host)
    return _("Switch of %(host)s to %(mode)s", host=source.host, mode=word(MODE, source.direction))


def _facts(source: RunSource) -> Iterator[tuple[str, Cell]]:
    head = source.run
    report = head.report or {}
    yield _("Portal"), source.host
    yield _("Kind"), word(RUN_KIND, head.kind)
    yield _("State"), word(RUN_STATE, head.state)
    yield _("Started by"), str(head.created_by.get("name") or "–")
    for label, when in ((_("Started"), head.started_at), (_("Finished"), head.finished_at)):
        yield label, moment(when) if when else "–"
    mode = report.get("mode") or {}
    if mode:
        yield _("CRM mode before"), word(MODE, str(mode.get("before")))
        yield _("CRM mode as the portal reports it"), word(MODE, str(mode.get("now")))
        yield _("Active leads left on the portal"), number(report.get("active_leads", 0))
    yield _("Leads"), number(sum(source.leads.values()))
    for state, count in sorted(source.leads.items()):
        yield _("Leads: %(state)s", state=word(LEAD_STATE, state)), number(count)
    made = report.get("records") or {}
    for entity, label in (("deal", _("Deals")), ("contact", _("Contacts")), ("company", _("Companies"))):
        if made.get(entity):
            yield label, number(made[entity])


def _notes(source: RunSource) -> Iterator[str]:
    yield from (text for _fine, text in checked(source.run.report or {}))
    native = (source.run.report or {}).get("native") or {}
    if native:
        predicted = word(VARIANT, native["predicted"])
        yield _("Predicted after %(variant)s; compared with what the portal has now.", variant=predicted)
    yield from variant_lines(native)
    if codes := (source.run.report or {}).get("not_restored"):
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
