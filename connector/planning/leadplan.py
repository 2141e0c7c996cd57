"""One lead → its plan: the records to create, the links, the closing, and everything worth saying. Pure; knows no other lead
except through `context.clients`.
"""

from collections.abc import Mapping
from typing import Any

from . import channels, products, records
from .activities import plan_activities
from .address import address_fields
from .catalogue import finding
from .clients import NONE, Decision, InPlan, Planned, bound_ids, decide
from .context import Context
from .customcarry import Carried, carry
from .customfields import is_empty
from .model import Action, Do, Finding, LeadKind, LeadPlan, LeadSnapshot, Severity
from .native import predict
from .options import KEEP, CompanyTitle, Timeline

MARK = "leadswitch"
CLIENTS = ("company", "contact")
_DO = {
    ("contact", "new"): Do.CREATE_CONTACT,
    ("contact", "found"): Do.LINK_CONTACT,
    ("contact", "linked"): Do.LINK_CONTACT,
    ("contact", "planned"): Do.REUSE_CONTACT,
    ("company", "new"): Do.CREATE_COMPANY,
    ("company", "found"): Do.LINK_COMPANY,
    ("company", "linked"): Do.LINK_COMPANY,
    ("company", "planned"): Do.REUSE_COMPANY,
}


def mark(lead_id: int, ref: str) -> dict[str, str]:
    """The marker by which a record of ours is found again; `ref` is `deal`, `contact` or `company`."""
    return {"originatorId": MARK, "originId": f"lead:{lead_id}:{ref}"}


def kind_of(lead: LeadSnapshot) -> LeadKind:
    """Repeat or new, by `isReturnCustomer`."""
    return LeadKind.REPEAT if lead.fields.get("isReturnCustomer") in ("Y", True) else LeadKind.NEW


def plan_lead(lead: LeadSnapshot, context: Context) -> LeadPlan:
    """Plan one lead. Leads must come in the order of their IDs, so that `client-in-plan` always names the earlier one."""
    work = _Work(lead, context)
    stage = str(lead.fields.get("stageId") or "")
    work.check()
    link = context.links.get(stage)
    if lead.id in context.excluded:
        work.said.append(finding("excluded"))
        actions: tuple[Action, ...] = ()
    else:
        actions = tuple(work.actions())
    if work.failed:
        actions = ()
    elif actions:
        work.remember()
    return LeadPlan(
        id=lead.id,
        title=str(lead.fields.get("title") or ""),
        kind=work.kind,
        stage=stage,
        deal_stage=link.deal_stage if link else "",
        snapshot=lead,
        managed=actions,
        native=predict(lead, context, work.deal, work.matched),
        findings=tuple(work.said),
    )


