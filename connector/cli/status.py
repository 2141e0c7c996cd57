"""`leadswitch status`: the mode, pipelines and active leads of a portal, as the portal reports them now. Changes nothing."""

from collections.abc import Sequence
from typing import Any

import click

from connector.cli.portal import connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.i18n import N_, _, number
from connector.planning.model import Known, Pipeline, PortalFacts
from connector.planning.stages import in_work
from connector.reading import read_facts
from connector.reports.words import MODE, word

KNOWN = {
    Known.YES: N_("yes"),
    Known.NO: N_("no"),
    Known.UNKNOWN: N_("unknown (Bitrix24 offers no way to ask)"),
}


@click.command()
@portal_options
@json_option
@pass_shell
def status(shell: Shell) -> None:
    """CRM mode, whether Classic CRM is available, who you are, pipelines with stages, active leads per stage."""
    with connected(shell) as here:
        facts = read_facts(here.client, key=here.ref.key)
    if shell.json:
        shell.emit(as_json(facts))
    else:
        _print(shell, facts)


def as_json(facts: PortalFacts) -> dict[str, Any]:
    """The answer of `status --json`, documented in docs/cli.md."""
    return {
        "portal": {"key": facts.key, "host": facts.host},
        "mode": facts.mode.value,
        "classic_available": facts.classic_available.value,
        "me": {
            "id": facts.me.id,
            "name": facts.me.name,
            "is_admin": facts.i_am_admin,
            "may_switch": _may_switch(facts).value,
        },
        "pipelines": [pipeline_json(pipeline) for pipeline in facts.pipelines],
        "leads": {
            "active": sum(facts.active_leads_by_stage.values()),
            "by_stage": [
                {"id": stage.id, "name": stage.name, "active": facts.active_leads_by_stage.get(stage.id, 0)}
                for stage in in_work(facts.lead_stages)
            ],
        },
    }


def pipeline_json(pipeline: Pipeline) -> dict[str, Any]:
    """One pipeline as JSON answers show it."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_default": pipeline.is_default,
        "stages": [
            {"id": s.id, "name": s.name, "sort": s.sort, "semantics": s.semantics, "color": s.color}
            for s in pipeline.stages
        ],
    }


def _may_switch(facts: PortalFacts) -> Known:
    """Administrators may. For others Bitrix24 offers no call that tells who may change CRM settings."""
    return Known.YES if facts.i_am_admin else Known.UNKNOWN


def _print(shell: Shell, facts: PortalFacts) -> None:
    out = shell.stdout()
    out.print(
        rows(
            table("", ""),
            [
                (_("Portal"), facts.host),
                (_("CRM mode"), word(MODE, facts.mode)),
                (_("Classic CRM available"), _(KNOWN[facts.classic_available])),
                (_("Connected as"), facts.me.name),
                (_("May change the mode"), _(KNOWN[_may_switch(facts)])),
            ],
        )
    )
    out.print()
    lines = [
        (stage.name, stage.id, number(facts.active_leads_by_stage.get(stage.id, 0)))
        for stage in in_work(facts.lead_stages)
    ]
    lines.append((_("All active leads"), "", number(sum(facts.active_leads_by_stage.values()))))
    out.print(rows(table(_("Lead stage"), "ID", _("Active leads"), right=(2,)), lines))
    out.print()
    print_pipelines(shell, facts.pipelines)


def print_pipelines(shell: Shell, pipelines: Sequence[Pipeline]) -> None:
    """Pipelines with their stages, for people."""
    lines = [
        (p.id, p.name + (f" ({_('default')})" if p.is_default else ""), " → ".join(s.name for s in p.stages))
        for p in pipelines
    ]
    shell.stdout().print(rows(table("ID", _("Pipeline"), _("Stages"), right=(0,)), lines))
