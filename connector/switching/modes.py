"""The CRM mode of a portal: one reader, a table of documented setters, and whether a change may be asked for. Never claims a change.

`crm.settings.mode.get` answers 1 (classic) or 2 (simple). Bitrix24 documents no setter on the cloud (design decision 4): today the only
row is our own companion on self-hosted portals, used when its version method answers. A method that is not in the table is never called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.bitrix.batch import Command
from connector.bitrix.client import BitrixClient
from connector.errors import BitrixError, ModeError
from connector.planning.model import CrmMode
from connector.reading.facts import SETTER_PROBE
from connector.switching.calls import Write

MODE_IDS: Mapping[CrmMode, int] = {CrmMode.CLASSIC: 1, CrmMode.SIMPLE: 2}
MODES: Mapping[int, CrmMode] = {number: mode for mode, number in MODE_IDS.items()}


@dataclass(frozen=True, slots=True)
class Setter:
    """A documented contract: `probe` answers where it exists, `method` takes `mode` (1 or 2) and, for simple, the number of leads in work
    that the caller knows of; it refuses when the number is another.
    """

    name: str
    probe: str
    method: str
    counts_leads: bool


SETTERS: tuple[Setter, ...] = (
    Setter("companion", SETTER_PROBE, "leadswitch.crm.mode.set", counts_leads=True),
)


def read_mode(client: BitrixClient) -> CrmMode:
    """The mode that the portal reports now. Raises BitrixError, and ModeError for an answer that is neither 1 nor 2."""
    return mode_of(client.call("crm.settings.mode.get").result)


def mode_of(answer: object) -> CrmMode:
    """The answer of `crm.settings.mode.get`; raises ModeError for one that is neither 1 nor 2."""
    try:
        return MODES[int(str(answer))]
    except (KeyError, ValueError):
        raise ModeError(f"crm.settings.mode.get answered {answer!r}") from None


@dataclass(frozen=True, slots=True)
class Look:
    """What decides about a change of the mode, read in one request: the mode, the setter of this portal, the leads in work."""

    mode: CrmMode
    setter: Setter | None
    active: tuple[int, ...]


def look(client: BitrixClient) -> Look:
    """Raises BitrixError when the portal does not answer, ModeError for a mode that is neither 1 nor 2.

    A portal has a setter when the version method of its row answers; without one a person must change the mode.
    """
    probes = [Command(f"s{index}", setter.probe) for index, setter in enumerate(SETTERS)]
    found = client.batch([Command("mode", "crm.settings.mode.get"), Command("active", *_ACTIVE), *probes])
    for name in ("mode", "active"):
        if not found[name].ok:
            raise found[name].error or BitrixError(portal=client.portal, method=found[name].method)
    setter = next((setter for index, setter in enumerate(SETTERS) if found[f"s{index}"].ok), None)
    first: Any = found["active"].result
    whole = found["active"].next is None
    active = [int(row["id"]) for row in first["items"]] if whole else active_leads(client)
    return Look(mode_of(found["mode"].result), setter, tuple(sorted(active)))


def set_call(setter: Setter, mode: CrmMode, *, active_leads: int, attempt: int = 0) -> Write:
    """The write that changes the mode; read the mode back before believing it.

    What was refused is asked again when another number of leads is in work, or in another `attempt`: when somebody resumes the run.
    """
    params: dict[str, object] = {"mode": MODE_IDS[mode]}
    if setter.counts_leads and mode is CrmMode.SIMPLE and active_leads:
        params["leftovers"] = active_leads
    return Write(
        f"mode:{mode.value}:{active_leads}:{attempt}", setter.method, params, previous={"setter": setter.name}
    )


_ACTIVE = ("crm.item.list", {"entityTypeId": 1, "select": ["id"], "filter": {"=stageSemanticId": "P"}})


def active_leads(client: BitrixClient) -> list[int]:
    """Ids of all leads of the portal in work (STATUS_SEMANTIC_ID = P), ascending; rows that our user may not see are not among them."""
    return [int(str(row["id"])) for row in client.list(*_ACTIVE)]
