"""The one contract of the companion's REST methods, as a table: portal, call, answer. The PHP file and the sandbox are both held to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERSION = "1.0.0"
METHODS = ("leadswitch.crm.mode.set", "leadswitch.crm.converter.get", "leadswitch.crm.converter.set")
CONVERTER = {"contact": True, "company": False, "categoryId": 0, "completeActivities": False}
PIPELINE = 2
"""A pipeline that every portal of the table has beside the general one (0)."""


@dataclass(frozen=True)
class Refused:
    """An error answer."""

    code: str
    text: str
    status: int = 400


@dataclass(frozen=True)
class Given:
    """A portal before the call."""

    mode: int = 1
    in_work: int = 0
    leads_in_plan: bool = True
    may_configure: bool = True
    read_only: bool = False
    converter: dict[str, Any] = field(default_factory=lambda: dict(CONVERTER))


@dataclass(frozen=True)
class Case:
    """One call and its answer. `mode`: what the portal reports afterwards; None: the same as before."""

    name: str
    method: str
    params: dict[str, Any]
    answer: dict[str, Any] | Refused
    given: Given = Given()
    mode: int | None = None


def _set(mode: object, **more: object) -> dict[str, Any]:
    return {"mode": mode, **more}


def _mode(now: int, previous: int, leftovers: int = 0) -> dict[str, Any]:
    return {"mode": now, "previous": previous, "leftovers": leftovers}


def _converter(**changed: Any) -> dict[str, Any]:
    return {**CONVERTER, **changed}


MODE, GET, SET = METHODS
WRONG_MODE = Refused("LEADSWITCH_WRONG_MODE", "The mode must be 1 (classic) or 2 (simple).")
IN_WORK = Refused("LEADSWITCH_LEADS_IN_WORK", "3 leads are in work. Pass leftovers=3 to leave them behind.")
NO_LEADS = Refused("LEADSWITCH_LEADS_UNAVAILABLE", "Leads are not available in the plan of this portal.")
NO_PIPELINE = Refused("LEADSWITCH_WRONG_PIPELINE", "There is no pipeline 99999.")
DENIED = Refused("ACCESS_DENIED", "You may not change CRM settings.", 403)
READ_ONLY = Refused("ACCESS_DENIED", "The companion is installed read-only.", 403)
BUSY, SIMPLE, WITHOUT = Given(in_work=3), Given(mode=2), Given(leads_in_plan=False)
EMPLOYEE, LOCKED = Given(may_configure=False), Given(read_only=True)
BOTH = Given(converter=_converter(company=True, categoryId=PIPELINE, completeActivities=True))

CASES: tuple[Case, ...] = (
    Case("version", "leadswitch.version", {}, {"version": VERSION, "methods": list(METHODS)}),
    Case("simple", MODE, _set(2), _mode(2, 1), mode=2),
    Case("simple by name", MODE, _set("Simple"), _mode(2, 1), mode=2),
    Case("simple as text", MODE, _set("2"), _mode(2, 1), mode=2),
    Case("names in upper case", MODE, {"MODE": 2}, _mode(2, 1), mode=2),
    Case("classic", MODE, _set(1), _mode(1, 2), SIMPLE, mode=1),
    Case("classic by name", MODE, _set("classic"), _mode(1, 2), SIMPLE, mode=1),
    Case("classic again", MODE, _set(1), _mode(1, 1)),
    Case("simple again", MODE, _set(2), _mode(2, 2), SIMPLE),
    Case("classic with leads in work", MODE, _set(1), _mode(1, 2), Given(mode=2, in_work=3), mode=1),
    Case("no mode", MODE, {}, WRONG_MODE),
    Case("unknown mode", MODE, _set("fancy"), WRONG_MODE),
    Case("mode 3", MODE, _set(3), WRONG_MODE),
    Case("mode true", MODE, _set(True), WRONG_MODE),
    Case("no mode at all", MODE, _set(None), WRONG_MODE),
    Case("leads in work", MODE, _set(2), IN_WORK, BUSY),
    Case("too few leftovers", MODE, _set(2, leftovers=2), IN_WORK, BUSY),
    Case("too many leftovers", MODE, _set(2, leftovers=4), IN_WORK, BUSY),
    Case("empty leftovers", MODE, _set(2, leftovers=""), IN_WORK, BUSY),
    Case("exact leftovers", MODE, _set(2, leftovers=3), _mode(2, 1, 3), BUSY, mode=2),
    Case("exact leftovers as text", MODE, _set(2, leftovers="3"), _mode(2, 1, 3), BUSY, mode=2),
    Case("another name of leftovers", MODE, _set(2, leads=3), IN_WORK, BUSY),
    Case("simple again with leads in work", MODE, _set(2), IN_WORK, Given(mode=2, in_work=3)),
    Case("no classic in the plan", MODE, _set(1), NO_LEADS, WITHOUT),
    Case("simple without classic in the plan", MODE, _set(2), _mode(2, 2), WITHOUT),
    Case("employee sets the mode", MODE, _set(2), DENIED, EMPLOYEE),
    Case("employee sets a wrong mode", MODE, _set(9), DENIED, EMPLOYEE),
    Case("mode is read-only", MODE, _set(2), READ_ONLY, LOCKED),
    Case("converter", GET, {}, CONVERTER),
    Case("converter of another portal", GET, {}, BOTH.converter, BOTH),
    Case("converter is read where it may not be set", GET, {}, CONVERTER, LOCKED),
    Case("employee reads the converter", GET, {}, DENIED, EMPLOYEE),
    Case("nothing to set", SET, {}, BOTH.converter, BOTH),
    Case("company", SET, {"company": "Y", "contact": "N"}, _converter(contact=False, company=True)),
    Case("both, by true and 1", SET, {"company": True, "contact": "1"}, _converter(company=True)),
    Case("neither makes a contact", SET, {"company": "N", "contact": False}, CONVERTER),
    Case("pipeline", SET, {"categoryId": str(PIPELINE)}, _converter(categoryId=PIPELINE)),
    Case("general pipeline", SET, {"categoryId": 0}, {**BOTH.converter, "categoryId": 0}, BOTH),
    Case("unknown pipeline", SET, {"categoryId": 99999}, NO_PIPELINE),
    Case("activities", SET, {"completeActivities": "Y"}, _converter(completeActivities=True)),
    Case("employee sets the converter", SET, {"company": "Y"}, DENIED, EMPLOYEE),
    Case("converter is read-only", SET, {"company": "Y"}, READ_ONLY, LOCKED),
)