class _Work:
    """The state of planning one lead."""

    def __init__(self, lead: LeadSnapshot, context: Context) -> None:
        self.lead = lead
        self.fields = lead.fields
        self.context = context
        self.options = context.options
        self.country = context.facts.country
        self.kind = kind_of(lead)
        self.said: list[Finding] = []
        self.deal: dict[str, Any] = {}
        self.channels = channels.sort_out(lead.fields, self.country)
        self.keys = channels.keys(lead.fields, self.country)
        self.decisions: dict[str, Decision] = {}
        self.created: dict[str, dict[str, Any]] = {}
        self.responsible = self._responsible()

    @property
    def failed(self) -> bool:
        """True when a finding keeps this lead from being converted."""
        return any(f.severity is Severity.ERROR for f in self.said)

    @property
    def matched(self) -> Mapping[str, Decision]:
        """The decision per client entity, for the comparison with the native switch."""
        return self.decisions

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
        clients = self._clients() if self.kind is LeadKind.NEW else self._existing_clients()
        carried = carry(self.lead, self.context, self._writable())
        self._put_custom(carried, clients)
        self.said += carried.findings
        deal = self._deal(carried)
        steps = [*clients.values(), *self._address(), deal]
        rows = products.deal_rows(self.lead.products)
        if rows:
            steps.append(Action("products", Do.SET_PRODUCTS, {"rows": rows}))
        moves, said = plan_activities(self.lead.activities, self.options.activities)
        steps += moves
        self.said += said
        if self.options.timeline is Timeline.BIND:
            steps.append(Action("comments", Do.BIND_COMMENTS, {}))
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

    def _clients(self) -> dict[str, Action]:
        """The company first, so that a new contact can name it."""
        found: dict[str, Action] = {}
        for entity in CLIENTS:
            decision = self._decide(entity)
            self.decisions[entity] = decision
            self.said += decision.findings
            if decision.how != "none":
                found[entity] = self._client(entity, decision, found)
        if not found:
            self.said.append(finding("no-client"))
        if not self.keys:
            self.said.append(finding("no-contact-data"))
        return found

    def _decide(self, entity: str) -> Decision:
        if bound_ids(entity, self.lead):
            return decide(entity, self.lead, self.options, self.keys, self.context.clients)
        if entity == "contact" and not self.options.makes_contact:
            return NONE
        if entity == "company" and not (self.options.makes_company and self._company_title()):
            return NONE
        return decide(entity, self.lead, self.options, self.keys, self.context.clients)

    def _company_title(self) -> str:
        given = str(self.fields.get("companyTitle") or "").strip()
        if given or self.options.company_title is CompanyTitle.GIVEN:
            return given
        return str(self.fields.get("title") or "").strip()

    def _takes_channels(self, entity: str) -> bool:
        """Phones and e-mails go to the contact; to the company where there is no contact."""
        return entity == "contact" or not (self.options.makes_contact or bound_ids("contact", self.lead))

    def _client(self, entity: str, decision: Decision, before: Mapping[str, Action]) -> Action:
        do = _DO[entity, decision.how]
        rows = self.channels.rows if self._takes_channels(entity) else ()
        if decision.how == "new":
            fields = self._new(entity, before)
            if rows:
                fields["fm"] = [dict(r) for r in rows]
            self.created[entity] = fields
            return Action(entity, do, {"fields": fields})
        have: Mapping[str, Any]
        if decision.planned is not None:
            have, id_ = decision.planned.fields, decision.planned.lead
            fields = self._new(entity, before, quiet=True) | ({"fm": [dict(r) for r in rows]} if rows else {})
            params: dict[str, Any] = {"lead": id_, "fields": fields}
        else:
            assert decision.match is not None
            have, id_ = decision.match.fields, decision.match.id
            params = {"id": id_}
        params["fill"] = records.fill(entity, self.fields, have) if have else {}
        params["add_fm"] = [dict(r) for r in channels.missing(rows, have, self.country)] if have else []
        if entity == "contact" and "company" in before and is_empty(have.get("companyId") or None) and have:
            params["fill"] = {**params["fill"], "companyId": self._id_of("company")}
        self._said_kept(entity, decision, have)
        return Action(entity, do, params)

    def _said_kept(self, entity: str, decision: Decision, have: Mapping[str, Any]) -> None:
        id_ = (
            decision.match.id
            if decision.match
            else f"(lead {decision.planned.lead})"
            if decision.planned
            else ""
        )
        self.said += records.kept(entity, id_, self.fields, have, self.context.titles["lead"])

    def _new(self, entity: str, before: Mapping[str, Action], *, quiet: bool = False) -> dict[str, Any]:
        """Fields of a client to create, without phones and custom fields."""
        fields = {**records.standard(entity, self.fields), "leadId": self.lead.id}
        if self.responsible:
            fields["assignedById"] = self.responsible
        if entity == "company":
            fields["title"] = self._company_title()
        else:
            if is_empty(fields.get("name")) and is_empty(fields.get("lastName")):
                fields["name"] = self.options.contact_name
                if not quiet:
                    self.said.append(finding("no-name", name=self.options.contact_name))
            if "company" in before:
                fields["companyId"] = self._id_of("company")
        return fields | mark(self.lead.id, entity)

    def _id_of(self, entity: str) -> Any:
        """The ID of this lead's client where it is known, else a reference to the action that yields it."""
        match = self.decisions[entity].match
        return match.id if match is not None else {"ref": entity}

    # --------------------------------------------------------------------------------------- custom fields, address

    def _writable(self) -> dict[str, Mapping[str, Any] | None]:
        """Entity → fields that it has already (None: a new record), for every record of this lead that takes values."""
        out: dict[str, Mapping[str, Any] | None] = {"deal": None}
        for entity, decision in self.decisions.items():
            if decision.how == "new":
                out[entity] = None
            elif decision.match is not None and decision.match.fields:
                out[entity] = decision.match.fields
        return out

    def _put_custom(self, carried: Carried, clients: Mapping[str, Action]) -> None:
        for entity, values in carried.values.items():
            if entity in self.created:
                self.created[entity].update(values)
            elif entity in clients and values:
                fill = clients[entity].params["fill"]
                fill.update({k: v for k, v in values.items() if k not in fill})

    def _address(self) -> list[Action]:
        address = address_fields(self.lead)
        if not address:
            return []
        entity = next((e for e in ("contact", "company") if e in self.created), "")
        if not entity:
            text = ", ".join(
                str(v) for k, v in sorted(self.lead.address.items()) if v and not k.endswith("_ID")
            )
            self.said.append(finding("value-dropped", field="Address", value=text))
            return []
        self.said.append(finding("address-copied", entity=entity))
        return [Action(f"address:{entity}", Do.ADD_ADDRESS, {"entity": entity, "address": address})]

    # ------------------------------------------------------------------------------------------------- deal, closing

    def _deal(self, carried: Carried) -> Action:
        lead, facts = self.lead, self.context.facts
        fields = {**records.standard("deal", self.fields), **records.parents(facts, lead), "leadId": lead.id}
        if not str(fields.get("title") or "").strip():
            fields["title"] = f"#{lead.id}"
            self.said.append(finding("no-deal-title", title=fields["title"]))
        if "additionalInfo" in fields:
            self.said.append(
                finding(
                    "note-moved",
                    field=self.context.titles["lead"].get("statusDescription", "Stage information"),
                )
            )
        for key in sorted(records.parents(facts, lead)):
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
            if not ids and self.decisions.get(entity, NONE).how != "none":
                ids.append(self._id_of(entity))
        out: dict[str, Any] = {}
        if contacts:
            out["contactIds"] = contacts
        if companies:
            out["companyId"] = companies[0]
        return out

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
            company = self._id_of("company") if "company" in clients else None
            steps.append(
                Action("link", Do.LINK_LEAD, {"contacts": [self._id_of("contact")], "company": company})
            )
        return steps

    def _leftover(self) -> None:
        """What has no place: said here, value by value."""
        self.said += self.channels.findings
        has = {e for e, d in self.decisions.items() if d.how != "none"}
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
        self.said += records.unplaced(self.context.facts, self.lead, self.context.custom_keys)

    def _leftover_channels(self, existing: list[Mapping[str, Any]]) -> None:
        rows: tuple[Mapping[str, Any], ...] = self.channels.rows
        for fields in existing:
            rows = channels.missing(rows, fields, self.country)
        self.said += [finding("value-dropped", field=r["typeId"], value=r["value"]) for r in rows]

    def remember(self) -> None:
        """Let later leads of the plan know which clients this one brings."""
        in_plan: InPlan = self.context.clients
        for entity, decision in self.decisions.items():
            if not self._takes_channels(entity):
                continue
            if decision.how == "new":
                fields = self.created[entity]
                small = {n: fields[n] for n in (*records.PERSON, "title", "fm") if n in fields}
                small["companyId"] = fields.get("companyId")
                in_plan.add(entity, self.keys, Planned(self.lead.id, small))
            elif decision.planned is not None:
                in_plan.add(entity, self.keys, decision.planned)
