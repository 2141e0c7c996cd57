"""Whether chosen options fit a portal: each problem is a finding of severity error that names what exists. Pure."""

from collections.abc import Iterable, Mapping

from .catalogue import finding
from .customfields import TARGETS, compatible
from .model import CrmMode, Finding, Known, PortalFacts
from .options import KEEP, NEW, TIMELINE, Automation, Leftovers, Options
from .stages import in_work

DATE_TYPES = ("date", "datetime", "string")


def check_options(options: Options, facts: PortalFacts) -> tuple[Finding, ...]:
    """Everything in `options` that this portal cannot serve; an empty tuple means that a plan can be made."""
    said: list[Finding] = []
    if options.to is CrmMode.CLASSIC:
        if facts.classic_available is Known.NO:
            said.append(finding("classic-none"))
        return tuple(said)
    if options.leftovers is Leftovers.LEAVE and not facts.mode_setter:
        said.append(finding("leave-needs-setter"))
    return (
        *said,
        *_pipeline(options, facts),
        *_fields(options, facts),
        *_selection(options, facts),
        *_people(options, facts),
        *_quiet(options, facts),
    )


def _names(pairs: Iterable[tuple[object, str]]) -> list[str]:
    return [f"{id_} ({name})" if name else str(id_) for id_, name in pairs]


def _pipeline(options: Options, facts: PortalFacts) -> Iterable[Finding]:
    leads = in_work(facts.lead_stages)
    known = {s.id for s in leads}
    for given in sorted(set(options.stages) - known):
        yield finding("unknown-lead-stage", given=given, known=_names((s.id, s.name) for s in leads))
    if options.pipeline == NEW:
        if options.stages:
            yield finding("stages-with-new", given=sorted(options.stages))
        return
    pipeline = facts.pipeline(int(options.pipeline))
    if pipeline is None:
        yield finding(
            "unknown-pipeline", given=options.pipeline, known=_names((p.id, p.name) for p in facts.pipelines)
        )
        return
    stages = {s.id: s for s in pipeline.stages}
    names = {s.id: s.name for s in leads}
    for lead_stage, given in sorted(options.stages.items()):
        target = stages.get(given)
        if target is None:
            every = _names((s.id, s.name) for s in pipeline.stages)
            yield finding("unknown-deal-stage", pipeline=pipeline.name, given=given, known=every)
        elif target.semantics != "P":
            yield finding("final-deal-stage", stage=names.get(lead_stage, lead_stage), deal_stage=target.name)


def _fields(options: Options, facts: PortalFacts) -> Iterable[Finding]:
    ours = {f.name: f for f in facts.user_fields.get("lead", ())}
    for entity in TARGETS:
        theirs = {f.name: f for f in facts.user_fields.get(entity, ())}
        chosen: Mapping[str, str] = getattr(options.fields, entity)
        users: dict[str, list[str]] = {}
        for source, target in sorted(chosen.items()):
            if source not in ours:
                yield finding(
                    "unknown-field",
                    given=source,
                    entity="lead",
                    known=_names((f.name, f.label) for f in ours.values()),
                )
            if target and target not in theirs:
                yield finding(
                    "unknown-field",
                    given=target,
                    entity=entity,
                    known=_names((f.name, f.label) for f in theirs.values()),
                )
            if target:
                users.setdefault(target, []).append(source)
            if source in ours and target in theirs and not compatible(ours[source], theirs[target]):
                yield finding(
                    "field-types-differ",
                    source=source,
                    source_type=ours[source].type,
                    target=target,
                    target_type=theirs[target].type,
                    entity=entity,
                )
        for target, sources in users.items():
            if len(sources) > 1:
                yield finding("field-twice", target=target, entity=entity, sources=sources)
    if options.created_field not in ("", TIMELINE):
        yield from _created_field(options.created_field, facts)


def _created_field(name: str, facts: PortalFacts) -> Iterable[Finding]:
    deals = {f.name: f for f in facts.user_fields.get("deal", ())}
    if name not in deals:
        yield finding(
            "unknown-field",
            given=name,
            entity="deal",
            known=_names((f.name, f.label) for f in deals.values()),
        )
    elif deals[name].type not in DATE_TYPES or deals[name].multiple:
        yield finding("created-field-type", given=name, type=deals[name].type)


def _selection(options: Options, facts: PortalFacts) -> Iterable[Finding]:
    leads = in_work(facts.lead_stages)
    known = {s.id for s in leads}
    for given in options.leads.stages:
        if given not in known:
            yield finding("unknown-lead-stage", given=given, known=_names((s.id, s.name) for s in leads))
    for given in options.leads.sources:
        if facts.sources and given not in facts.sources:
            yield finding("unknown-source", given=given, known=_names(facts.sources.items()))


def _quiet(options: Options, facts: PortalFacts) -> Iterable[Finding]:
    """Import needs a right of its own (universal/import), which REST tells of nobody; administrators have every right."""
    if options.automation is not Automation.QUIET:
        return
    if facts.imports is Known.NO:
        yield finding("import-missing")
    elif not facts.i_am_admin:
        yield finding("import-right", name=facts.me.name or f"#{facts.me.id}")


def _people(options: Options, facts: PortalFacts) -> Iterable[Finding]:
    if options.responsible == KEEP:
        return
    person = facts.people.get(int(options.responsible))
    if (person is None and facts.people) or (person is not None and person.active is False):
        yield finding("unknown-person", given=options.responsible)
