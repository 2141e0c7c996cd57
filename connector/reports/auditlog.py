"""The audit log in words and as a report. `DID` names everything that is recorded; must never decide what is."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.i18n import N_, _, language, ngettext
from connector.portals import audit
from connector.portals.audit import Did, Entry, Wanted
from connector.portals.refs import portal_ref
from connector.reports.document import Cell, Column, Report, Sheet
from connector.reports.words import MODE, word
from connector.store.database import Database

FORMAT = "leadswitch.audit/1"

DID: Mapping[str, str] = {
    Did.INSTALLED: N_("Installed the app"),
    Did.UPDATED: N_("Updated the app"),
    Did.UNINSTALLED: N_("Removed the app"),
    Did.REAUTHORISED: N_("Gave the app a new access"),
    Did.MOVED: N_("Moved to another address"),
    Did.WEBHOOK_CONNECTED: N_("Connected by an incoming webhook"),
    Did.OPENED: N_("Opened the app"),
    Did.NAMED_USER: N_("Gave an employee access"),
    Did.UNNAMED_USER: N_("Took back an employee's access"),
    Did.PLANNED: N_("Started a dry run"),
    Did.PLAN_LOADED: N_("Loaded a plan file"),
    Did.DECIDED: N_("Decided about findings of a plan"),
    Did.APPLIED: N_("Started a switch"),
    Did.WATCHED: N_("Began to watch Bitrix24's own switch"),
    Did.PAUSED: N_("Paused a run"),
    Did.RESUMED: N_("Resumed a run"),
    Did.CANCELLED: N_("Cancelled a run"),
    Did.RETRIED: N_("Tried failed leads again"),
    Did.TRIED: N_("Tried a new inquiry"),
    Did.UNDONE: N_("Started an undo"),
    Did.MODE_CHANGED: N_("Changed the CRM mode"),
    Did.DOWNLOADED: N_("Downloaded a file"),
    Did.SETTINGS_CHANGED: N_("Changed the settings"),
    Did.PIPELINE_CREATED: N_("Created a pipeline"),
    Did.PIPELINE_RENAMED: N_("Renamed a pipeline"),
    Did.PIPELINES_REORDERED: N_("Changed the order of pipelines"),
    Did.PIPELINE_DELETED: N_("Deleted a pipeline"),
    Did.STAGE_ADDED: N_("Added a stage"),
    Did.STAGE_RENAMED: N_("Renamed a stage"),
    Did.STAGE_RECOLOURED: N_("Gave a stage another colour"),
    Did.STAGES_REORDERED: N_("Changed the order of stages"),
    Did.STAGE_DELETED: N_("Deleted a stage"),
    Did.KEY_CREATED: N_("Made an API key"),
    Did.KEY_REVOKED: N_("Revoked an API key"),
    Did.RULE_CREATED: N_("Created a rule"),
    Did.RULE_CHANGED: N_("Changed a rule"),
    Did.RULE_DELETED: N_("Deleted a rule"),
    Did.ENDPOINT_CREATED: N_("Created an endpoint for webhooks"),
    Did.ENDPOINT_CHANGED: N_("Changed an endpoint"),
    Did.ENDPOINT_DELETED: N_("Deleted an endpoint"),
    Did.ENDPOINT_DISABLED: N_("Switched an endpoint off"),
    Did.ENDPOINT_TESTED: N_("Sent a test to an endpoint"),
    Did.SECRET_ROTATED: N_("Gave an endpoint a new secret"),
    Did.REDELIVERED: N_("Delivered a webhook again"),
}
VIA: Mapping[str, str] = {
    "web": N_("app"),
    "api": N_("API"),
    "cli": N_("command line"),
    "bitrix24": N_("Bitrix24"),
}

# What of a line's detail is told, in this order; ids of plans and runs are told by their beginnings, as everywhere.
_SAID: Mapping[str, str] = {
    "name": N_("“%(value)s”"),
    "was": N_("was “%(value)s”"),
    "color": N_("colour %(value)s"),
    "pipeline": N_("pipeline ID %(value)s"),
    "user_id": N_("user ID %(value)s"),
    "id": N_("ID %(value)s"),
    "left_out": N_("left out: %(value)s"),
    "version": N_("version %(value)s"),
    "plan": N_("plan %(value)s"),
    "run": N_("run %(value)s"),
    "undo_of": N_("of run %(value)s"),
    "from": N_("from %(value)s"),
    "to": N_("to %(value)s"),
    "kind": N_("kind: %(value)s"),
    "format": N_("format: %(value)s"),
    "outcome": N_("outcome: %(value)s"),
    "retention_days": N_("plans and journals are kept for %(value)s days"),
}
_SHORT = ("plan", "run", "undo_of")
_KINDS: Mapping[str, str] = {"plan": N_("plan"), "run": N_("run"), "audit": N_("audit log")}
_OUTCOMES: Mapping[str, str] = {
    "unknown": N_("not known, the answer was lost"),
    "incomplete": N_("only a part was done"),
}
_LONGEST = 80


def what(entry: Entry) -> str:
    """What was done, as words."""
    return word(DID, entry.action)


def who(entry: Entry) -> str:
    """Who did it: a name, a number where the name is not kept, or Bitrix24 itself."""
    user = entry.who.get("user_id")
    return str(entry.who.get("name") or (f"#{user}" if user else _("Bitrix24")))


def particulars(entry: Entry) -> str:
    """The rest of a line, as words."""
    detail = dict(entry.detail)
    if entry.action == Did.DOWNLOADED:
        detail = _downloaded(detail)
    if "outcome" in detail:
        detail["outcome"] = word(_OUTCOMES, str(detail["outcome"]))
    # The built-in pipeline has the ID 0.
    told = ((name, text) for name, text in _SAID.items() if detail.get(name) not in (None, "", False))
    parts = [_(text, value=_value(name, detail[name])) for name, text in told]
    if (leads := detail.get("leads")) is not None:
        parts.append(ngettext("%(n)s lead", "%(n)s leads", int(leads)))
    return " · ".join(parts)


def _downloaded(detail: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(detail.get("kind", ""))
    about = {kind: detail.get("id")} if kind in _SHORT else {"kind": word(_KINDS, kind)}
    return {**about, "format": str(detail.get("format", "")).upper()}


def _value(name: str, value: Any) -> str:
    text = str(value)[:_LONGEST]
    return text[:8] if name in _SHORT else word(MODE, text)


def audit_report(db: Database, portal_id: int, wanted: Wanted) -> Report:
    """The lines that are wanted, newest first, as a report in the current language; times are UTC."""

    def rows() -> Iterator[tuple[Cell, ...]]:
        return (_row(one) for one in audit.all_entries(db, portal_id, wanted))

    def records() -> Iterator[dict[str, Any]]:
        return (_json(one) for one in audit.all_entries(db, portal_id, wanted))

    host = portal_ref(db, portal_id).host
    head = {"format": FORMAT, "portal": host}
    return Report(
        title=_("Audit log"),
        subtitle=host,
        language=language(),
        facts=((_("Portal"), host),),
        notes=(_("Times are in UTC."),),
        charts=(),
        main=Sheet("audit", _("Audit log"), _columns(), rows),
        head=head,
        streams={"entries": records},
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("at", _("When (UTC)"), 24),
        Column("who", _("Who"), 24),
        Column("user_id", _("User ID"), 10, number=True),
        Column("via", _("Through"), 14, words=VIA),
        Column("action", _("What"), 30, words=DID),
        Column("detail", _("Particulars"), 60),
    )


def _row(entry: Entry) -> tuple[Cell, ...]:
    return (
        entry.at.isoformat(timespec="seconds"),
        str(entry.who.get("name") or ""),
        entry.who.get("user_id"),
        str(entry.who.get("via") or ""),
        entry.action,
        particulars(entry),
    )


def _json(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(timespec="seconds"),
        "who": dict(entry.who),
        "action": entry.action,
        "detail": dict(entry.detail),
    }
