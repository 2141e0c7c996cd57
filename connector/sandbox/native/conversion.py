"""Bitrix24's own conversion of one lead: company → contact → deal → finalization (native_switch.md 2).

No duplicate search, no stage mapping, no way back for the person who asked; a failure deletes what this run created
(when `undo` is on) and leaves the lead as it was. It never decides which leads are converted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.crm import activities, addresses, items, multifields, products, stages, timeline
from connector.sandbox.errors import RestError
from connector.sandbox.native import mapping
from connector.sandbox.tables import Row
from connector.sandbox.world import COMPANY, CONTACT, DEAL, LEAD, Actor, World

ON_CREATE = 1
_DOCUMENTS = {CONTACT: "CCrmDocumentContact", COMPANY: "CCrmDocumentCompany", DEAL: "CCrmDocumentDeal"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a lead becomes. `category_id` 0 is the default pipeline; `sync_fields` creates missing custom fields."""

    contact: bool = True
    company: bool = False
    category_id: int = 0
    complete_activities: bool = False
    sync_fields: bool = True
    check_workflows: bool = True
    undo: bool = True

    def targets(self) -> tuple[int, ...]:
        """Entity types in the converter's own order."""
        chosen = ((COMPANY, self.company), (CONTACT, self.contact), (DEAL, True))
        return tuple(kind for kind, wanted in chosen if wanted)


@dataclass(frozen=True, slots=True)
class Converted:
    """What one lead became; a client that was there already is named too. 0 means none."""

    lead_id: int
    deal_id: int
    contact_id: int = 0
    company_id: int = 0


class ConversionError(Exception):
    """One lead was left behind; `code` as in native_switch.md 2.4, the text says which record was refused."""

    def __init__(self, lead_id: int, code: str, text: str) -> None:
        super().__init__(f"lead {lead_id}: {code}: {text}")
        self.lead_id, self.code, self.text = lead_id, code, text


def convert(world: World, lead_id: int, scheme: Scheme, actor: Actor) -> Converted:
    """Convert one lead or raise ConversionError."""
    with world.lock:
        lead = world.leads.get(lead_id)
        if lead is None:
            raise ConversionError(lead_id, "NOT_FOUND", "The lead was not found.")
        conversion = _Conversion(world, lead, scheme, actor)
        conversion.check()
        try:
            return conversion.execute()
        except (RestError, ConversionError) as error:
            if scheme.undo:
                conversion.undo()
            if isinstance(error, ConversionError):
                raise
            raise ConversionError(lead_id, "CREATE_FAILED", error.description) from error


def workflow_obstacles(world: World, targets: tuple[int, ...]) -> list[str]:
    """Names of workflows that start when a target is created and ask for parameters."""
    documents = {_DOCUMENTS[target] for target in targets}
    return [
        str(template["NAME"])
        for template in world.workflow_templates
        if template["DOCUMENT_TYPE"][1] in documents
        and template["AUTO_EXECUTE"] & ON_CREATE
        and template["PARAMETERS"]
    ]


