"""`leadswitch hooks`: endpoints of outgoing webhooks and their deliveries. Must never print a secret but the one that it has just made."""

import os
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import click

from connector.cli.portal import Here, connected
from connector.cli.shell import Shell, json_option, pass_shell, portal_options, rows, table
from connector.cli.working import confirm
from connector.i18n import N_, _, moment, ngettext
from connector.portals.rights import Action
from webhooks.actions.tools import tools
from webhooks.outbound import deliveries as log
from webhooks.outbound import endpoints as room
from webhooks.outbound import queue
from webhooks.outbound.deliveries import DeliveryView
from webhooks.outbound.endpoints import EndpointView
from webhooks.worker import perform

STATES: Mapping[str, str] = {
    "active": N_("active"),
    "disabled": N_("disabled"),
    "pending": N_("pending"),
    "done": N_("done"),
    "failed": N_("failed"),
    "dropped": N_("dropped"),
}
F = TypeVar("F", bound=Callable[..., Any])
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def hooks() -> None:
    """List, add, test and replay outgoing webhooks, signed as Standard Webhooks.

    Rules say what is sent where: `leadswitch rules`. The app, where it serves, sends them by itself; `test`, `redeliver` and `replay` also
    send from this command.
    """


def _options(command: F) -> F:
    return portal_options(json_option(command))


@hooks.command("list")
@_options
@pass_shell
def list_(shell: Shell) -> None:
    """All endpoints of the portal."""
    with connected(shell) as here:
        found = room.endpoints(here.db, here.ref.id)
    if shell.json:
        shell.emit({"endpoints": [endpoint_json(one) for one in found]})
        return
    if not found:
        shell.say(_("There is no endpoint yet."))
        return
    lines = [(one.id, one.name, one.address, _(STATES[one.state]), one.reason) for one in found]
    shell.stdout().print(rows(table("ID", _("Name"), _("Address"), _("State"), _("Reason")), lines))


@hooks.command()
@click.argument("url")
@click.option("--name", default="", help="What it is for.")
@click.option("--personal-data", is_flag=True, help="Send names and titles of leads, too.")
@_options
@pass_shell
def add(shell: Shell, url: str, name: str, personal_data: bool) -> None:
    """Add an endpoint and print its signing secret, once. Private addresses are refused unless the settings allow them."""
    shell.keep_secret(url)
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        made, secret = room.create_endpoint(
            here.db,
            here.settings,
            here.ref.id,
            url=url,
            name=name,
            personal_data=personal_data,
            actor=here.actor,
            clock=here.clock,
        )
    _once(shell, made, secret)


@hooks.command()
@click.argument("endpoint")
@_options
@pass_shell
def rotate(shell: Shell, endpoint: str) -> None:
    """Give an endpoint a new secret and print it, once. For a day the former one signs along."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        secret = room.rotate_secret(here.db, here.ref.id, endpoint, actor=here.actor, clock=here.clock)
        made = room.endpoint(here.db, here.ref.id, endpoint)
    _once(shell, made, secret)


@hooks.command()
@click.argument("endpoint")
@_options
@pass_shell
def enable(shell: Shell, endpoint: str) -> None:
    """Switch an endpoint on again."""
    _switch(shell, endpoint, True)


@hooks.command()
@click.argument("endpoint")
@_options
@pass_shell
def disable(shell: Shell, endpoint: str) -> None:
    """Switch an endpoint off. What waits for it is dropped and can be replayed."""
    _switch(shell, endpoint, False)


@hooks.command()
@click.argument("endpoint")
@YES
@_options
@pass_shell
def remove(shell: Shell, endpoint: str, yes: bool) -> None:
    """Delete an endpoint with the log of its deliveries."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        found = room.endpoint(here.db, here.ref.id, endpoint)
        confirm(shell, _("Delete the endpoint %(address)s with its log?", address=found.address), yes)
        room.delete_endpoint(here.db, here.ref.id, endpoint, actor=here.actor, clock=here.clock)
    if shell.json:
        shell.emit({"deleted": endpoint_json(found)})


@hooks.command()
@click.option("--endpoint", help="Only those of this endpoint.")
@click.option("--state", type=click.Choice(["pending", "done", "failed", "dropped"]), help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many, newest first."
)
@_options
@pass_shell
def deliveries(shell: Shell, endpoint: str | None, state: str | None, limit: int) -> None:
    """What was sent, and what became of it."""
    with connected(shell) as here:
        found = log.page(here.db, here.ref.id, endpoint_id=endpoint, state=state, limit=limit)
    if shell.json:
        shell.emit({"deliveries": [delivery_json(one) for one in found]})
        return
    lines = [
        (one.id, moment(one.created_at), one.event, _(STATES[one.state]), one.attempts, one.reason)
        for one in found
    ]
    columns = table("ID", _("When"), _("Event"), _("State"), _("Tries"), _("Reason"), right=(4,))
    shell.stdout().print(rows(columns, lines))


