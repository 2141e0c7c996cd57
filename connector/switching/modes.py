"""The CRM mode of a portal: one reader, a table of documented setters, and whether a change may be asked for. Never claims a change.

`crm.settings.mode.get` answers 1 (classic) or 2 (simple). Bitrix24 documents no setter on the cloud (design decision 4): today the only
row is our own companion on self-hosted portals, used when its version method answers. A method that is not in the table is never called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.bitrix.client import BitrixClient
from connector.errors import AccessDenied, MethodError, ModeError
from connector.planning.model import CrmMode
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
    Setter("companion", "leadswitch.version", "leadswitch.crm.mode.set", counts_leads=True),
)


def read_mode(client: BitrixClient) -> CrmMode:
    """The mode that the portal reports now. Raises BitrixError, and ModeError for an answer that is neither 1 nor 2."""
    answer = client.call("crm.settings.mode.get").result
    try:
        return MODES[int(str(answer))]
    except (KeyError, ValueError):
        raise ModeError(f"crm.settings.mode.get answered {answer!r}") from None


def find_setter(client: BitrixClient) -> Setter | None:
    """The first row of the table that this portal has, or None: then a person must change the mode."""
    for setter in SETTERS:
        try:
            client.call(setter.probe)
        except (MethodError, AccessDenied):
            continue
        return setter
    return None


def set_call(setter: Setter, mode: CrmMode, *, active_leads: int) -> Write:
    """The write that changes the mode; read the mode back before believing it."""
    params: dict[str, object] = {"mode": MODE_IDS[mode]}
    if setter.counts_leads and mode is CrmMode.SIMPLE and active_leads:
        params["leftovers"] = active_leads
    return Write(f"mode:{mode.value}", setter.method, params, previous={"setter": setter.name})


def count_active(client: BitrixClient) -> int:
    """How many leads of the whole portal are in work (STATUS_SEMANTIC_ID = P); rows that our user may not see are not counted."""
    answer = client.call(
        "crm.item.list",
        {"entityTypeId": 1, "select": ["id"], "filter": {"=stageSemanticId": "P"}},
    )
    if answer.total is not None:
        return answer.total
    return len(active_leads(client))


def active_leads(client: BitrixClient) -> list[int]:
    """Ids of all leads in work, ascending."""
    rows = client.list(
        "crm.item.list", {"entityTypeId": 1, "select": ["id"], "filter": {"=stageSemanticId": "P"}}
    )
    return [int(str(row["id"])) for row in rows]
