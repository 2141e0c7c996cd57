"""`leadswitch doctor`: says what is well, what is not, and what to do. Must never stop at the first problem."""

from dataclasses import asdict

import click

from connector.cli.checks import Check, State, examine
from connector.cli.exits import Exit
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.i18n import N_, _
from connector.redact import redact_text

# The names of checks in words; JSON keeps the names.
NAMES = {
    "settings": N_("settings"),
    "manifest": N_("app card"),
    "data folder": N_("data folder"),
    "database": N_("database"),
    "app": N_("app"),
    "portal": N_("portal"),
    "permissions": N_("permissions"),
    "CRM mode": N_("CRM mode"),
}
WORDS = {State.OK: N_("ok"), State.NOTE: N_("note"), State.FAILED: N_("NOT WELL")}


@click.command()
@portal_options
@json_option
@pass_shell
def doctor(shell: Shell) -> int:
    """Check configuration, database, portal and permissions; says what to do."""
    found = [masked(shell, check) for check in examine(shell)]
    well = all(check.state is not State.FAILED for check in found)
    if shell.json:
        shell.emit({"ok": well, "checks": [asdict(check) for check in found]})
    else:
        lines = [
            (_(WORDS[check.state]), _(NAMES.get(check.name, check.name)), check.what, check.todo)
            for check in found
        ]
        shell.stdout().print(rows(table("", _("Checked"), _("Found"), _("What to do")), lines))
    return Exit.DONE if well else Exit.FAILED


def masked(shell: Shell, check: Check) -> Check:
    """The check without any secret of this command line."""
    return Check(
        check.name,
        check.state,
        redact_text(check.what, shell.secrets),
        redact_text(check.todo, shell.secrets),
    )
