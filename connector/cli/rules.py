"""`leadswitch rules`: what is to happen when something happens, as JSON. The rules of rules are those of `webhooks.rules`."""

import json
from collections.abc import Callable
from typing import IO, Any, TextIO, TypeVar

import click

from connector.cli.portal import connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.cli.working import confirm
from connector.errors import BadRule
from connector.i18n import _, moment
from connector.occurrences import Kind
from connector.portals.rights import Action
from webhooks.rules import service as room
from webhooks.rules.preview import Preview, try_rule
from webhooks.rules.service import RuleView

F = TypeVar("F", bound=Callable[..., Any])
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def rules() -> None:
    """List, add, change, try out, switch and delete rules.

    FILE holds one rule as JSON (docs/automation.md), - reads standard input. They act where the app serves, and while `leadswitch watch`
    runs.
    """


def _options(command: F) -> F:
    return portal_options(json_option(command))


@rules.command("list")
@_options
@pass_shell
def list_(shell: Shell) -> None:
    """All rules of the portal."""
    with connected(shell) as here:
        found = room.rules(here.db, here.ref.id)
    if shell.json:
        shell.emit({"rules": [rule_json(one) for one in found]})
        return
    if not found:
        shell.say(_("There is no rule yet."))
        return
    lines = [
        (
            one.id,
            one.form.name,
            _("on") if one.form.enabled else _("off"),
            ", ".join(one.form.on),
            ", ".join(action.type for action in one.form.do),
        )
        for one in found
    ]
    shell.stdout().print(rows(table("ID", _("Name"), _("State"), _("When"), _("What")), lines))


@rules.command()
@click.argument("rule")
@_options
@pass_shell
def show(shell: Shell, rule: str) -> None:
    """One rule, as JSON."""
    with connected(shell) as here:
        shell.emit(rule_json(room.rule(here.db, here.ref.id, rule)))


@rules.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@_options
@pass_shell
def add(shell: Shell, file: TextIO) -> None:
    """Store a rule. It acts on what happens from now on."""
    form = room.read_form(_document(file))
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        _tell(shell, room.create_rule(here.db, here.ref.id, form, here.actor, clock=here.clock))


@rules.command()
@click.argument("rule")
@click.argument("file", type=click.File(encoding="utf-8"))
@_options
@pass_shell
def change(shell: Shell, rule: str, file: TextIO) -> None:
    """Put another form in the place of a rule."""
    form = room.read_form(_document(file))
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        _tell(shell, room.change_rule(here.db, here.ref.id, rule, form, here.actor, clock=here.clock))


@rules.command()
@click.argument("rule")
@_options
@pass_shell
def on(shell: Shell, rule: str) -> None:
    """Switch a rule on."""
    _switch(shell, rule, True)


@rules.command()
@click.argument("rule")
@_options
@pass_shell
def off(shell: Shell, rule: str) -> None:
    """Switch a rule off; what it has set off already goes on."""
    _switch(shell, rule, False)


@rules.command()
@click.argument("rule")
@YES
@_options
@pass_shell
def delete(shell: Shell, rule: str, yes: bool) -> None:
    """Delete a rule with its history; the log of its deliveries stays."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        found = room.rule(here.db, here.ref.id, rule)
        confirm(shell, _("Delete the rule %(name)s?", name=found.form.name), yes)
        room.delete_rule(here.db, here.ref.id, rule, here.actor, clock=here.clock)
    if shell.json:
        shell.emit({"deleted": rule_json(found)})


@rules.command("try")
@click.argument("rule")
@click.option(
    "--event",
    type=click.Choice([kind.value for kind in Kind]),
    help="With this event; by default the first one that the rule waits for.",
)
@_options
@pass_shell
def try_(shell: Shell, rule: str, event: str | None) -> None:
    """What a rule would do with a made-up event, down to what would be sent. Does nothing.

    RULE is the ID of one, or a file.
    """
    with connected(shell) as here:
        if rule.startswith("rl_"):
            form = room.rule(here.db, here.ref.id, rule).form
        else:
            file: IO[Any] = click.File(encoding="utf-8").convert(rule, None, click.get_current_context())
            form = room.read_form(_document(file))
        kind = Kind(event) if event else form.on[0]
        shell.emit(preview_json(try_rule(here.db, here.ref.id, form, kind, clock=here.clock)))


@rules.command()
@click.option("--rule", help="Only of this one.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many, newest first."
)
@_options
@pass_shell
def history(shell: Shell, rule: str | None, limit: int) -> None:
    """What rules have seen, whether they acted, and why."""
    with connected(shell) as here:
        found = room.history(here.db, here.ref.id, rule_id=rule, limit=limit)
    if shell.json:
        lines = [
            {
                "rule": one.rule,
                "event": one.event,
                "at": one.occurred_at.isoformat(),
                "matched": one.matched,
                "reasons": [dict(reason) for reason in one.reasons],
            }
            for one in found
        ]
        shell.emit({"history": lines})
        return
    shown = [
        (
            moment(one.occurred_at),
            one.event,
            one.rule_name,
            _("acted") if one.matched else _("conditions did not hold"),
        )
        for one in found
    ]
    shell.stdout().print(rows(table(_("When"), _("Event"), _("Rule"), _("What")), shown))


def _switch(shell: Shell, rule: str, enabled: bool) -> None:
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        _tell(shell, room.switch_rule(here.db, here.ref.id, rule, enabled, here.actor, clock=here.clock))


def _document(file: IO[Any]) -> Any:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as problem:
        raise BadRule(where="JSON", reason=str(problem)) from None


def _tell(shell: Shell, rule: RuleView) -> None:
    if shell.json:
        shell.emit(rule_json(rule))
    else:
        shell.stdout().print(
            f"{rule.id}  {rule.form.name}  {_('on') if rule.form.enabled else _('off')}", markup=False
        )


def rule_json(rule: RuleView) -> dict[str, Any]:
    """A rule as JSON answers show it: its form, as `add` takes it, with its ID and times."""
    return {
        "id": rule.id,
        **rule.form.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True),
        "enabled": rule.form.enabled,
        "created": rule.created_at.isoformat(),
        "updated": rule.updated_at.isoformat(),
    }


def preview_json(seen: Preview) -> dict[str, Any]:
    """What a rule would do, as JSON."""
    return {
        "event": seen.event,
        "data": dict(seen.data),
        "listens": seen.listens,
        "matched": seen.matched,
        "reasons": [dict(reason) for reason in seen.reasons],
        "would": [
            {"type": one.type, "target": one.target, "request": dict(one.request)} for one in seen.would
        ],
    }
