"""The client part of one lead's plan: which company and contact it gets, what is created, filled and added. Pure."""

from collections.abc import Mapping
from typing import Any

from . import channels, records
from .catalogue import finding
from .clients import NONE, Decision, Planned, bound_ids, decide
from .context import Context
from .customfields import is_empty
from .mark import mark
from .model import Action, Do, Finding, LeadSnapshot
from .options import CompanyTitle
from .stages import plain_name

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


class ClientSteps:
    """Decides and describes the clients of one new lead. Findings go to `said`, in the order in which they are made."""

    def __init__(self, lead: LeadSnapshot, context: Context, responsible: int, said: list[Finding]) -> None:
        self.lead, self.fields = lead, lead.fields
        self.context, self.options = context, context.options
        self.country = context.facts.country
        self.responsible = responsible
        self.said = said
        self.keys = channels.keys(lead.fields, self.country)
        self.channels = channels.sort_out(lead.fields, self.country)
        self.decisions: dict[str, Decision] = {}
        self.created: dict[str, dict[str, Any]] = {}
        self.additions: dict[str, dict[str, Any]] = {}

    def steps(self) -> dict[str, Action]:
        """One action per client, the company first, so that a new contact can name it."""
        found: dict[str, Action] = {}
        for entity in CLIENTS:
            decision = self.decisions[entity] = self._decide(entity)
            self.said += decision.findings
            if decision.how != "none":
                found[entity] = self._client(entity, decision, found)
        if not found:
            self.said.append(finding("no-client"))
        if not self.keys:
            self.said.append(finding("no-contact-data"))
        return found

    def id_of(self, entity: str) -> Any:
        """The ID of this lead's client where it is known, else a reference to the action that yields it."""
        match = self.decisions[entity].match
        return match.id if match is not None else {"ref": entity}

    def remember(self) -> None:
        """Let later leads of the plan know which clients this one brings."""
        for entity, decision in self.decisions.items():
            keys = self._plan_keys(entity)
            if decision.how == "new":
                fields = self.created[entity]
                small = {n: fields[n] for n in (*records.PERSON, "title", "companyId") if n in fields}
                if small.get("name") == self.options.contact_name:
                    del small["name"]
                self.context.clients.add(
                    entity, keys, Planned(self.lead.id, small, channels.known(fields, self.country))
                )
            elif decision.planned is not None:
                more = self.additions[entity]
                decision.planned.fill(more["fill"], channels.known({"fm": more["add_fm"]}, self.country))
                self.context.clients.add(entity, keys, decision.planned)
            elif decision.match is not None:
                more = self.additions[entity]
                self.context.clients.fill(decision.match, more["fill"], more["add_fm"])

    # ------------------------------------------------------------------------------------------------ deciding

    def _decide(self, entity: str) -> Decision:
        if not bound_ids(entity, self.lead):
            if entity == "contact" and not self.options.makes_contact:
                return NONE
            if entity == "company" and not (self.options.makes_company and self._company_title()):
                return NONE
        return decide(entity, self.lead, self.options, self._plan_keys(entity), self.context.clients)

    def _plan_keys(self, entity: str) -> Mapping[str, str]:
        """By which values a client of this plan is the same one: its phones and e-mails; a company that does not carry them itself
        must have the same name as well."""
        if self._takes_channels(entity):
            return self.keys
        title = plain_name(self._company_title())
        return {f"{title}|{key}": written for key, written in self.keys.items()}

    def _company_title(self) -> str:
        given = str(self.fields.get("companyTitle") or "").strip()
        if given or self.options.company_title is CompanyTitle.GIVEN:
            return given
        return str(self.fields.get("title") or "").strip()

    def _takes_channels(self, entity: str) -> bool:
        """Phones and e-mails go to the contact; to the company where there is no contact."""
        return entity == "contact" or not (self.options.makes_contact or bound_ids("contact", self.lead))

    # ------------------------------------------------------------------------------------------------ describing

    def _client(self, entity: str, decision: Decision, before: Mapping[str, Action]) -> Action:
        do = _DO[entity, decision.how]
        if decision.how == "new":
            fields = self._new(entity, before)
            self.created[entity] = fields
            if entity == "contact" and self._nameless():
                self.said.append(finding("no-name", name=self.options.contact_name))
            return Action(entity, do, {"fields": fields})
        have: Mapping[str, Any]
        if decision.planned is not None:
            id_, lead = 0, decision.planned.lead
            have, known = decision.planned.read()
            params: dict[str, Any] = {"lead": decision.planned.lead, "fields": self._new(entity, before)}
        else:
            assert decision.match is not None
            have, id_, lead = self.context.clients.after(decision.match), decision.match.id, 0
            known = channels.known(have, self.country)
            params = {"id": decision.match.id}
        self.said += records.kept(entity, (id_, lead), self.fields, have, self.context.titles["lead"])
        self.additions[entity] = self._additions(entity, have, known, before)
        return Action(entity, do, params | self.additions[entity])

    def _additions(
        self, entity: str, have: Mapping[str, Any], known: frozenset[str], before: Mapping[str, Action]
    ) -> dict[str, Any]:
        """`fill` and `add_fm` for a client that exists. One that could not be read is left alone, and that is said."""
        rows = self.channels.rows if self._takes_channels(entity) else ()
        if not have and not known:
            names = self.context.titles["lead"]
            own = records.FILLABLE["contact"] if entity == "contact" else ("companyTitle",)
            lost = [(names.get(n, n), self.fields[n]) for n in own if not is_empty(self.fields.get(n))]
            lost += [(r["typeId"], r["value"]) for r in rows]
            self.said += [finding("value-dropped", field=field, value=str(value)) for field, value in lost]
            return {"fill": {}, "add_fm": []}
        fill = records.fill(entity, self.fields, have)
        if entity == "contact" and "company" in before and is_empty(have.get("companyId") or None):
            fill["companyId"] = self.id_of("company")
        return {"fill": fill, "add_fm": [dict(r) for r in channels.missing(rows, known, self.country)]}

    def _nameless(self) -> bool:
        return is_empty(self.fields.get("name")) and is_empty(self.fields.get("lastName"))

    def _new(self, entity: str, before: Mapping[str, Action]) -> dict[str, Any]:
        """Fields of a client to create, without custom fields."""
        fields = {**records.standard(entity, self.fields), "leadId": self.lead.id}
        if self.responsible:
            fields["assignedById"] = self.responsible
        if entity == "company":
            fields["title"] = self._company_title()
        elif self._nameless():
            fields["name"] = self.options.contact_name
        if entity == "contact" and "company" in before:
            fields["companyId"] = self.id_of("company")
        if self._takes_channels(entity) and self.channels.rows:
            fields["fm"] = [dict(r) for r in self.channels.rows]
        return fields | mark(self.lead.id, entity)
