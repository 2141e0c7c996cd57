"""What was checked after a run, as sentences with a yes or no. Shared by pages, shell and files; says only what the report has read."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.i18n import N_, _, ngettext, number

MOST = 20
"""Leads with further deals that are told one by one; the report as JSON has all of them."""
_KINDS: Mapping[str, str] = {
    "lead": N_("leads"),
    "deal": N_("deals"),
    "contact": N_("contacts"),
    "company": N_("companies"),
}


def checked(report: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """(fine, sentence) for the records that were counted and those that were sampled."""
    for kind, counts in (report.get("untouched") or {}).items():
        before, now = int(counts["before"]), int(counts["now"])
        if before:
            text = _(
                "%(now)s of %(before)s %(kind)s that were there before are there.",
                now=number(now),
                before=number(before),
                kind=_(_KINDS[kind]),
            )
            yield now == before, text
    for one in (report.get("further_deals") or ())[:MOST]:
        text = _(
            "Lead #%(lead)s has further deals that Leadswitch did not make: %(deals)s. Somebody converted it at the same time, "
            "or a robot made them. Look which of them should stay.",
            lead=one["lead"],
            deals=", ".join(f"#{id_}" for id_ in one["deals"]),
        )
        yield False, text
    if report.get("inquiry"):
        yield from _inquiry(report["inquiry"])
    sample = report.get("sample") or {}
    if sample:
        yield from _sample(sample)


def _inquiry(seen: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """What a test inquiry has shown; forms, mail and telephony were not tried with it."""
    if "refused" in seen:
        yield False, _("The test inquiry could not be created: %(text)s", text=seen["refused"])
        return
    deals = ", ".join(f"#{row['id']} ({row.get('stageId', '')})" for row in seen.get("deal", ()))
    if seen["expected"] == "deal":
        text = (
            _("A test inquiry became a deal at once: %(deals)s. It was removed again.", deals=deals)
            if seen["as_expected"]
            else _("A test inquiry did not become a deal while Leadswitch looked. Check the CRM settings.")
        )
    else:
        text = (
            _("A test inquiry stayed a lead, as it should. It was removed again.")
            if seen["as_expected"]
            else _("A test inquiry did not stay a lead. Check the CRM settings.")
        )
    yield bool(seen["as_expected"]), text
    for one in seen.get("kept") or ():
        text = _(
            "Of the test inquiry %(kind)s #%(id)s could not be removed. Delete it by hand.",
            kind=one["what"],
            id=one["id"],
        )
        yield False, text


def _sample(sample: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    missing = sample.get("missing") or ()
    if not missing:
        leads = int(sample["leads"])
        text = ngettext(
            "Looked at again: what was created for %(n)s lead is there.",
            "Looked at again: what was created for %(n)s leads is there.",
            leads,
        )
        yield True, text
    for one in missing:
        text = _(
            "Not found again: %(kind)s #%(id)s of lead #%(lead)s. Somebody may have deleted it since.",
            kind=one["entity"],
            id=one["id"],
            lead=one["lead"],
        )
        yield False, text