@hooks.command()
@click.argument("endpoint")
@_options
@pass_shell
def test(shell: Shell, endpoint: str) -> int:
    """Send a test event, signed like any other, and tell what the receiver answered."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        sent = log.send_test(here.db, here.ref.id, endpoint, here.actor, clock=here.clock)
        return _sent(shell, here, [sent.id])


@hooks.command()
@click.argument("delivery")
@_options
@pass_shell
def redeliver(shell: Shell, delivery: str) -> int:
    """Send one webhook again, with the same `webhook-id`."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        log.redeliver(here.db, here.ref.id, delivery, here.actor, clock=here.clock)
        return _sent(shell, here, [delivery])


@hooks.command()
@click.argument("endpoint")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="From this moment on, UTC.",
)
@click.option("--all", "everything", is_flag=True, help="Also what was delivered.")
@_options
@pass_shell
def replay(shell: Shell, endpoint: str, since: datetime, everything: bool) -> int:
    """Send again what an endpoint has missed, oldest first."""
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        moment_ = since.replace(tzinfo=here.clock.now().tzinfo)
        count = log.replay(
            here.db, here.ref.id, endpoint, moment_, here.actor, everything=everything, clock=here.clock
        )
        shell.say(ngettext("%(n)s delivery is sent again.", "%(n)s deliveries are sent again.", count))
        found = log.page(here.db, here.ref.id, endpoint_id=endpoint, state="pending", limit=500)
        return _sent(shell, here, [one.id for one in found])


def deliver(here: Here) -> None:
    """Do what is due for this portal now, as a serving process would; leases keep the two from doing the same."""
    kit = tools(here.db, here.settings, here.clock)
    holder = f"shell:{socket.gethostname()}:{os.getpid()}"
    while due := queue.claim(here.db, holder, here.clock.now(), portal_id=here.ref.id):
        for row in due:
            perform(kit, row, holder)


def _sent(shell: Shell, here: Here, ids: list[str]) -> int:
    deliver(here)
    found = [log.delivery(here.db, here.ref.id, id_) for id_ in ids]
    if shell.json:
        shell.emit(
            {
                "deliveries": [
                    {**delivery_json(one.delivery), "tries": [_attempt(a) for a in one.attempts]}
                    for one in found
                ]
            }
        )
    else:
        for one in found:
            last = one.attempts[-1] if one.attempts else None
            answer = f" · {last.outcome} {last.status or ''}".rstrip() if last else ""
            shell.stdout().print(
                f"{one.delivery.id}  {_(STATES[one.delivery.state])}{answer}", markup=False, soft_wrap=True
            )
    return 0 if all(one.delivery.state == "done" for one in found) else 1


def _attempt(one: log.AttemptView) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "status": one.status,
        "duration_ms": one.duration_ms,
        "outcome": one.outcome,
    }


def _switch(shell: Shell, endpoint: str, enabled: bool) -> None:
    with connected(shell) as here:
        here.require(Action.AUTOMATION)
        now = room.change_endpoint(
            here.db,
            here.settings,
            here.ref.id,
            endpoint,
            actor=here.actor,
            enabled=enabled,
            clock=here.clock,
        )
    if shell.json:
        shell.emit(endpoint_json(now))
    else:
        shell.say(f"{now.id}  {now.address}  {_(STATES[now.state])}")


def _once(shell: Shell, made: EndpointView, secret: str) -> None:
    if shell.json:
        shell.emit({**endpoint_json(made), "secret": secret})
        return
    click.echo(secret)
    shell.say(f"{made.id}  {made.address}")
    shell.say(_("This secret is shown only now. The receiver needs it to verify what we send."))


def endpoint_json(one: EndpointView) -> dict[str, Any]:
    """An endpoint as JSON answers show it; of its address the host alone, since addresses of chats are keys."""
    return {
        "id": one.id,
        "name": one.name,
        "address": one.address,
        "state": one.state,
        "reason": one.reason,
        "personal_data": one.personal_data,
        "failing_since": one.failing_since.isoformat() if one.failing_since else None,
        "created": one.created_at.isoformat(),
    }


def delivery_json(one: DeliveryView) -> dict[str, Any]:
    """A delivery as JSON answers show it; `id` is its `webhook-id`."""
    return {
        "id": one.id,
        "event": one.event,
        "kind": one.kind,
        "endpoint": one.endpoint,
        "rule": one.rule,
        "state": one.state,
        "reason": one.reason,
        "attempts": one.attempts,
        "next": one.next_at.isoformat() if one.next_at else None,
        "created": one.created_at.isoformat(),
        "finished": one.finished_at.isoformat() if one.finished_at else None,
    }
