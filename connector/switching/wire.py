"""The connection as the crew needs it: send some commands, get one outcome for each. Knows no journal and no program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from connector.bitrix.batch import Command as BatchCommand
from connector.bitrix.batch import Outcome as BatchOutcomeLine
from connector.bitrix.batch import Status
from connector.bitrix.calls import Kind, spec_of
from connector.bitrix.client import BitrixClient
from connector.errors import BitrixError, Cancelled, LeadswitchError, Ran
from connector.switching.calls import Params


@dataclass(frozen=True, slots=True)
class Command:
    """One method call. `once`: carrying it out twice would do harm although its method usually may be repeated."""

    method: str
    params: Params
    once: bool = False


class State(StrEnum):
    """What is known of a command: carried out, refused, certainly not carried out, or unknown."""

    OK = "ok"
    FAILED = "failed"
    NOT_RUN = "not_run"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`value` is the method's `result`, `next` the start of the next page of a list, `error` why it is not `ok`."""

    state: State
    value: Any = None
    next: int | None = None
    error: BitrixError | None = None


class Wire(Protocol):
    """A connection to one portal that never sends a write twice by itself."""

    def send(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """One outcome per command, in order. Raises nothing about single commands or lost answers."""


_STATES: Mapping[Status, State] = {
    Status.OK: State.OK,
    Status.FAILED: State.FAILED,
    Status.NOT_RUN: State.NOT_RUN,
    Status.UNKNOWN: State.UNKNOWN,
}


class ClientWire:
    """`Wire` on a `BitrixClient`, whose batches never repeat a write without proof."""

    def __init__(self, client: BitrixClient) -> None:
        self._client = client

    def send(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """See `Wire.send`; a refusal of the whole batch becomes the outcome of each command."""
        labelled = [
            BatchCommand(f"c{index}", command.method, command.params, once=command.once)
            for index, command in enumerate(commands)
        ]
        try:
            found = self._client.batch(labelled)
        except (BitrixError, Cancelled) as error:
            return [_refused(command, error) for command in commands]
        return [_outcome(found[command.label]) for command in labelled]


def _refused(command: Command, error: LeadswitchError) -> Outcome:
    lost = isinstance(error, BitrixError) and error.ran is Ran.MAYBE
    state = State.UNKNOWN if lost and spec_of(command.method).kind is not Kind.READ else State.NOT_RUN
    return Outcome(state, error=error if isinstance(error, BitrixError) else None)


def _outcome(outcome: BatchOutcomeLine) -> Outcome:
    error = outcome.error if isinstance(outcome.error, BitrixError) else None
    return Outcome(_STATES[outcome.status], outcome.result, outcome.next, error)
