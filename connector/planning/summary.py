"""The head of a plan: what is true of it as a whole, in findings, stage map and counts. Pure."""

from collections.abc import Iterable

from .catalogue import finding
from .checks import check_options
from .customfields import pairs
from .mark import MARK
from .model import Action, CrmMode, Do, Fields, Finding, Known, PlanHead, PortalFacts, UserField
from .options import NEW, TIMELINE, Automation, Leftovers, Options, Timeline
from .stages import in_work, map_stages, new_pipeline, pipeline_name, stage_findings, success_stage
from .tally import Tally

ON_CREATE, ON_EDIT = 1, 2
_DOCUMENTS = {"CCrmDocumentDeal": "deal", "CCrmDocumentContact": "contact", "CCrmDocumentCompany": "company"}
_LEADS = "CCrmDocumentLead"
LONG_SECONDS = 3600


def make_head(
    facts: PortalFacts, options: Options, tally: Tally, created: str, notes: Iterable[str] = ()
) -> PlanHead:
    """The head of a plan whose leads have passed through `tally`. `created` is an ISO time; `notes` are codes from reading."""
    simple = options.to is CrmMode.SIMPLE
    setup = _setup(facts, options, tally) if simple else ()
    said = [
        *check_options(options, facts),
        *(_to_simple(facts, options, tally) if simple else _to_classic(facts)),
        *(finding(code) for code in sorted(notes)),
    ]
    return PlanHead(
        portal=facts.key,
        host=facts.host,
        to=options.to,
        options=options.model_dump(mode="json"),
        created=created,
        stage_map=map_stages(facts, options) if simple else (),
        setup=setup,
        findings=tuple(said),
        counts=tally.counts(),
    )


def _setup(facts: PortalFacts, options: Options, tally: Tally) -> tuple[Action, ...]:
    """What has to be there before the first lead; nothing that no lead of this plan uses."""
    pipeline = [new_pipeline(facts, options)] if options.pipeline == NEW and tally.convertible else []
    return (
        *pipeline,
        *(_field_action(source, target) for source, target in _new_fields(facts, options, tally)),
    )


def _new_fields(facts: PortalFacts, options: Options, tally: Tally) -> list[tuple[UserField, UserField]]:
    here = {f.name for f in facts.user_fields.get("deal", ())}
    found = [
        (p.source, p.target) for p in pairs(facts, options, "deal") if p.target and p.target.name not in here
    ]
    return [(source, target) for source, target in found if target.key in tally.deal_fields]


def _field_action(source: UserField, target: UserField) -> Action:
    fields: dict[str, object] = {
        "FIELD_NAME": target.name.removeprefix("UF_CRM_"),
        "USER_TYPE_ID": target.type,
        "MULTIPLE": "Y" if target.multiple else "N",
        "MANDATORY": "N",
        "LABEL": target.label,
        "XML_ID": f"{MARK}:{source.name}",
    }
    if target.settings:
        fields["SETTINGS"] = dict(target.settings)
    return Action(f"field:deal:{target.name}", Do.CREATE_FIELD, {"entity": "deal", "fields": fields})


def _field_findings(facts: PortalFacts, options: Options, tally: Tally) -> Iterable[Finding]:
    for source, target in _new_fields(facts, options, tally):
        yield finding("field-new", field=source.label, entity="deal")
        if source.type != target.type:
            yield finding("field-new-text", field=source.label)
        if source.mandatory:
            yield finding("field-mandatory", field=source.label, entity="deal")


def _to_simple(facts: PortalFacts, options: Options, tally: Tally) -> Iterable[Finding]:
    if facts.mode is CrmMode.SIMPLE:
        yield finding("already-in-mode", mode=facts.mode.value)
    if not facts.i_am_admin:
        yield finding("maybe-incomplete", name=facts.me.name or f"#{facts.me.id}")
    yield from _scope(facts, options, tally)
    yield from stage_findings(map_stages(facts, options))
    yield from _automation(facts, options, tally)
    if options.pipeline == NEW and tally.convertible:
        count = len(new_pipeline(facts, options).params["stages"])
        yield finding("pipeline-new", name=pipeline_name(options), count=count)
    yield from _field_findings(facts, options, tally)
    seconds = tally.seconds()
    if seconds > LONG_SECONDS:
        yield finding("long", minutes=round(seconds / 60))
    if tally.convertible:
        yield finding("comments-at-apply" if options.timeline is Timeline.BIND else "comments-left")
        for code in (
            "activities-by-owner",
            "history-not-imported" if options.automation is Automation.QUIET else "history-not-carried",
            "tracking-not-carried",
            "stage-rules-unreadable",
            "undo-limits",
        ):
            yield finding(code)
        if options.created_field:
            yield _created(facts, options.created_field)
        if not facts.smart_listed:
            yield finding("related-not-read")
        if not any(p.name for p in facts.people.values()):
            yield finding("people-unknown")
    yield finding("native-not-seen", variant=options.variant.value)
    yield _flip(facts)
    yield finding("menu-reset")
    yield from _readiness(facts)


