"""Pieces that several pages show: a named value, a finding in words, a line of a comparison. Shows what others decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.i18n import _, amount
from connector.planning.catalogue import advice, render
from connector.planning.model import Finding
from connector.web import words


@dataclass(frozen=True, slots=True)
class Item:
    """A value with its name."""

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A field and its value; `mark` is `lost` where a finding says so, `note` explains."""

    label: str
    value: str
    mark: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding in words."""

    code: str
    severity: str
    label: str
    message: str
    advice: str
    leads: int = 0


@dataclass(frozen=True, slots=True)
class CompareRow:
    """One line of the comparison; `better` is `managed` where Leadswitch keeps more."""

    label: str
    managed: str
    native: str
    differs: bool = False
    better: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Leadswitch beside Bitrix24's own dialog; `note` names the variant and that it is a prediction."""

    note: str
    rows: tuple[CompareRow, ...]
    differences: tuple[FindingView, ...] = ()


def finding_view(item: Finding, leads: int = 0) -> FindingView:
    """A finding in the reader's language."""
    severity = item.severity.value
    return FindingView(
        item.code,
        severity,
        _(words.SEVERITY_WORDS[severity]),
        render(item, _, amount),
        advice(item, _),
        leads,
    )


def variant_note(variant: str) -> str:
    """What the native column stands for."""
    notes = {
        "documented": _("A prediction after Bitrix24's user guide; it was not seen on a live portal."),
        "mobile": _("A prediction of the mobile app's dialog; it was not seen on a live portal."),
        "older-web": _("A prediction after an older web version; it was not seen on a live portal."),
    }
    return notes.get(variant, variant)
