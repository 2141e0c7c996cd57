"""Everything about a plan that is the same for all its leads, worked out once. Pure; the only thing that grows is `clients`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .clients import InPlan
from .customfields import Pair, native_pairs, pairs
from .model import PortalFacts, Referrer, Stage, StageLink
from .options import NEW, Options
from .records import PARENT, PLACED, titles
from .stages import map_stages, success_stage

ENTITIES = ("deal", "contact", "company")


@dataclass(frozen=True, slots=True)
class Context:
    """Facts and options with what follows from them. Make one per pass over the leads: `clients` remembers what was planned.

    `placed` are the keys of a lead's row that have a place; `parents` the links to smart processes that deals have, too;
    `referrers` by (entityTypeId, field);
    `pairs` hold, per target entity, the custom fields of leads by name that have a counterpart there.
    """

    facts: PortalFacts
    options: Options
    links: Mapping[str, StageLink]
    close_stage: Stage | None
    pairs: Mapping[str, Mapping[str, Pair]]
    native_pairs: Mapping[str, Mapping[str, Pair]]
    titles: Mapping[str, Mapping[str, str]]
    placed: frozenset[str]
    parents: tuple[str, ...]
    referrers: Mapping[tuple[int, str], Referrer]
    clients: InPlan = field(default_factory=InPlan)

    @property
    def new_pipeline(self) -> bool:
        """True when the deals go into a pipeline that apply creates."""
        return self.options.pipeline == NEW


def make_context(facts: PortalFacts, options: Options) -> Context:
    """A fresh context for one pass."""
    lead_fields = facts.user_fields.get("lead", ())
    parents = tuple(sorted(k for k in facts.item_fields.get("deal", {}) if k.startswith(PARENT)))
    return Context(
        facts=facts,
        options=options,
        links={link.lead_stage: link for link in map_stages(facts, options)},
        close_stage=success_stage(facts.lead_stages),
        pairs={entity: _by_name(pairs(facts, options, entity)) for entity in ENTITIES},
        native_pairs={entity: _by_name(native_pairs(facts, entity)) for entity in ENTITIES},
        titles={entity: titles(facts, entity) for entity in ("lead", *ENTITIES)},
        placed=PLACED | {name for f in lead_fields for name in (f.key, f.name)} | set(parents),
        parents=parents,
        referrers={(r.entity_type, r.field): r for r in facts.referrers},
    )


def _by_name(found: Iterable[Pair]) -> dict[str, Pair]:
    return {pair.source.name: pair for pair in found if pair.target is not None}
