"""Counts a plan while its leads pass by, so that totals need no second pass and no memory per lead. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from .catalogue import worst
from .model import Do, LeadKind, LeadPlan, Severity

BATCH = 50
IMPORT = 20
BURST, PER_SECOND = 50, 2.0
OPERATING, WINDOW = 480.0, 600.0

# What import makes twenty at a time (universal/import/crm-item-batch-import.md).
_CREATES = {Do.CREATE_COMPANY: "company", Do.CREATE_CONTACT: "contact", Do.CREATE_DEAL: "deal"}
# Commands of one step, by method: what the runner sends at least (rest_contract.md section 8). Comments are looked up first.
COMMANDS: dict[Do, tuple[tuple[str, int], ...]] = {
    Do.CREATE_COMPANY: (("crm.item.add", 1),),
    Do.CREATE_CONTACT: (("crm.item.add", 1),),
    Do.LINK_COMPANY: (),
    Do.LINK_CONTACT: (),
    Do.REUSE_COMPANY: (),
    Do.REUSE_CONTACT: (),
    Do.ADD_ADDRESS: (("crm.requisite.add", 1), ("crm.address.add", 1)),
    Do.CREATE_DEAL: (("crm.item.add", 1),),
    Do.SET_PRODUCTS: (("crm.item.productrow.set", 1),),
    Do.BIND_ACTIVITY: (("crm.activity.binding.add", 1),),
    Do.UNBIND_ACTIVITY: (("crm.activity.binding.delete", 1),),
    Do.COMPLETE_ACTIVITY: (("crm.activity.update", 1),),
    Do.BIND_COMMENTS: (("crm.timeline.comment.list", 1),),
    Do.NOTE_HISTORY: (("crm.timeline.logmessage.add", 1),),
    Do.RESTORE_ORIGIN: (("crm.item.update", 1),),
    Do.CLOSE_LEAD: (("crm.item.update", 1),),
    Do.LINK_LEAD: (("crm.lead.contact.items.set", 1),),
}
# Seconds of portal time per command, as assumed in our own arithmetic; the documentation publishes no figures.
SECONDS = {
    "crm.item.add": 0.15,
    "crm.item.batchImport": 2.0,
    "crm.item.update": 0.12,
    "crm.item.productrow.set": 0.08,
}
SECONDS_OTHER = 0.03
_FOUND = {
    Do.LINK_COMPANY: "company",
    Do.LINK_CONTACT: "contact",
    Do.REUSE_COMPANY: "company",
    Do.REUSE_CONTACT: "contact",
}
_NAMES = {2: "deal", 3: "contact", 4: "company"}
_CHANGES_DEAL = {Do.SET_PRODUCTS, Do.RESTORE_ORIGIN}


@dataclass(slots=True)
class Tally:
    """Running totals; `counts()` is what a plan stores. `quiet`: records are imported. `changed` counts records by entity that are
    changed after they were there, `alone` requests that no batch may hold: files.
    """

    quiet: bool = False
    leads: int = 0
    convertible: int = 0
    repeat: int = 0
    excluded: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    native: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    imported: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    alone: int = 0
    deal_fields: set[str] = field(default_factory=set)
    samples: dict[str, int] = field(default_factory=dict)

    def add(self, plan: LeadPlan) -> None:
        """Count one lead."""
        self.leads += 1
        self.repeat += plan.kind is LeadKind.REPEAT
        self.convertible += bool(plan.managed)
        weight = worst(plan.findings)
        self.severities[weight.value if weight else "none"] += 1
        for code in {f.code for f in plan.findings}:
            self.codes[code] += 1
            self.samples.setdefault(code, plan.id)
            self.excluded += code == "excluded"
        for action in plan.managed:
            self.steps[action.do.value] += 1
            if action.do is Do.COPY_FILES:
                self.alone += 2 + len(action.params["files"])
                self.changed[action.params["entity"]] += 1
                if action.params["entity"] == "deal":
                    self.deal_fields.add(action.params["target"])
            if action.do is Do.CREATE_DEAL:
                self.deal_fields.update(action.params["fields"])
            if self.quiet and action.do in _CREATES:
                self.imported[_CREATES[action.do]] += 1
                continue
            for method, times in COMMANDS.get(action.do, ()):
                self.commands[method] += times
            if action.do in _FOUND and (action.params.get("fill") or action.params.get("add_fm")):
                self.commands["crm.item.update"] += 1
                self.changed[_FOUND[action.do]] += 1
            if action.do is Do.MOVE_RELATED:
                task = action.params["type"] == "task"
                self.commands["tasks.task.get" if task else "crm.item.get"] += 1
                self.commands["tasks.task.update" if task else "crm.item.update"] += 1
                self.changed[_NAMES.get(action.params["type"], "")] += 1
            self.changed["deal"] += action.do in _CHANGES_DEAL
        if plan.managed:
            self.flow[plan.stage, plan.deal_stage] += 1
        self._native(plan)

    def _native(self, plan: LeadPlan) -> None:
        outcome = plan.native
        self.native["deals"] += outcome.deal is not None
        self.native["contacts"] += outcome.contact is not None
        self.native["companies"] += outcome.company is not None
        self.native["activities_completed"] += len(outcome.completes_activities)
        self.native["left_behind"] += bool(outcome.fails)
        for code in {d.code for d in outcome.differences}:
            self.codes[code] += 1
            self.samples.setdefault(code, plan.id)

    def calls(self) -> Counter[str]:
        """Commands by method, imports packed."""
        packs = sum(ceil(n / IMPORT) for n in self.imported.values())
        return self.commands + Counter({"crm.item.batchImport": packs})

    def seconds(self) -> int:
        """The least time that the documented limits allow: bucket and operating time, whichever is longer."""
        calls = self.calls()
        requests = ceil(sum(calls.values()) / BATCH) + self.alone
        bucket = max(0.0, (requests - BURST) / PER_SECOND)
        work = max((n * SECONDS.get(m, SECONDS_OTHER) for m, n in calls.items()), default=0.0)
        operating = max(0.0, (work - OPERATING) * WINDOW / OPERATING)
        return ceil(max(bucket, operating))

    def counts(self) -> dict[str, Any]:
        """JSON-shaped totals. `leads_by_severity` counts each lead under its worst finding; `findings` counts leads per code,
        `samples` names the first lead of each."""
        steps = self.steps
        total = sum(self.calls().values())
        return {
            "leads": self.leads,
            "convertible": self.convertible,
            "errors": self.severities[Severity.ERROR.value],
            "new": self.leads - self.repeat,
            "repeat": self.repeat,
            "excluded": self.excluded,
            "managed": {
                "deals": steps[Do.CREATE_DEAL.value],
                "contacts": steps[Do.CREATE_CONTACT.value],
                "companies": steps[Do.CREATE_COMPANY.value],
                "contacts_reused": steps[Do.LINK_CONTACT.value] + steps[Do.REUSE_CONTACT.value],
                "companies_reused": steps[Do.LINK_COMPANY.value] + steps[Do.REUSE_COMPANY.value],
                "activities_moved": steps[Do.UNBIND_ACTIVITY.value],
                "activities_completed": steps[Do.COMPLETE_ACTIVITY.value],
                "with_products": steps[Do.SET_PRODUCTS.value],
            },
            "native": dict(sorted(self.native.items())),
            "leads_by_severity": dict(sorted(self.severities.items())),
            "findings": dict(sorted(self.codes.items())),
            "samples": dict(sorted(self.samples.items())),
            "flow": [{"stage": a, "deal_stage": b, "leads": n} for (a, b), n in sorted(self.flow.items())],
            "calls": {
                "commands": total,
                "requests": ceil(total / BATCH) + self.alone,
                "seconds": self.seconds(),
            },
        }
