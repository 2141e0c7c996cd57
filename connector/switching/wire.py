"""The connection as the crew needs it, in words: send some commands, get one outcome for each. Sends nothing itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from connector.errors import BitrixError
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
