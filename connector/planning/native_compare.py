"""Managed beside native: a sentence for every difference that matters to a person. Pure; all of it is about a prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import products
from .activities import open_ids
from .catalogue import finding
from .clients import Decision
from .context import Context
from .customfields import is_empty
from .model import Finding, LeadSnapshot, NativeOutcome
from .native import Held, first_stage, native_rows
from .options import Activities


@dataclass(frozen=True, slots=True)
class Comparison:
    """One lead, managed and native. `managed` are the fields of the managed deal, `decisions` what the plan does about clients."""

    lead: LeadSnapshot
    context: Context
    held: Held
    outcome: NativeOutcome
    managed: Mapping[str, Any]
    decisions: Mapping[str, Decision]

    def differences(self) -> tuple[Finding, ...]:
        """One finding per difference."""
        return (*self._place(), *self._clients(), *self._activities(), *self._lost())

    def _place(self) -> list[Finding]:
        deal, context = self.outcome.deal or {}, self.context
        said = []
        native = context.facts.pipeline(int(deal["categoryId"]))
        link = context.links.get(str(self.lead.fields.get("stageId") or ""))
        if context.new_pipeline or deal["categoryId"] != self.managed.get("categoryId"):
            ours = (
                "new"
                if context.new_pipeline
                else getattr(context.facts.pipeline(int(context.options.pipeline)), "name", "")
            )
            said.append(
                finding("native-pipeline", native=native.name if native else deal["categoryId"], managed=ours)
            )
        elif link and deal["stageId"] != link.deal_stage:
            stage = first_stage(context, int(deal["categoryId"]))
            said.append(finding("native-stage", native=stage.name if stage else "", managed=link.deal_name))
        return said

    def _clients(self) -> list[Finding]:
        said: list[Finding] = []
        for entity, fields in (("contact", self.outcome.contact), ("company", self.outcome.company)):
            decision = self.decisions.get(entity)
            how = decision.how if decision else "none"
            if fields is None:
                continue
            if decision is not None and decision.match is not None:
                said.append(finding("native-duplicate", entity=entity, id=decision.match.id))
            elif decision is not None and decision.planned is not None:
                said.append(finding("native-duplicate-in-plan", entity=entity, lead=decision.planned.lead))
            elif how == "none":
                name = " ".join(str(fields[n]) for n in ("name", "lastName") if fields.get(n)) or fields.get(
                    "title", ""
                )
                said.append(
                    finding(f"native-{entity}-too", **{"name" if entity == "contact" else "title": name})
                )
        company = self.outcome.company
        if company is not None and is_empty(self.lead.fields.get("companyTitle")):
            said.append(finding("native-company-from-title", title=company["title"]))
        return said

    def _activities(self) -> list[Finding]:
        open_ = len(open_ids(self.lead.activities))
        if not open_:
            return []
        done = len(self.outcome.completes_activities)
        keep = self.context.options.activities is Activities.KEEP_OPEN
        if done and keep:
            return [finding("native-activities-completed", count=done)]
        return [] if done else [finding("native-activities-open", count=open_)]

    def _lost(self) -> list[Finding]:
        fields, names = self.lead.fields, self.context.titles["lead"]
        currency = str(fields.get("currencyId") or "")
        said: list[Finding] = []
        amount = products.decimal(fields.get("opportunity"))
        if self.lead.products and fields.get("isManualOpportunity") in ("Y", True):
            sum_ = products.total(self.lead.products)
            if sum_ != amount:
                said.append(
                    finding(
                        "native-manual-amount",
                        amount=products.shown(amount, currency),
                        rows=products.shown(sum_, currency),
                    )
                )
        if not is_empty(fields.get("observers")):
            said.append(finding("native-observers"))
        if not is_empty(fields.get("statusDescription")):
            said.append(finding("native-note", field=names.get("statusDescription", "statusDescription")))
        gone = len(self.lead.products) - len(native_rows(self.lead))
        if gone:
            said.append(finding("native-products", count=gone))
        pairs = self.context.native_pairs["deal"]
        lead_fields = self.context.facts.user_fields.get("lead", ())
        missing = [f.label for f in lead_fields if f.name in self.held and f.name not in pairs]
        if missing:
            said.append(finding("native-fields", fields=missing))
        return said
