"""Words of ours among the values of findings, where they stand as codes. Must never touch the portal's own words."""

from collections.abc import Callable, Mapping
from typing import Any

from connector.errors import Said

from .words import N_

FIELD_TYPES: Mapping[str, str] = {
    "address": N_("address"),
    "boolean": N_("yes or no"),
    "crm": N_("CRM record"),
    "crm_status": N_("entry of a CRM directory"),
    "date": N_("date"),
    "datetime": N_("date and time"),
    "double": N_("number"),
    "employee": N_("employee"),
    "enumeration": N_("list"),
    "file": N_("file"),
    "iblock_element": N_("list element"),
    "iblock_section": N_("list section"),
    "integer": N_("whole number"),
    "money": N_("money"),
    "string": N_("text"),
    "url": N_("web address"),
}
"""Type of a custom field (`crm.*.userfield.types`) → words; a type of an app keeps its code."""

CHANNELS: Mapping[str, str] = {
    "PHONE": N_("phone"),
    "EMAIL": N_("e-mail"),
    "WEB": N_("website"),
    "IM": N_("messenger"),
    "LINK": N_("link"),
}
"""`typeId` of a multifield → words."""

ADDRESS, STAGE_NOTE = "ADDRESS", "STATUS_DESCRIPTION"
"""What a finding calls a lead's address, and the field whose title the portal does not tell."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "entity": {"contact": N_("contact"), "company": N_("company"), "deal": N_("deal"), "lead": N_("lead")},
    "mode": {"classic": N_("Classic CRM"), "simple": N_("Simple CRM")},
    "what": {
        "tasks": N_("tasks"),
        "quotes": N_("quotes"),
        "records": N_("smart-process records"),
        "references": N_("references in custom fields"),
    },
    "field": {**CHANNELS, ADDRESS: N_("address"), STAGE_NOTE: N_("stage information")},
    "type": {**CHANNELS, **FIELD_TYPES},
    "source_type": FIELD_TYPES,
    "target_type": FIELD_TYPES,
}
"""Name of a place → code → word; all other values come from the portal and stay as they are."""

AMOUNTS = frozenset({"amount", "rows"})
"""Places that hold an amount with its currency."""

FAILURES: Mapping[str, str] = {
    "e-mail": N_("e-mail address “%(value)s”"),
    "workflow": N_("workflow “%(value)s” asks for parameters"),
}
"""First word of `NativeOutcome.fails` → why Bitrix24's own switch fails on a lead; the rest is the value."""


def word_for(place: str, value: Any) -> Any:
    """What is shown for a value: words of ours to be translated, or the value itself; several in a row."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if not isinstance(value, str):
        return value
    if place == "why":
        return failure(value)
    word = WORDS.get(place, {}).get(value)
    return Said(word) if word else value


def failure(fails: str) -> Said | str:
    """`NativeOutcome.fails` in words."""
    kind, _, value = fails.partition(" ")
    return Said(FAILURES[kind], {"value": value}) if kind in FAILURES else fails


def in_words(value: Any, translate: Callable[[str], str]) -> Any:
    """A value from `word_for` or `failure` in the language of `translate`."""
    return translate(value.message) % value.params if isinstance(value, Said) else value
