"""Files of a lead uploaded again to another record: fresh addresses, one download each, one update. Journals nothing, keeps no address.

Sources: files/how-to-update-files.md (`["name", "base64"]`, a multiple field takes a list of them; `urlMachine` for the download). None of
the requests may travel in a batch (settings/how-to-call-rest-api/batch.md).
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from connector.bitrix.client import BitrixClient
from connector.bitrix.policy import Action, policy_of
from connector.errors import BitrixError, Cancelled, OutcomeUnknown, RecordNotFound
from connector.planning.files import MAX_MEGABYTES
from connector.switching.calls import LEAD, Params, Row
from connector.switching.wire import Outcome, State

LARGEST = MAX_MEGABYTES * 1024 * 1024
ALTOGETHER = 2 * LARGEST
"""Of one field: all its files are in memory and in one request, a third larger."""


def copy_files(client: BitrixClient, params: Params) -> Outcome:
    """Outcome of `calls.COPY_FILES`. What is too large, gone or refused is named in `left`; nothing is written when nothing can be read."""
    try:
        files, left = _read(client, params)
        if not files:
            return Outcome(State.OK, {"left": left})
        content: object = files if params["multiple"] else files[0]
        fields = {params["target"]: content}
        update = {"entityTypeId": params["entityTypeId"], "id": params["id"], "fields": fields}
        client.call("crm.item.update", update)
    except OutcomeUnknown as error:
        return Outcome(State.UNKNOWN, error=error)
    except BitrixError as error:
        passing = policy_of(error).action in (Action.WAIT, Action.RETRY)
        return Outcome(State.NOT_RUN if passing else State.FAILED, error=error)
    except Cancelled:
        return Outcome(State.NOT_RUN)
    return Outcome(State.OK, {"left": left})


def _read(client: BitrixClient, params: Params) -> tuple[list[list[str]], list[Row]]:
    """The files as they are uploaded, and those that cannot be."""
    answer: Any = client.call("crm.item.get", {"entityTypeId": LEAD, "id": params["lead"]}).result
    held = answer["item"].get(params["field"])
    rows = held if isinstance(held, list) else [held]
    links = {int(row["id"]): str(row.get("urlMachine") or "") for row in rows if isinstance(row, Mapping)}
    files: list[list[str]] = []
    left: list[Row] = []
    room = ALTOGETHER
    for id_ in params["files"]:
        if not links.get(int(id_)):
            left.append({"id": int(id_), "why": "gone"})
            continue
        try:
            file = client.download(links[int(id_)], limit=min(LARGEST, room))
        except RecordNotFound:
            left.append({"id": int(id_), "why": "gone"})
            continue
        if file.content is None:
            left.append({"id": int(id_), "why": "too-large"})
            continue
        room -= len(file.content)
        files.append([file.name, b64encode(file.content).decode("ascii")])
    return files, left