def _created(facts: PortalFacts, name: str) -> Finding:
    if name == TIMELINE:
        return finding("created-noted")
    label = next((f.label for f in facts.user_fields.get("deal", ()) if f.name == name), name)
    return finding("created-kept", field=label)


def _flip(facts: PortalFacts) -> Finding:
    """Who changes the mode in the end."""
    return finding("flip-by-setter" if facts.mode_setter else "flip-guided")


def _readiness(facts: PortalFacts) -> Iterable[Finding]:
    """What creates leads today and will create deals tomorrow, and what stops working with the leads."""
    for source, known, unknown in (
        ("open_lines", "open-lines-create", "ready-open-lines"),
        ("telephony", "telephony-creates", "ready-telephony"),
    ):
        names = facts.lead_sources.get(source)
        if names is None:
            yield finding(unknown)
        elif names:
            yield finding(known, names=list(names))
    yield finding("ready-forms")
    # Those that people start by hand stop with the others.
    templates = [w for w in facts.workflows or () if _LEADS in (w.get("DOCUMENT_TYPE") or ())]
    if templates:
        yield finding("ready-lead-workflows", names=[str(w.get("NAME") or w.get("ID")) for w in templates])
    yield finding("ready-lead-robots")


def _scope(facts: PortalFacts, options: Options, tally: Tally) -> Iterable[Finding]:
    if not tally.leads:
        yield finding("no-leads")
    left = facts.active_total - tally.leads + tally.excluded
    if options.leads.everything:
        if left > 0:
            yield finding("count-differs", expected=facts.active_total, read=tally.leads)
    elif left > 0:
        if options.leftovers is Leftovers.LEAVE:
            yield finding("leads-left-behind", count=left)
            return
        allowed = options.leftovers is Leftovers.BITRIX24
        yield finding("leads-left-out", count=left, allowed=allowed)


def _automation(facts: PortalFacts, options: Options, tally: Tally) -> Iterable[Finding]:
    if not tally.convertible:
        return
    if facts.workflows is None:
        yield finding("workflows-unknown")
    quiet = options.automation is Automation.QUIET
    if quiet:
        yield finding("quiet")
    for document, entity in _DOCUMENTS.items():
        names = [str(w.get("NAME") or w.get("ID")) for w in _of(facts.workflows, document, ON_CREATE)]
        if names and not quiet:
            yield finding("workflows-fire", entity=entity, names=names)
        names = [str(w.get("NAME") or w.get("ID")) for w in _of(facts.workflows, document, ON_EDIT)]
        if names and tally.changed[entity]:
            yield finding("workflows-on-change", entity=entity, names=names)
    if not quiet:
        yield finding("robots-fire")
    close = success_stage(facts.lead_stages)
    yield finding("lead-robots-fire", stage=close.name if close else "CONVERTED")


def _of(workflows: tuple[Fields, ...] | None, document: str, when: int) -> list[Fields]:
    """Templates of one document type that start by themselves at `when` (bits of AUTO_EXECUTE)."""
    return [
        w
        for w in workflows or ()
        if document in (w.get("DOCUMENT_TYPE") or ()) and int(w.get("AUTO_EXECUTE") or 0) & when
    ]


def _to_classic(facts: PortalFacts) -> Iterable[Finding]:
    if facts.mode is CrmMode.CLASSIC:
        yield finding("already-in-mode", mode=facts.mode.value)
    if facts.classic_available is Known.UNKNOWN:
        yield finding("classic-unknown")
    yield finding("classic-leads-back", count=facts.active_total)
    stages = [stage.name for stage in in_work(facts.lead_stages)]
    if stages:
        yield finding("classic-stages", names=stages)
    workflows = [str(w.get("NAME") or w.get("ID")) for w in _of(facts.workflows, _LEADS, ON_CREATE | ON_EDIT)]
    if workflows:
        yield finding("classic-workflows", names=workflows)
    elif facts.workflows is None:
        yield finding("workflows-unknown")
    yield finding("classic-robots")
    yield finding("classic-new-requests")
    for source, code in (("open_lines", "classic-open-lines"), ("telephony", "classic-telephony")):
        names = facts.lead_sources.get(source)
        if names:
            yield finding(code, names=list(names))
    yield finding("classic-forms")
    yield finding("classic-autocreate")
    yield finding("menu-reset")
    yield finding("classic-nothing-converted")
    counted = {"deals": facts.clients.get("deal"), "contacts": facts.clients.get("contact")}
    counted["companies"] = facts.clients.get("company")
    if all(count is not None for count in counted.values()):
        yield finding("classic-records", **counted)
    yield _flip(facts)
