"""A run on a terminal and as an exit code. Shared by `apply` and `runs`; must never change a run."""

from collections.abc import Mapping, Sequence

from connector.cli.exits import Exit
from connector.cli.shell import Shell, rows, table
from connector.i18n import N_, _, moment, number
from connector.reports.checked import checked
from connector.reports.run_source import RunSource
from connector.reports.words import (
    LEAD_STATE,
    MODE,
    REASON,
    RUN_KIND,
    RUN_STATE,
    choices_text,
    problem_text,
    variant_lines,
    wait_text,
    word,
)
from connector.switching.queries import RunLeadRow

NAMED = 20
"""Leads left behind that are named on the terminal; `runs show ID --format csv` has them all."""

# What a run waits for, or why it rests: what to say, what to do, and the exit code.
WAITS: Mapping[str, tuple[str, str, Exit]] = {
    "flip": (
        N_("All leads are dealt with. Now change the CRM mode in Bitrix24, which only a person can do:"),
        N_(
            "open %(host)s, CRM → Leads or Deals → Settings (the gear) → CRM mode → %(mode)s. "
            "If Bitrix24 asks to convert leads, press Cancel."
        ),
        Exit.WAITING,
    ),
    "flip back": (
        N_("First the CRM mode has to be changed back in Bitrix24, which only a person can do:"),
        N_("open %(host)s, CRM → Deals → Settings (the gear) → CRM mode → %(mode)s."),
        Exit.WAITING,
    ),
    "native": (
        N_("Leadswitch watches and writes nothing. Let Bitrix24 switch and convert the leads by itself:"),
        N_(
            "open %(host)s, CRM → Leads → Settings (the gear) → CRM mode → %(mode)s, and confirm that the leads "
            "are converted. If the dialog asks: %(choices)s. Converted so far: %(gone)s, still in work: %(left)s."
        ),
        Exit.WAITING,
    ),
    "leads": (
        N_(
            "Leads of the portal still in work: %(count)s. Bitrix24 would convert them by its own rules, "
            "so the mode is not to be changed yet."
        ),
        N_(
            "Close them or convert them by hand, then resume. "
            "Leads that were changed after the plan: leadswitch runs retry %(id)s --replan"
        ),
        Exit.LEFT_BEHIND,
    ),
    "portal": (
        N_("The portal does not answer as it should, so the run rests. Nothing is lost."),
        N_("Solve what the message says, then resume."),
        Exit.FAILED,
    ),
    "rights": (
        N_("The user behind our access may not do what the plan needs, so the run rests. Nothing is lost."),
        N_("Ask an administrator for the right, then resume."),
        Exit.FAILED,
    ),
    "deviation": (
        N_(
            "Lead #%(lead)s, the first one, did not come out as planned, so the run rests before it touches another."
        ),
        N_("Compare the lead with its deal; then resume, or undo."),
        Exit.FAILED,
    ),
    "failures": (
        N_("Several leads in a row failed for the same reason, so the run rests before it touches more."),
        N_("See `leadswitch runs show %(id)s`; then resume, or undo."),
        Exit.FAILED,
    ),
}

_ENDED = {"done", "cancelled"}


def exit_of(source: RunSource) -> Exit:
    """The exit code for the state in which a run rests."""
    state = source.run.state
    if state == "failed":
        return Exit.FAILED
    if state in _ENDED:
        return Exit.LEFT_BEHIND if source.behind else Exit.DONE
    what = _what(source)
    return WAITS[what][2] if what in WAITS else Exit.WAITING


def _what(source: RunSource) -> str:
    """What the run waits for, as a row of `WAITS`; an undo begins with the mode, a switch ends with it."""
    what = str((source.run.waiting_for or {}).get("what", ""))
    return "flip back" if what == "flip" and source.run.kind == "undo" else what


