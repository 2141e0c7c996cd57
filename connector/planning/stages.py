"""Which deal stage each lead stage becomes. Only in-work stages matter: a lead in a final stage is never converted.

Order of the rules: what the user chose, an equal name, the same place among the in-work stages (proportionally where the pipeline has
another number of them). A new pipeline is made from the lead stages, so there every stage has its own.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from .catalogue import finding
from .model import Action, Do, Finding, PortalFacts, Stage, StageLink
from .options import NEW, Options

LONGEST_COPIED = 13
CHOSEN, NAME, POSITION, MADE, NONE = "chosen", "name", "position", "new", "none"
DEFAULT_FINALS = (
    Stage("WON", "Won", 0, "S", "#7BD500"),
    Stage("LOSE", "Lost", 0, "F", "#FF5752"),
)


def in_work(stages: tuple[Stage, ...]) -> list[Stage]:
    """The stages with semantics P, in their order."""
    return sorted((s for s in stages if s.semantics == "P"), key=lambda s: (s.sort, s.id))


def plain_name(name: str) -> str:
    """A stage or field name for comparison: blanks folded, case ignored."""
    return " ".join(name.split()).casefold()


def success_stage(stages: tuple[Stage, ...]) -> Stage | None:
    """The stage with semantics S, the one that closes a lead."""
    return next((s for s in stages if s.semantics == "S"), None)


def map_stages(facts: PortalFacts, options: Options) -> tuple[StageLink, ...]:
    """One link per in-work lead stage, in the order of the lead stages."""
    leads = in_work(facts.lead_stages)
    if options.pipeline == NEW:
        return tuple(StageLink(s.id, s.name, copied_code(s.id), s.name, MADE) for s in leads)
    pipeline = facts.pipeline(int(options.pipeline))
    every = {s.id: s for s in pipeline.stages} if pipeline else {}
    deals = in_work(tuple(every.values()))
    by_name = {plain_name(s.name): s for s in reversed(deals)}
    links = []
    for place, stage in enumerate(leads):
        how, target = _target(stage, options.stages, by_name, every)
        if target is None and how == POSITION and deals:
            target = deals[_spot(place, len(leads), len(deals))]
        if target is None:
            links.append(StageLink(stage.id, stage.name, options.stages.get(stage.id, ""), "", NONE))
        else:
            links.append(StageLink(stage.id, stage.name, target.id, target.name, how))
    return tuple(links)


def _target(
    stage: Stage, chosen: Mapping[str, str], by_name: Mapping[str, Stage], every: Mapping[str, Stage]
) -> tuple[str, Stage | None]:
    if stage.id in chosen:
        return CHOSEN, every.get(chosen[stage.id])
    same = by_name.get(plain_name(stage.name))
    return (NAME, same) if same else (POSITION, None)


def _spot(place: int, leads: int, deals: int) -> int:
    """The same place where both sides have as many stages; otherwise first stays first and last stays last."""
    if leads <= 1 or leads == deals:
        return min(place, deals - 1)
    return round(place * (deals - 1) / (leads - 1))


def stage_findings(links: tuple[StageLink, ...]) -> list[Finding]:
    """What is worth saying about the map as a whole: matches by position, and lead stages that share a deal stage."""
    said = [
        finding("stages-by-position", stage=k.lead_name, deal_stage=k.deal_name)
        for k in links
        if k.how == POSITION
    ]
    shared: dict[str, list[StageLink]] = {}
    for link in links:
        shared.setdefault(link.deal_stage, []).append(link)
    said += [
        finding("stages-folded", stages=[k.lead_name for k in group], deal_stage=group[0].deal_name)
        for stage, group in shared.items()
        if stage and len(group) > 1
    ]
    return said


def new_pipeline(facts: PortalFacts, options: Options) -> Action:
    """The action that creates a pipeline from the lead stages: names, order and colours kept, success and failure added."""
    default = facts.pipeline(0)
    rows = copied_stages(facts.lead_stages, default.stages if default else ())
    return Action("pipeline", Do.CREATE_PIPELINE, {"name": pipeline_name(options), "stages": rows})


def copied_code(stage_id: str) -> str:
    """The code that a stage gets in a new pipeline: its own, without the prefix of the pipeline it is from; shortened where it would be
    too long behind the prefix of a pipeline whose number nobody knows yet (crm.status.add: 22 characters, `C1234567:` among them)."""
    code = stage_id.rpartition(":")[2]
    if len(code) <= LONGEST_COPIED:
        return code
    return f"{code[: LONGEST_COPIED - 7]}_{sha256(code.encode()).hexdigest()[:6].upper()}"


def copied_stages(lead_stages: tuple[Stage, ...], like: tuple[Stage, ...]) -> list[dict[str, Any]]:
    """The stages of a pipeline made from lead stages, in order: those in work are the leads', the final ones those of the pipeline `like`.

    Each is `{"code", "name", "sort", "color", "semantics"}`; codes stand without the prefix that the new pipeline gives them.
    """
    finals = [s for s in like if s.semantics in ("S", "F")] or list(DEFAULT_FINALS)
    stages = [*in_work(lead_stages), *sorted(finals, key=lambda s: (s.semantics != "S", s.sort, s.id))]
    return [
        {
            "code": copied_code(s.id),
            "name": s.name,
            "sort": 10 * (place + 1),
            "color": s.color,
            "semantics": s.semantics,
        }
        for place, s in enumerate(stages)
    ]


def pipeline_name(options: Options) -> str:
    """The name that a new pipeline gets."""
    return options.pipeline_name or "Leads"
