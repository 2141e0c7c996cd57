"""What import left out of a record, and the second call that sets it. Pure: compares the plan with what was read back; sends nothing.

The pages of `crm.item.import` and `crm.item.add` list the same fields, but name phones and e-mails differently (`PHONE`, `fm`), and no page
promises that all of them are kept. So what is planned and came out empty is written again by `crm.item.update`.
"""

from collections.abc import Mapping
from typing import Any

from connector.planning.model import Do
from connector.switching.calls import ENTITY_TYPES, Row, Write
from connector.switching.fresh import VOLATILE
from connector.switching.hand import Hand
from connector.switching.parts import resolve
from connector.switching.probes import phones_and_mails, text_of

MARKS = ("originatorId", "originId")
"""Without these a lost answer could not be cleared up, so they are never set afterwards: `marker_lost` stops the run at its first lead."""


def left_out(hand: Hand, seen: Mapping[str, Any]) -> list[Write]:
    """One update per imported record that lacks something; `seen` is what was read back, by entity."""
    writes: list[Write] = []
    for entity, (key, fields) in hand.made.items():
        row = seen.get(entity)
        if row is None:
            continue
        planned = resolve(fields, hand.ids)
        missing = {
            name: value
            for name, value in planned.items()
            if name not in (*MARKS, "fm")
            and name not in VOLATILE
            and name in row
            and text_of(value)
            and not text_of(row[name])
        }
        lost = [
            item
            for item in planned.get("fm") or ()
            if not phones_and_mails([item]) & phones_and_mails(row.get("fm"))
        ]
        if not missing and not lost:
            continue
        previous: Row = {
            "fields": dict.fromkeys(missing, ""),
            "fm": [int(item["id"]) for item in row.get("fm") or ()],
        }
        if lost:
            missing["fm"] = {f"n{index}": dict(item) for index, item in enumerate(lost)}
        params = {"entityTypeId": ENTITY_TYPES[entity], "id": hand.ids[entity], "fields": missing}
        writes.append(
            Write(f"{key}:rest", "crm.item.update", params, previous=previous, once="fm" in missing)
        )
    return writes


def marker_lost(hand: Hand, seen: Mapping[str, Any]) -> list[Row]:
    """Imported records that do not carry our marker, as deviations."""
    restored = any(action.do is Do.RESTORE_ORIGIN for action in hand.plan.managed)
    return [
        {"what": f"{entity}.originId", "wanted": hand.marker(key), "found": seen[entity].get("originId")}
        for entity, (key, _) in hand.made.items()
        if seen.get(entity) is not None
        and not (restored and entity == "deal")
        and "originId" in seen[entity]
        and not text_of(seen[entity]["originId"])
    ]