def print_run(shell: Shell, source: RunSource, behind: Sequence[RunLeadRow]) -> None:
    """How a run stands: counts, leads left behind, what it waits for, what to do next."""
    out, run = shell.stdout(), source.run
    lines = [
        (_("Run"), f"{run.id[:8]} ({word(RUN_KIND, run.kind)})"),
        (_("State"), word(RUN_STATE, run.state)),
        *(
            (_("Leads: %(state)s", state=word(LEAD_STATE, s)), number(n))
            for s, n in sorted(source.leads.items())
        ),
    ]
    if mode := ((run.report or {}).get("mode") or {}).get("now"):
        lines.append((_("CRM mode, as the portal reports it"), word(MODE, str(mode))))
    out.print(rows(table("", ""), lines))
    if reasons := (run.report or {}).get("reasons"):
        out.print()
        out.print(
            rows(
                table(_("Remarks"), _("Leads"), right=(1,)),
                [(word(REASON, r), number(n)) for r, n in sorted(reasons.items())],
            )
        )
    for fine, line in checked(run.report or {}):
        out.print(f"{_('OK') if fine else _('Attention')}: {line}", markup=False)
    for line in variant_lines((run.report or {}).get("native") or {}):
        out.print(line, markup=False)
    if behind:
        out.print()
        columns = table(_("Lead"), _("Title"), _("State"), _("Reason"), _("Details"))
        out.print(rows(columns, [_lead(one) for one in behind[:NAMED]]))
    if len(behind) > NAMED:
        more = number(source.behind - NAMED)
        out.print(_("… and %(n)s more: leadswitch runs show %(id)s --format csv", n=more, id=run.id[:8]))
    for line in advice(source):
        shell.say(line)


def _lead(one: RunLeadRow) -> tuple[str, ...]:
    return (
        f"#{one.lead_id}",
        one.title,
        word(LEAD_STATE, one.state),
        word(REASON, one.reason),
        problem_text(one.detail),
    )


def advice(source: RunSource) -> list[str]:
    """What a run waits for and what to do, in sentences; empty when there is nothing to do."""
    run, waits = source.run, source.run.waiting_for or {}
    what = _what(source)
    places = {
        "host": source.host,
        "mode": word(MODE, str(waits.get("to", ""))),
        "id": run.id[:8],
        "count": waits.get("count", ""),
        "lead": waits.get("lead", ""),
        "gone": waits.get("gone", ""),
        "left": waits.get("left", ""),
        "choices": choices_text(waits.get("choices") or {}),
    }
    lines = []
    if what in WAITS:
        said, todo, _code = WAITS[what]
        why = wait_text(waits)
        lines = [
            _(said) % places,
            *([f"  {why}"] if why else []),
            "  " + _(todo) % places,
        ]
    if run.state in ("paused", "waiting"):
        go_on = (
            N_("Then: leadswitch runs resume %(id)s")
            if what
            else N_("Paused. To go on: leadswitch runs resume %(id)s")
        )
        lines.append(_(go_on) % places)
    if what == "native" and waits.get("stopped"):
        lines.append(
            _("No lead was converted lately: the dialog seems to be closed. `runs cancel` ends the watch.")
        )
    if run.kind == "native" and not run.is_live and source.behind:
        lines.append(
            _("To convert what is left with Leadswitch: leadswitch plan --to simple --out rest.jsonl")
        )
    if run.state == "done" and run.kind == "apply":
        lines.append(_("To take it back: leadswitch runs undo %(id)s", id=run.id[:8]))
    return lines


def print_runs(shell: Shell, runs: Sequence[RunSource]) -> None:
    """A list of runs, newest first."""
    lines = [
        (
            one.run.id[:8],
            word(RUN_KIND, one.run.kind),
            word(RUN_STATE, one.run.state),
            number(sum(one.leads.values())),
            number(one.behind),
            moment(one.run.created_at, "short"),
            str(one.run.created_by.get("name") or ""),
        )
        for one in runs
    ]
    columns = table(
        _("Run"), _("Kind"), _("State"), _("Leads"), _("Left behind"), _("Created"), _("By"), right=(3, 4)
    )
    shell.stdout().print(rows(columns, lines))
