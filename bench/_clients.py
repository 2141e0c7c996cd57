"""The contestants of `bench/wire.py`, each run in a process of its own: `python -m bench._clients NAME TASK READY`.

READY is the sandbox's ready line. Prints one JSON line: what the client itself got, how long it took, how much memory its process
peaked at. Peers are used as published, without a patch: b24pysdk over TLS because it speaks nothing else. Each imports only what it
is, so that memory is its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bench._memory import peak_megabytes

ADDS = 4_000
SELECT = ["ID", "TITLE", "STATUS_ID", "DATE_CREATE"]


def title(number: int) -> str:
    return f"bench {number:05}"


def ours(ready: dict[str, str]) -> Any:
    from connector.bitrix import BitrixClient, Webhook

    return BitrixClient(Webhook.parse(ready["webhook"]))


def ours_leads(ready: dict[str, str]) -> Iterable[Any]:
    return (row["ID"] for row in ours(ready).list("crm.lead.list", {"select": SELECT}))


def ours_tree(ready: dict[str, str]) -> Iterator[Any]:
    """Leads with their contact links, then open activities and product rows by sets of lead ids."""
    client = ours(ready)
    leads: list[int] = []
    for row in client.list(
        "crm.item.list", {"entityTypeId": 1, "select": ["id", "title", "stageId", "contactIds"]}
    ):
        leads.append(row["id"])
        yield f"L{row['id']}"
    activities = {"filter": {"OWNER_TYPE_ID": 1, "COMPLETED": "N"}, "select": ["ID", "OWNER_ID", "SUBJECT"]}
    for row in client.children("crm.activity.list", leads, parent_filter="@OWNER_ID", params=activities):
        yield f"A{row['ID']}"
    rows = {"filter": {"=ownerType": "L"}}
    for row in client.children("crm.item.productrow.list", leads, parent_filter="=ownerId", params=rows):
        yield f"P{row['id']}"


def ours_adds(ready: dict[str, str]) -> Iterable[Any]:
    """Adds; what is unknown is looked for by its marker, here the title, and added only if it is not there."""
    from connector.bitrix import Command, Status

    client = ours(ready)
    todo = {f"c{n}": Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": title(n)}}) for n in range(ADDS)}
    while todo:
        outcome = client.batch(todo.values())
        unknown = {one.label: todo[one.label] for one in outcome.having(Status.UNKNOWN)}
        there = set()
        if unknown:
            marked = {"filter": {"%TITLE": "bench "}, "select": ["ID", "TITLE"]}
            there = {row["TITLE"] for row in client.list("crm.lead.list", marked)}
        missing = {label: c for label, c in unknown.items() if c.params["fields"]["TITLE"] not in there}
        yield from (label for label in todo if label not in missing)
        todo = missing


def fast(ready: dict[str, str]) -> Any:
    from fast_bitrix24 import Bitrix

    return Bitrix(ready["webhook"], verbose=False)


def fast_leads(ready: dict[str, str]) -> Iterable[Any]:
    return (row["ID"] for row in fast(ready).get_all("crm.lead.list", {"select": SELECT}))


def fast_adds(ready: dict[str, str]) -> Iterable[Any]:
    return list(fast(ready).call("crm.lead.add", [{"fields": {"TITLE": title(n)}} for n in range(ADDS)]))


def pysdk(ready: dict[str, str]) -> Any:
    os.environ["REQUESTS_CA_BUNDLE"] = ready["ca"]
    from b24pysdk import BitrixWebhook

    domain, _, rest = ready["https_webhook"].removeprefix("https://").partition("/rest/")
    return BitrixWebhook(domain=domain, webhook_token=rest.strip("/"))


def pysdk_leads(ready: dict[str, str]) -> Iterable[Any]:
    return (row["ID"] for row in pysdk(ready).call_list("crm.lead.list", {"select": SELECT})["result"])


def pysdk_fast_leads(ready: dict[str, str]) -> Iterable[Any]:
    return (row["ID"] for row in pysdk(ready).call_list_fast("crm.lead.list", {"select": SELECT})["result"])


def pysdk_adds(ready: dict[str, str]) -> Iterable[Any]:
    calls = {f"c{n}": ("crm.lead.add", {"fields": {"TITLE": title(n)}}) for n in range(ADDS)}
    return list(pysdk(ready).call_batches(calls)["result"]["result"].values())


CLIENTS: dict[str, dict[str, Callable[[dict[str, str]], Iterable[Any]]]] = {
    "leadswitch": {"leads": ours_leads, "tree": ours_tree, "adds": ours_adds},
    "fast-bitrix24": {"leads": fast_leads, "adds": fast_adds},
    "b24pysdk": {"leads": pysdk_leads, "adds": pysdk_adds},
    "b24pysdk fast": {"leads": pysdk_fast_leads},
}


def main(name: str, task: str, ready: dict[str, str]) -> dict[str, Any]:
    """Run one task; an exception of the client is a result too."""
    work = CLIENTS[name][task]
    __import__({"leadswitch": "connector.bitrix", "fast-bitrix24": "fast_bitrix24"}.get(name, "b24pysdk"))
    got = 0
    seen: set[Any] = set()
    error = ""
    started = time.perf_counter()
    try:
        for row in work(ready):
            got += 1
            seen.add(row)
    except Exception as failure:
        error = type(failure).__name__
    return {
        "rows": got,
        "distinct": len(seen),
        "seconds": time.perf_counter() - started,
        "megabytes": peak_megabytes(),
        "error": error,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
