"""Whether a lead is still what the plan saw. Pure: compares a snapshot with what was just read; reads and decides nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.planning.model import LeadSnapshot
from connector.switching.calls import Row
from connector.switching.probes import phones_and_mails, product_key, same, text_of

VOLATILE = frozenset(
    {
        "updatedTime",
        "updatedBy",
        "lastActivityTime",
        "lastActivityBy",
        "lastCommunicationTime",
        "lastCommunicationCallTime",
        "lastCommunicationEmailTime",
        "lastCommunicationImolTime",
        "lastCommunicationWebformTime",
        "searchContent",
        "movedTime",
        "movedBy",
    }
)
"""Fields that change when activities come and go, which is allowed: those are read and moved by themselves."""
COPIES = frozenset(
    {
        *("hasPhone", "hasEmail", "hasImol", "phone", "email", "skype", "icq", "imol"),
        *("phoneMobile", "phoneWork", "phoneMailing", "emailHome", "emailWork", "emailMailing"),
    }
)
"""What the portal derives from `fm` (object-fields.md), which is compared itself: when leads share a client, undoing one of them moves
these without anybody having touched the client.
"""


def changed_fields(
    before: LeadSnapshot, row: Mapping[str, Any], rows: Sequence[Row] | None, *, strict: bool
) -> list[str]:
    """Names of what changed since the snapshot, sorted; empty when the lead may be converted as planned.

    `strict` is for a lead that we have not touched: there a new `updatedTime` alone counts as a change, because not every change can be
    seen. Later our own writes may have moved it. Only fields that the snapshot holds are compared; `rows` are not if they were not read.
    """
    changed = {
        name
        for name, value in before.fields.items()
        if name not in VOLATILE and name in row and not _equal(name, value, row[name])
    }
    if rows is not None and sorted(map(product_key, before.products)) != sorted(map(product_key, rows)):
        changed.add("products")
    if strict and not changed and not same(before.fields.get("updatedTime"), row.get("updatedTime")):
        changed.add("updatedTime")
    return sorted(changed)


def _equal(name: str, before: Any, now: Any) -> bool:
    if name == "fm":
        return phones_and_mails(before) == phones_and_mails(now)
    return same(_bare(before), _bare(now))


def _bare(value: Any) -> Any:
    """A file without its addresses: they hold a token of whoever asks, so they differ from answer to answer (object-fields.md)."""
    if isinstance(value, Mapping):
        return value.get("id", "|".join(f"{key}={value[key]}" for key in sorted(value)))
    if isinstance(value, list | tuple):
        return [_bare(item) for item in value]
    return value


def differs(known: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Names of fields of a record that are not as we left them; used before a created record is deleted again.

    A field that is empty now does not count: nothing is lost with it, and our own undo empties what other leads of the run had filled.
    """
    return sorted(
        name
        for name in known.keys() | row.keys()
        if name not in VOLATILE | COPIES
        and text_of(row.get(name))
        and _has_more(name, known.get(name), row[name])
    )


def _has_more(name: str, known: Any, now: Any) -> bool:
    if name == "fm":
        return not phones_and_mails(now) <= phones_and_mails(known)
    return not same(_bare(known), _bare(now))
