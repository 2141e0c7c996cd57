"""Imports of single records travel together: up to twenty of one type are one command. Knows no journal; sends nothing.

Each record stays a write of its own, journalled and looked for by itself; only the way to the portal is shared. The answer of
`crm.item.batchImport` names what became of each item by its place (universal/import/crm-item-batch-import.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.bitrix.encoding import command_text, fits_query, normalise
from connector.bitrix.policy import Action, policy_of
from connector.bitrix.transport import error_fields, error_of
from connector.errors import BadAnswer, BitrixError, OutcomeUnknown, Ran
from connector.switching.calls import COPY_FILES, Params
from connector.switching.wire import Command, Outcome, State

ONE, MANY = "crm.item.import", "crm.item.batchImport"
PACK = 20
"""MAX_IMPORT_BATCH_SIZE_EXCEEDED above this."""
COPY_SLOTS = 10
TEXT = 48 * 1024
"""Characters of one packed command: longer ones would need a request of their own."""


@dataclass(slots=True)
class Load:
    """How full a request is that holds `size` commands: imports of one type share theirs."""

    size: int
    used: int = 0
    imports: dict[int, int] = field(default_factory=dict)

    def takes(self, method: str, params: Params) -> bool:
        """Count one more command, unless there is no room for it."""
        if method == COPY_FILES:
            # Three requests of its own and a file's time: a few of them are a turn.
            if self.used >= self.size:
                return False
            self.used += COPY_SLOTS
            return True
        kind = int(params["entityTypeId"]) if method == ONE else 0
        shares = bool(kind) and self.imports.get(kind, 0) % PACK > 0
        if not shares and self.used >= self.size:
            return False
        self.used += not shares
        self.imports[kind] = self.imports.get(kind, 0) + 1
        return True


def full_first(commands: Sequence[tuple[str, Params]], *, ahead: bool = False) -> list[int]:
    """Places of (method, params) in the order in which to send them: imports that would not fill a pack come last, and so may wait for
    others of their type while there is something else to send. `ahead`: those that fill one come before everything else.
    """
    imports: dict[int, list[int]] = {}
    for place, (method, params) in enumerate(commands):
        if method == ONE:
            imports.setdefault(int(params["entityTypeId"]), []).append(place)
    late = {place for places in imports.values() for place in places[len(places) // PACK * PACK :]}
    order = [place for place in range(len(commands)) if place not in late]
    if ahead:
        order.sort(key=lambda place: commands[place][0] != ONE)
    return order + sorted(late)


@dataclass(slots=True)
class Parcel:
    """A command as it is sent, and the places of those that it stands for."""

    command: Command
    places: list[int]
    text: int = 0


def pack(commands: Sequence[Command]) -> list[Parcel]:
    """What to send for `commands`: everything is in exactly one parcel; a lone import stays as it is."""
    parcels: list[Parcel] = []
    open_: dict[int, Parcel] = {}
    for place, command in enumerate(commands):
        size = _size(command) if command.method == ONE else 0
        if not size:
            parcels.append(Parcel(command, [place]))
            continue
        kind = int(command.params["entityTypeId"])
        parcel = open_.get(kind)
        if parcel is None or len(parcel.places) == PACK or parcel.text + size > TEXT:
            parcel = open_[kind] = Parcel(command, [])
            parcels.append(parcel)
        parcel.places.append(place)
        parcel.text += size
    for parcel in parcels:
        if len(parcel.places) > 1:
            data = [commands[place].params["fields"] for place in parcel.places]
            params = {"entityTypeId": parcel.command.params["entityTypeId"], "data": data}
            parcel.command = Command(MANY, params, once=True)
    return parcels


def _size(command: Command) -> int:
    """Length of an import inside a packed command; 0: it cannot be part of one."""
    params = normalise(command.params["fields"])
    return (
        len(command_text(MANY, params)) + PACK * 10 if fits_query(params) and isinstance(params, dict) else 0
    )


def unpack(parcel: Parcel, outcome: Outcome, portal: str) -> list[Outcome]:
    """One outcome per place of a parcel."""
    if len(parcel.places) == 1:
        return [outcome]
    if outcome.state is not State.OK:
        return [replace(outcome) for _ in parcel.places]
    items = outcome.value.get("items") if isinstance(outcome.value, Mapping) else None
    rows = list(items.values()) if isinstance(items, Mapping) else items if isinstance(items, list) else []
    if len(rows) != len(parcel.places):
        # Which item is missing cannot be told by place: each is looked for.
        wrong = BadAnswer(f"{len(rows)} items for {len(parcel.places)} records", portal=portal, method=MANY)
        return [Outcome(State.UNKNOWN, error=OutcomeUnknown(wrong)) for _ in parcel.places]
    return [_item(row, portal) for row in rows]


def _item(row: Any, portal: str) -> Outcome:
    if not isinstance(row, Mapping):
        return Outcome(
            State.UNKNOWN, error=OutcomeUnknown(BadAnswer("an item that is none", portal=portal, method=MANY))
        )
    if "error" not in row:
        return Outcome(State.OK, row)
    code, description = error_fields(row)
    error: BitrixError = error_of(code, description, portal=portal, method=ONE)
    if error.ran is Ran.MAYBE:
        return Outcome(State.UNKNOWN, error=OutcomeUnknown(error))
    passing = policy_of(error).action in (Action.WAIT, Action.RETRY)
    return Outcome(State.NOT_RUN if passing else State.FAILED, error=error)
