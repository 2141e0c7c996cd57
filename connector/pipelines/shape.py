"""Numbers for an order, and the steps that turn one set of stages into another. Pure; sends nothing.

Bitrix24 refuses a stage in work that would be sorted behind the final ones (crm.status.add, restrictions for SORT), so wherever numbers
change, final stages move out of the way first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from connector.pipelines.model import DealStage, code_of

STEP = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One write of `crm.status.*`. `code` is the stage's, without prefix; `drops`: the stage goes."""

    code: str
    method: str
    params: Mapping[str, Any]

    @property
    def drops(self) -> bool:
        """Whether the stage is taken away."""
        return self.method == "crm.status.delete"


def spread(sorts: Sequence[int | None]) -> list[int]:
    """Numbers that keep this order, None standing for a newcomer: those there are, if they still fit, else all anew."""
    filled: list[int] = []
    for place, sort in enumerate(sorts):
        before = filled[-1] if filled else 0
        after = next((s for s in sorts[place + 1 :] if s is not None), None)
        between = before + STEP if after is None else (before + after) // 2
        filled.append(between if sort is None else sort)
    rising = all(a < b for a, b in pairwise(filled))
    return filled if rising and all(s > 0 for s in filled) else [STEP * (i + 1) for i in range(len(sorts))]


def moves(stages: Sequence[DealStage], sorts: Sequence[int]) -> list[tuple[DealStage, int]]:
    """Which stages get another number, in an order that never leaves a stage in work behind the success stage."""
    changed = [(s, new) for s, new in zip(stages, sorts, strict=True) if s.sort != new]

    def turn(pair: tuple[DealStage, int]) -> tuple[int, int]:
        stage, new = pair
        if stage.semantics == "P":
            return (1, -new)
        return (0, -new) if new > stage.sort else (2, new)

    return sorted(changed, key=turn)


def steps(
    entity_id: str, have: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> list[Step]:
    """What turns the stages `have` (rows of `crm.status.list`) of a pipeline without deals into `wanted`.

    Those are `{"code", "name", "sort", "color", "semantics"}`. Matched by code: changed, added, and the rest removed; a system stage is
    removed too unless it is a final one, since a new pipeline starts with one in work that may not be wanted. Empty: nothing to do.
    """
    rows = {code_of(str(row["STATUS_ID"])): row for row in have}
    codes = {str(stage["code"]) for stage in wanted}
    # Final stages first: one in work may not be sorted behind them.
    order = sorted(wanted, key=lambda stage: (stage["semantics"] == "P", -int(stage["sort"])))
    made = [step for stage in order if (step := _step(entity_id, stage, rows.get(str(stage["code"]))))]
    gone = [
        Step(code, "crm.status.delete", {"id": int(row["ID"]), "params": {"FORCED": "Y"}})
        for code, row in rows.items()
        if code not in codes and _may_go(row)
    ]
    return made + gone


def _step(entity_id: str, stage: Mapping[str, Any], row: Mapping[str, Any] | None) -> Step | None:
    code = str(stage["code"])
    look = {"NAME": stage["name"], "SORT": int(stage["sort"])}
    if stage.get("color"):
        look["COLOR"] = stage["color"]
    if row is not None:
        if all(str(row.get(name) or "") == str(value) for name, value in look.items()):
            return None
        return Step(code, "crm.status.update", {"id": int(row["ID"]), "fields": look})
    fields = {"ENTITY_ID": entity_id, "STATUS_ID": code, **look}
    if stage["semantics"] in ("S", "F"):
        fields["SEMANTICS"] = stage["semantics"]
    return Step(code, "crm.status.add", {"fields": fields})


def _may_go(row: Mapping[str, Any]) -> bool:
    final = str(row.get("SEMANTICS") or "P") in ("S", "F")
    return not final or (str(row.get("SEMANTICS")) == "F" and row.get("SYSTEM") not in ("Y", True))
