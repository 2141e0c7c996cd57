"""Everything about a plan that is the same for all its leads, worked out once. Pure; the only thing that grows is `clients`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .clients import InPlan
from .customfields import Pair, native_pairs, pairs
from .model import PortalFacts, Stage, StageLink
from .options import NEW, Options
from .records import titles
from .stages import map_stages, success_stage

ENTITIES = ("deal", "contact", "company")


@dataclass(frozen=True, slots=True)
class Context:
    """Facts and options with what follows from them. Make one per pass over the leads: `clients` remembers what was planned."""

    facts: PortalFacts
    options: Options
    links: Mapping[str, StageLink]
    close_stage: Stage | None
    pairs: Mapping[str, tuple[Pair, ...]]
    native_pairs: Mapping[str, tuple[Pair, ...]]
    titles: Mapping[str, Mapping[str, str]]
    custom_keys: frozenset[str]
    excluded: frozenset[int]
    clients: InPlan = field(default_factory=InPlan)

    @property
    def new_pipeline(self) -> bool:
        """True when the deals go into a pipeline that apply creates."""
        return self.options.pipeline == NEW


def make_context(facts: PortalFacts, options: Options) -> Context:
    """A fresh context for one pass."""
    lead_fields = facts.user_fields.get("lead", ())
    return Context(
        facts=facts,
        options=options,
        links={link.lead_stage: link for link in map_stages(facts, options)},
        close_stage=success_stage(facts.lead_stages),
        pairs={entity: pairs(facts, options, entity) for entity in ENTITIES},
        native_pairs={entity: native_pairs(facts, entity) for entity in ENTITIES},
        titles={entity: titles(facts, entity) for entity in ("lead", *ENTITIES)},
        custom_keys=frozenset(name for f in lead_fields for name in (f.key, f.name)),
        excluded=frozenset(options.leads.exclude),
    )
