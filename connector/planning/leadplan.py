"""One lead → its plan: the records to create, the links, the closing, and everything worth saying. Pure; knows no other lead
except through `context.clients`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import channels, products, records
from .activities import plan_activities
from .address import address_fields
from .catalogue import finding
from .clients import NONE, bound_ids
from .clientsteps import ClientSteps
from .context import Context
from .customcarry import Carried, carry
from .customfields import filled, is_empty, written_time
from .mark import mark
from .model import Action, Do, Finding, LeadKind, LeadPlan, LeadSnapshot, NativeOutcome, Severity
from .native import predict
from .native_compare import Comparison
from .options import KEEP, TIMELINE, Timeline
from .related import plan_related
from .vocabulary import ADDRESS, STAGE_NOTE


def kind_of(lead: LeadSnapshot) -> LeadKind:
    """Repeat or new, by `isReturnCustomer`."""
    return LeadKind.REPEAT if lead.fields.get("isReturnCustomer") in ("Y", True) else LeadKind.NEW


def plan_lead(lead: LeadSnapshot, context: Context) -> LeadPlan:
    """Plan one lead. Leads must come in the order of their IDs, so that `client-in-plan` always names the earlier one."""
    work = _Work(lead, context)
    stage = str(lead.fields.get("stageId") or "")
    work.check()
    link = context.links.get(stage)
    if not context.options.leads.takes(lead.fields):
        work.said.append(finding("excluded"))
        actions: tuple[Action, ...] = ()
    else:
        actions = tuple(work.actions())
    if work.failed:
        actions = ()
    elif actions:
        work.clients.remember()
    return LeadPlan(
        id=lead.id,
        title=str(lead.fields.get("title") or ""),
        kind=work.kind,
        stage=stage,
        deal_stage=link.deal_stage if link else "",
        snapshot=lead,
        managed=actions,
        native=work.native(),
        findings=tuple(work.said),
    )


class _Work:
    """The state of planning one lead."""

    def __init__(self, lead: LeadSnapshot, context: Context) -> None:
        self.lead = lead
        self.fields = lead.fields
        self.context = context
        self.options = context.options
        self.kind = kind_of(lead)
        self.said: list[Finding] = []
        self.deal: dict[str, Any] = {}
        self.held = filled(context.facts.user_fields.get("lead", ()), lead.fields)
        self.responsible = self._responsible()
        self.clients = ClientSteps(lead, context, self.responsible, self.said)

    @property
    def failed(self) -> bool:
        """True when a finding keeps this lead from being converted."""
        return any(f.severity is Severity.ERROR for f in self.said)

    def check(self) -> None:
        """Findings that need nothing but the lead and the facts."""
        facts, stage = self.context.facts, str(self.fields.get("stageId") or "")
        link = self.context.links.get(stage)
        if not stage or (self.fields.get("title") is None and "title" not in self.fields):
            self.said.append(
                finding("nothing-readable", fields=[n for n in ("stageId", "title") if n not in self.fields])
            )
        elif link is None:
            known = next((s.name for s in facts.lead_stages if s.id == stage), "")
            code = "stage-not-mapped" if known else "stage-unknown"
            self.said.append(finding(code, stage=known or stage))
        elif not link.deal_stage or link.how == "none":
            self.said.append(finding("stage-not-mapped", stage=link.lead_name))
        currency = str(self.fields.get("currencyId") or "")
        if currency and facts.currencies and currency not in facts.currencies:
            self.said.append(finding("currency-unknown", currency=currency))
        if self.kind is LeadKind.REPEAT:
            self.said.append(finding("repeat-lead"))

    def _responsible(self) -> int:
        """Who the records will belong to; 0 for nobody known."""
        id_ = int(self.fields.get("assignedById") or 0)
        person = self.context.facts.people.get(id_)
        if not id_:
            self.said.append(finding("responsible-missing"))
        elif person is not None and person.active is False:
            if self.options.responsible == KEEP:
                self.said.append(finding("responsible-dismissed", name=person.name or f"#{id_}", id=id_))
            else:
                new = self.context.facts.people.get(int(self.options.responsible))
                name = new.name if new else f"#{self.options.responsible}"
                self.said.append(
                    finding("responsible-replaced", name=person.name or f"#{id_}", id=id_, new=name)
                )
                return int(self.options.responsible)
        for observer in self.fields.get("observers") or ():
            watched = self.context.facts.people.get(int(observer))
            if watched is not None and watched.active is False:
                self.said.append(finding("observer-dismissed", name=watched.name or f"#{observer}"))
        return id_

    # ------------------------------------------------------------------------------------------------- actions

    def actions(self) -> list[Action]:
        """All steps for this lead in the order of execution."""
        clients = self.clients.steps() if self.kind is LeadKind.NEW else self._existing_clients()
        carried = carry(self.context, self.held, self._writable())
        self._put_custom(carried, clients)
        self.said += carried.findings
        deal = self._deal(carried)
        steps = [*clients.values(), *self._address(), deal, *carried.files]
        rows = products.deal_rows(self.lead.products)
        if rows:
            steps.append(Action("products", Do.SET_PRODUCTS, {"rows": rows}))
        moves, said = plan_activities(self.lead.activities, self.options.activities)
        steps += moves
        self.said += said
        related, said = plan_related(self.lead, self.context.referrers, self.options.related)
        steps += related
        self.said += said
        if self.options.timeline is Timeline.BIND:
            steps.append(Action("comments", Do.BIND_COMMENTS, {}))
        steps += self._history()
        steps += self._origin()
        steps += self._closing(clients)
        self._leftover()
        return steps

    def _existing_clients(self) -> dict[str, Action]:
        """A repeat lead keeps its clients as they are."""
        contacts, companies = bound_ids("contact", self.lead), bound_ids("company", self.lead)
        if not contacts and not companies:
            self.said.append(finding("repeat-without-client"))
        return {}

    # --------------------------------------------------------------------------------------- custom fields, address

    def _writable(self) -> dict[str, Mapping[str, Any] | None]:
        """Entity → fields that it has already (None: a new record), for every record of this lead that takes values."""
        out: dict[str, Mapping[str, Any] | None] = {"deal": None}
        for entity, decision in self.clients.decisions.items():
            if decision.how == "new":
                out[entity] = None
            elif decision.match is not None and decision.match.fields:
                out[entity] = self.context.clients.after(decision.match)
        return out

    def _put_custom(self, carried: Carried, clients: Mapping[str, Action]) -> None:
        for entity, values in carried.values.items():
            if entity in self.clients.created:
                self.clients.created[entity].update(values)
            elif entity in clients and values:
                fill = clients[entity].params["fill"]
                fill.update({k: v for k, v in values.items() if k not in fill})

    def _address(self) -> list[Action]:
        address = address_fields(self.lead)
        if not address:
            return []
        entity = next((e for e in ("contact", "company") if e in self.clients.created), "")
        if not entity:
            text = ", ".join(
                str(v) for k, v in sorted(self.lead.address.items()) if v and not k.endswith("_ID")
            )
            self.said.append(finding("value-dropped", field=ADDRESS, value=text))
            return []
        self.said.append(finding("address-copied", entity=entity))
        return [Action(f"address:{entity}", Do.ADD_ADDRESS, {"entity": entity, "address": address})]

    # ------------------------------------------------------------------------------------------------- deal, closing

    def _deal(self, carried: Carried) -> Action:
        lead, parents = self.lead, records.parents(self.context.parents, self.lead)
        fields = {**records.standard("deal", self.fields), **parents, "leadId": lead.id}
        if not str(fields.get("title") or "").strip():
            fields["title"] = f"#{lead.id}"
            self.said.append(finding("no-deal-title", title=fields["title"]))
        if "additionalInfo" in fields:
            self.said.append(
                finding(
                    "note-moved",
                    field=self.context.titles["lead"].get("statusDescription", STAGE_NOTE),
                )
            )
        for key in sorted(parents):
            self.said.append(
                finding("parent-carried", id=fields[key], field=self.context.titles["lead"].get(key, key))
            )
        amount, said = products.amount_fields(self.fields, lead.products)
        self.said += said
        fields |= amount
        if self.responsible:
            fields["assignedById"] = self.responsible
        link = self.context.links.get(str(self.fields.get("stageId") or ""))
        stage = link.deal_stage if link else ""
        if self.context.new_pipeline:
            fields |= {"categoryId": {"ref": "pipeline"}, "stageId": {"ref": "pipeline", "stage": stage}}
        else:
            fields |= {"categoryId": int(self.options.pipeline), "stageId": stage}
        fields |= self._deal_clients()
        fields |= carried.values.get("deal", {})
        created = carried.created_key
        if created and self.fields.get("createdTime"):
            fields[created] = self.fields["createdTime"]
        self.deal = fields | mark(lead.id, "deal")
        return Action("deal", Do.CREATE_DEAL, {"fields": self.deal})

    def _deal_clients(self) -> dict[str, Any]:
        contacts: list[Any] = list(bound_ids("contact", self.lead))
        companies: list[Any] = list(bound_ids("company", self.lead))
        for entity, ids in (("contact", contacts), ("company", companies)):
            if not ids and self.clients.decisions.get(entity, NONE).how != "none":
                ids.append(self.clients.id_of(entity))
        out: dict[str, Any] = {}
        if contacts:
            out["contactIds"] = contacts
        if companies:
            out["companyId"] = companies[0]
        return out

    def _history(self) -> list[Action]:
        """When the lead was created and where it stood, in the portal's own words, for the timeline of the deal."""
        created = str(self.fields.get("createdTime") or "")
        if self.options.created_field != TIMELINE or not created:
            return []
        names, link = (
            self.context.titles["lead"],
            self.context.links.get(str(self.fields.get("stageId") or "")),
        )
        lines = [f"{names.get('createdTime', 'createdTime')}: {written_time(created)}"]
        if link:
            lines.append(f"{names.get('stageId', 'stageId')}: {link.lead_name}")
        title = f"#{self.lead.id} {self.fields.get('title') or ''}".strip()
        return [Action("history", Do.NOTE_HISTORY, {"title": title, "text": "\n".join(lines)})]

    def _origin(self) -> list[Action]:
        originator, origin = self.fields.get("originatorId"), self.fields.get("originId")
        if is_empty(originator) and is_empty(origin):
            return []
        self.said.append(finding("origin-taken", originator=originator or origin))
        return [
            Action("origin", Do.RESTORE_ORIGIN, {"originatorId": originator or "", "originId": origin or ""})
        ]

    def _closing(self, clients: Mapping[str, Action]) -> list[Action]:
        stage = self.context.close_stage
        steps = [Action("close", Do.CLOSE_LEAD, {"stage": stage.id if stage else "CONVERTED"})]
        bound = bound_ids("contact", self.lead)
        if "contact" in clients and not bound:
            company = self.clients.id_of("company") if "company" in clients else None
            steps.append(
                Action(
                    "link", Do.LINK_LEAD, {"contacts": [self.clients.id_of("contact")], "company": company}
                )
            )
        return steps

    def _leftover(self) -> None:
        """What has no place: said here, value by value."""
        self.said += self.clients.channels.findings
        has = {e for e, d in self.clients.decisions.items() if d.how != "none"}
        names = self.context.titles["lead"]
        if self.kind is LeadKind.REPEAT:
            self._leftover_channels([m.fields for m in self.lead.matches])
        elif not has:
            self._leftover_channels([])
        if "contact" not in has:
            lost = [n for n in records.PERSON if not is_empty(self.fields.get(n))]
            self.said += [
                finding("value-dropped", field=names.get(n, n), value=str(self.fields[n])) for n in lost
            ]
        if "company" not in has and not is_empty(self.fields.get("companyTitle")):
            field = names.get("companyTitle", "companyTitle")
            self.said.append(finding("value-dropped", field=field, value=self.fields["companyTitle"]))
        if self.fields.get("webformId"):
            self.said.append(finding("webform-dropped", id=self.fields["webformId"]))
        deals = [f"#{r['id']} “{r['title']}”" for r in self.lead.related if r.get("entity") == "deal"]
        if deals:
            self.said.append(finding("deal-exists", deals=deals))
        self.said += records.unplaced(self.context.placed, names, self.lead)

    def native(self) -> NativeOutcome:
        """What Bitrix24's own switch would do, compared with the managed deal where there is one."""
        outcome = predict(self.lead, self.context, self.held)
        if outcome.fails or not self.deal:
            return outcome
        compared = Comparison(self.lead, self.context, self.held, outcome, self.deal, self.clients.decisions)
        return replace(outcome, differences=compared.differences())

    def _leftover_channels(self, existing: list[Mapping[str, Any]]) -> None:
        rows: tuple[Mapping[str, Any], ...] = self.clients.channels.rows
        for fields in existing:
            rows = channels.missing(rows, channels.known(fields, self.clients.country), self.clients.country)
        self.said += [finding("value-dropped", field=r["typeId"], value=r["value"]) for r in rows]
