"""`Wire` on a portal's client: commands become batches, single imports are packed, files copied. Knows no journal and no program."""

from collections.abc import Mapping, Sequence

from connector.bitrix.batch import Command as BatchCommand
from connector.bitrix.batch import Outcome as BatchOutcomeLine
from connector.bitrix.batch import Status
from connector.bitrix.calls import Kind, spec_of
from connector.bitrix.client import BitrixClient
from connector.errors import BitrixError, Cancelled, LeadswitchError, Ran
from connector.switching.calls import COPY_FILES
from connector.switching.filecopy import copy_files
from connector.switching.packing import pack, unpack
from connector.switching.wire import Command, Outcome, State

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
        copies = [place for place, command in enumerate(commands) if command.method == COPY_FILES]
        outcomes = {place: copy_files(self._client, commands[place].params) for place in copies}
        rest = [place for place in range(len(commands)) if place not in outcomes]
        sent = self._send_packed([commands[place] for place in rest]) if rest else []
        outcomes.update(zip(rest, sent, strict=True))
        return [outcomes[place] for place in range(len(commands))]

    def _send_packed(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        parcels = pack(commands)
        outcomes: dict[int, Outcome] = {}
        for parcel, outcome in zip(parcels, self._send([parcel.command for parcel in parcels]), strict=True):
            outcomes.update(zip(parcel.places, unpack(parcel, outcome, self._client.portal), strict=True))
        return [outcomes[place] for place in range(len(commands))]

    def _send(self, commands: Sequence[Command]) -> Sequence[Outcome]:
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