@dataclass(slots=True)
class _Conversion:
    """The conversion of one lead while it runs; `created` holds its new records, newest last."""

    world: World
    lead: Row
    scheme: Scheme
    actor: Actor
    created: list[tuple[int, int]] = field(default_factory=list)
    contact_id: int = 0
    company_id: int = 0

    @property
    def lead_id(self) -> int:
        return int(self.lead["ID"])

    @property
    def targets(self) -> tuple[int, ...]:
        return (DEAL,) if self.lead["IS_RETURN_CUSTOMER"] else self.scheme.targets()

    def check(self) -> None:
        """The conditions that stop a lead before anything is created."""
        if not self.world.settings.autocreation:
            text = "Creating records by conversion is switched off."
            raise ConversionError(self.lead_id, "AUTOCREATION_DISABLED", text)
        blocked = workflow_obstacles(self.world, self.targets) if self.scheme.check_workflows else []
        if blocked:
            text = f"A workflow asks for parameters: {blocked[0]}."
            raise ConversionError(self.lead_id, "HAS_WORKFLOWS", text)

    def execute(self) -> Converted:
        if self.scheme.sync_fields:
            mapping.synchronize(self.world, self.targets, self.actor)
        if COMPANY in self.targets:
            self.company_id = self._client(COMPANY, {})
        if CONTACT in self.targets:
            self.contact_id = self._client(
                CONTACT, {"COMPANY_ID": self.company_id} if self.company_id else {}
            )
        deal_id = self._deal()
        self._finalize()
        made = ((DEAL, deal_id), (CONTACT, self.contact_id), (COMPANY, self.company_id))
        self._share_history([target for target in made if target[1]])
        return Converted(self.lead_id, deal_id, self.contact_id, self.company_id)

    def undo(self) -> None:
        """Delete what this run created, newest first."""
        for kind, row_id in reversed(self.created):
            with contextlib.suppress(RestError):
                items.delete(self.world, kind, row_id, self.actor)

    def _create(self, kind: int, values: dict[str, Any]) -> int:
        row_id = items.create(self.world, kind, values, self.actor)
        self.created.append((kind, row_id))
        return row_id

    def _client(self, kind: int, links: dict[str, int]) -> int:
        """The client of this lead: the one an earlier conversion made, unchanged, else a new one; no duplicate search."""
        known = self.world.entities(kind).find("LEAD_ID", self.lead_id)
        if known:
            return known[0]
        values = mapping.fields_for(self.world, self.lead, kind) | links
        try:
            for _id, multi, _sort, value in values["FM"]:
                if multi == "EMAIL":
                    multifields.check_email(value)
        except RestError as error:
            raise ConversionError(self.lead_id, "INVALID_FIELDS", error.description) from error
        return self._create(kind, values)

    def _deal(self) -> int:
        world, lead = self.world, self.lead
        rows = mapping.product_rows(world, self.lead_id, world.deals.find("LEAD_ID", self.lead_id))
        values = mapping.fields_for(world, lead, DEAL)
        if self.scheme.category_id > 0:
            values["CATEGORY_ID"] = self.scheme.category_id
        if lead["IS_RETURN_CUSTOMER"]:
            values["CONTACT_IDS"], values["COMPANY_ID"] = lead["CONTACT_IDS"], lead["COMPANY_ID"]
        else:
            values["CONTACT_IDS"] = (self.contact_id,) if self.contact_id else ()
            values["COMPANY_ID"] = self.company_id
        if rows:
            row_type = world.product_rows.row_type
            values["OPPORTUNITY"], values["TAX_VALUE"] = products.total([row_type(row) for row in rows])
        deal_id = self._create(DEAL, values)
        for row in rows:
            products.insert(world, "D", deal_id, row)
        self._link_requisite(deal_id, values)
        return deal_id

    def _link_requisite(self, deal_id: int, values: Mapping[str, Any]) -> None:
        """The deal uses the default requisite of its company, else of its contact (2.7)."""
        clients = [
            (COMPANY, values["COMPANY_ID"]),
            *((CONTACT, row_id) for row_id in values["CONTACT_IDS"][:1]),
        ]
        found = (addresses.default_link(self.world, kind, row_id) for kind, row_id in clients if row_id)
        link = next((one for one in found if one is not None), None)
        if link is not None:
            addresses.link(self.world, DEAL, deal_id, link)

    def _finalize(self) -> None:
        """One update of the lead: converted, with the clients of this run. It does not become a repeat lead (2.2)."""
        repeat = self.lead["IS_RETURN_CUSTOMER"]
        values: dict[str, Any] = {}
        if self.lead["STATUS_SEMANTIC_ID"] != "S":
            final = [
                row["STATUS_ID"] for row in stages.entries(self.world, "STATUS") if row["SEMANTICS"] == "S"
            ]
            values["STATUS_ID"] = "CONVERTED" if "CONVERTED" in final else final[0]
        if self.contact_id:
            values["CONTACT_ID"] = self.contact_id
        if self.company_id:
            values["COMPANY_ID"] = self.company_id
        options = items.Options(complete=self.scheme.complete_activities)
        items.update(self.world, LEAD, self.lead_id, values, actor=self.actor, options=options)
        self.world.leads.change(self.lead_id, {"IS_RETURN_CUSTOMER": repeat})

    def _share_history(self, targets: list[tuple[int, int]]) -> None:
        """Activities and timeline entries get a further binding; they stay on the lead as well (2.8)."""
        world = self.world
        for target in targets:
            for row in activities.bound_to(world, LEAD, self.lead_id):
                if target not in row["BINDINGS"] and len(row["BINDINGS"]) < activities.MAX_BINDINGS:
                    activities.bind(world, row["ID"], target, self.actor)
            for table in (world.comments, world.log_messages):
                for row in timeline.bound_to(world, LEAD, self.lead_id, table):
                    timeline.bind(world, row["ID"], target)
