"""`leadswitch apply`: carries out a plan file, and nothing but that."""

from pathlib import Path

import click

from connector.cli.plan import from_store
from connector.cli.plan_view import print_plan
from connector.cli.portal import connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options
from connector.cli.working import confirm, wait_option, work
from connector.errors import NotAPlan
from connector.i18n import _, ngettext
from connector.plans import service as plans
from connector.portals.rights import Action
from connector.switching import service


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--replan-stale",
    is_flag=True,
    help="Plan a lead anew that has changed since the plan, instead of skipping it.",
)
@click.option(
    "--native",
    is_flag=True,
    help="Write nothing: watch Bitrix24's own switch and compare it with what the plan predicts.",
)
@wait_option
@portal_options
@json_option
@pass_shell
def apply(shell: Shell, file: Path, *, yes: bool, replan_stale: bool, native: bool, wait: float) -> int:
    """Carry out a plan file, resumable and reversible.

    Shows progress with rate and time left; Ctrl-C pauses cleanly. Ends with exit code 4 when the CRM mode is to be changed by
    a person: do that in Bitrix24, then `leadswitch runs resume ID`.

    With --native it is Bitrix24 that converts: run its own dialog, Leadswitch follows along and reports predicted against actual.
    """
    with connected(shell) as here:
        here.require(Action.APPLY)
        try:
            plan_id = plans.load_file(here.db, here.ref, file, actor=here.actor, clock=here.clock)
        except OSError as wrong:
            raise NotAPlan(f"{file.name}: {wrong.strerror}") from None
        if native:
            run_id = service.start_native(
                here.db, plan_id, here.actor, valid_days=here.settings.plan_valid_days, clock=here.clock
            )
            shell.say(_("Run %(id)s watches. Ctrl-C pauses it.", id=run_id[:8]))
            return work(shell, here, run_id, wait)
        source = from_store(here, plan_id)
        if not yes and not shell.json:
            print_plan(shell, source)
        count = int(source.head.counts.get("convertible", 0)) - source.left_out
        confirm(
            shell,
            ngettext(
                "Convert %(n)s lead on %(host)s now?",
                "Convert %(n)s leads on %(host)s now?",
                count,
                host=here.ref.host,
            ),
            yes,
        )
        run_id = service.start(
            here.db,
            plan_id,
            here.actor,
            replan_stale=replan_stale,
            valid_days=here.settings.plan_valid_days,
            clock=here.clock,
        )
        shell.say(_("Run %(id)s has started. Ctrl-C pauses it.", id=run_id[:8]))
        return work(shell, here, run_id, wait)
