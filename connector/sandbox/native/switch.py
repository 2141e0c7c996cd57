"""Bitrix24's own CRM-mode switch: which leads it takes, in which order, what stops it, and the flip at the end.

Convert first, flip last; one lead at a time, by id; a lead that fails is left behind open, and on the web the mode is
flipped nevertheless (native_switch.md 1 and 4). Three variants are kept apart because the sources disagree on the
dialog; nobody here has seen a live portal. It renders no dialog.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.sandbox.native import mapping
from connector.sandbox.native.conversion import (
    ConversionError,
    Converted,
    Scheme,
    convert,
    workflow_obstacles,
)
from connector.sandbox.world import CLASSIC, SIMPLE, Actor, ConverterConfig, World


@dataclass(frozen=True, slots=True)
class Variant:
    """How one dialog behaves. `fixed` replaces what the person chose; `stops_on_error` gives up at the first failure.

    `all_leads`: the mobile dialog ignores permissions when it looks for active leads (1.1).
    """

    name: str
    fixed: Scheme | None = None
    stops_on_error: bool = False
    all_leads: bool = False
    stores_config: bool = True


VARIANTS: Mapping[str, Variant] = {
    "documented": Variant("documented"),
    "mobile": Variant("mobile", stops_on_error=True, all_leads=True),
    "older-web": Variant(
        "older-web",
        fixed=Scheme(contact=True, company=True, category_id=0, complete_activities=True),
        stores_config=False,
    ),
}


class SwitchError(Exception):
    """The switch did not start; `code` says why, nothing was changed."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def active_leads(world: World, actor: Actor | None = None) -> list[int]:
    """Ids of the leads still in work, ascending; only those the employee may see when one is given."""
    ids = world.leads.find("STATUS_SEMANTIC_ID", "P")
    user = world.user(actor.user_id) if actor is not None else None
    if user is not None and user.role == "employee":
        ids = [row_id for row_id in ids if world.leads.rows[row_id]["ASSIGNED_BY_ID"] == user.id]
    return ids


def set_mode(world: World, mode: int) -> None:
    """The flip itself. Back to Classic also allows conversion to create records again; no deal becomes a lead (4)."""
    with world.lock:
        if mode == CLASSIC:
            world.settings.autocreation = True
        world.settings.mode = mode
        world.count("mode.flips")


class NativeSwitch:
    """One pass through the dialog: `prepare`, `step` until it answers False, then `finish`; or `cancel` at any time."""

    def __init__(self, world: World, actor: Actor, variant: str, scheme: Scheme) -> None:
        self._world, self._actor = world, actor
        self.variant = VARIANTS[variant]
        if self.variant.fixed is not None:
            scheme = replace(self.variant.fixed, sync_fields=scheme.sync_fields)
        elif not scheme.contact and not scheme.company:
            scheme = replace(scheme, contact=True)  # setConverterConfig adds the contact (1.4)
        self.scheme = scheme
        self.total = 0
        self.converted: list[Converted] = []
        self.failed: list[ConversionError] = []
        self.cancelled = False
        self.flipped = False
        self._last = 0

    def prepare(self) -> None:
        """Count the leads; raises SwitchError when the portal refuses to begin at all."""
        with self._world.lock:
            self.total = len(self._ids())
            if not self.total:
                return
            if not self._world.settings.autocreation:
                raise SwitchError("AUTOCREATION_DISABLED", "Creating records by conversion is switched off.")
            blocked = workflow_obstacles(self._world, self.scheme.targets())
            # Fields to be synchronized hide this error from the dialog (1.2); then each lead fails by itself.
            if blocked and not mapping.missing(self._world, self.scheme.targets()):
                raise SwitchError("HAS_WORKFLOWS", f"A workflow asks for parameters: {blocked[0]}.")
            if self.variant.stores_config:
                self._world.converter = ConverterConfig(
                    create_contact=self.scheme.contact,
                    create_company=self.scheme.company,
                    category_id=self.scheme.category_id,
                    complete_activities=self.scheme.complete_activities,
                )

    def step(self) -> bool:
        """Convert the next lead; False when there is none left, after a cancel, or after the failure that stops it."""
        with self._world.lock:
            if self.cancelled or (self.failed and self.variant.stops_on_error):
                return False
            following = next((row_id for row_id in self._ids() if row_id > self._last), None)
            if following is None:
                return False
            self._last = following
            try:
                self.converted.append(convert(self._world, following, self.scheme, self._actor))
            except ConversionError as error:
                self.failed.append(error)
            return True

    def cancel(self) -> None:
        """Stop here: what is converted stays converted, the mode stays Classic (1.1)."""
        self.cancelled = True

    def finish(self) -> bool:
        """Flip to Simple unless the pass was cancelled or stopped; whether it was flipped."""
        if not self.cancelled and not (self.failed and self.variant.stops_on_error):
            set_mode(self._world, SIMPLE)
            self.flipped = True
        return self.flipped

    def run(self, limit: int | None = None) -> dict[str, Any]:
        """The whole pass at once; *limit* cancels after that many leads, as somebody pressing Stop would."""
        self.prepare()
        while limit is None or len(self.converted) + len(self.failed) < limit:
            if not self.step():
                break
        else:
            self.cancel()
        self.finish()
        return self.report()

    def report(self) -> dict[str, Any]:
        """JSON: counts, what each lead became, who was left behind and why, and whether the mode was flipped."""
        return {
            "variant": self.variant.name,
            "total": self.total,
            "converted": [
                {"lead": c.lead_id, "deal": c.deal_id, "contact": c.contact_id, "company": c.company_id}
                for c in self.converted
            ],
            "failed": [{"lead": e.lead_id, "code": e.code, "text": e.text} for e in self.failed],
            "cancelled": self.cancelled,
            "flipped": self.flipped,
        }

    def _ids(self) -> list[int]:
        return active_leads(self._world, None if self.variant.all_leads else self._actor)
