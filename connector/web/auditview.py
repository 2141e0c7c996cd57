"""The audit log as lines to read, and what a filter form means. Shows what was recorded; records nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from connector.i18n import _
from connector.portals import audit
from connector.portals.audit import Entry, Page, Wanted
from connector.reports.auditlog import DID, VIA, particulars, what, who
from connector.reports.words import word
from connector.web.reportview import when

FIELDS = ("action", "person", "since", "until")
LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that was done; `run` and `plan` are ids of pages that show more."""

    when: str
    who: str
    via: str
    what: str
    particulars: str
    run: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the log is narrowed to, and what it can be narrowed to; `choices` are (value, label)."""

    fields: Mapping[str, str]
    actions: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.fields)


def wanted_of(form: Mapping[str, str], zone: tzinfo) -> Wanted:
    """The lines that a form asks for; days are those of `zone`, both included. What makes no sense narrows nothing."""
    person = form.get("person", "")
    known = person.isascii() and person.isdecimal() and len(person) <= LONGEST_ID
    since, until = _day(form.get("since", "")), _day(form.get("until", ""))
    return Wanted(
        action=form.get("action", "") if form.get("action") in set(DID) else "",
        user_id=int(person) if known else None,
        since=datetime.combine(since, time.min, zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time.min, zone) if until else None,
    )


def log_filter(form: Mapping[str, str], people: list[tuple[int, str]]) -> LogFilter:
    """The filter as the form shows it."""
    return LogFilter(
        {name: form[name] for name in FIELDS if form.get(name)},
        tuple((str(did), _(text)) for did, text in DID.items()),
        tuple(
            (str(id_), _("Bitrix24") if id_ == audit.NOBODY else name or f"#{id_}") for id_, name in people
        ),
    )


def links(page: Page) -> list[tuple[str, str, Mapping[str, str]]]:
    """The way to the lines on either side: label, icon, fields."""
    found: list[tuple[str, str, Mapping[str, str]]] = []
    if page.newer and page.entries:
        found.append((_("Newer"), "chevron-left", {"after": str(page.entries[0].id)}))
    if page.older and page.entries:
        found.append((_("Older"), "chevron-right", {"before": str(page.entries[-1].id)}))
    return found


def line(entry: Entry) -> LogLine:
    """A line in the reader's language and time."""
    detail = entry.detail
    kind, id_ = detail.get("kind"), str(detail.get("id", ""))
    return LogLine(
        when(entry.at),
        who(entry),
        word(VIA, str(entry.who.get("via") or "")),
        what(entry),
        particulars(entry),
        run=str(detail.get("run") or (id_ if kind == "run" else "")),
        plan=str(detail.get("plan") or (id_ if kind == "plan" else "")),
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None
