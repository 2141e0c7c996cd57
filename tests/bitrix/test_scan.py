"""Whatever pages come back, a scan hands out every row once, in order, or raises; it never ends early."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.bitrix.encoding import Ref
from connector.bitrix.scan import PAGE, Page, PageAnswer, Scan
from connector.errors import ShortList

DAMAGE = st.sampled_from(["none"] * 12 + ["short", "empty", "failed", "ignored"])


class Rows:
    """The portal's side: rows by id, references resolved as PHP does, and damage as drawn."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = sorted(ids)

    def answer(self, pages: list[Page], damage: list[str], *, halt: bool) -> list[PageAnswer]:
        """Answers up to the first failure; a reference to a row that is not there counts as the text it is: zero."""
        results: dict[str, list[dict[str, Any]]] = {}
        answers: list[PageAnswer] = []
        for page, harm in zip(pages, damage, strict=False):
            condition = page.params.get("filter") or {}
            assert isinstance(condition, dict)
            after = self._resolved(condition.get(">ID", 0), results)
            rest = [number for number in self.ids if number > (0 if harm == "ignored" else after)]
            rows = [{"ID": str(number)} for number in rest[:PAGE]]
            if harm == "failed":
                break
            if harm == "short":
                rows = rows[:-1]
            if harm == "empty":
                rows = []
            results[page.label] = rows
            total = len(rest) if page.params["start"] == 0 else None
            answers.append(PageAnswer(rows, total))
        return answers

    @staticmethod
    def _resolved(value: Any, results: dict[str, list[dict[str, Any]]]) -> int:
        if not isinstance(value, Ref):
            return int(value)
        row, name = value.path
        rows = results.get(value.label, [])
        assert isinstance(row, int)
        return int(rows[row][str(name)]) if row < len(rows) else 0


def scan(**options: Any) -> Scan:
    return Scan("crm.lead.list", options, "ID", (), "portal.example")


@settings(max_examples=300, deadline=None)
@given(
    ids=st.sets(st.integers(1, 5000), max_size=400).map(sorted),
    most=st.integers(1, 12),
    draw=st.data(),
)
def test_a_scan_is_whole_or_raises_under_any_damage(ids: list[int], most: int, draw: st.DataObject) -> None:
    rows, reading, got = Rows(ids), scan(), []
    for _ in range(2000):
        if reading.done:
            break
        pages = reading.plan(most)
        damage = draw.draw(st.lists(DAMAGE, min_size=len(pages), max_size=len(pages)))
        try:
            got += [
                int(str(row["ID"])) for row in reading.absorb(pages, rows.answer(pages, damage, halt=True))
            ]
        except ShortList:
            # Said aloud; and what was handed out before is a true beginning.
            assert got == ids[: len(got)]
            return
        assert got == ids[: len(got)]
    assert reading.done
    assert got == ids


@settings(deadline=None)
@given(ids=st.sets(st.integers(1, 10**6), max_size=1000).map(sorted))
def test_an_undamaged_scan_wastes_one_page_at_most(ids: list[int]) -> None:
    rows, reading, asked = Rows(ids), scan(), 0
    while not reading.done:
        pages = reading.plan(50)
        asked += len(pages)
        reading.absorb(pages, rows.answer(pages, ["none"] * len(pages), halt=True))
    assert asked <= max(1, -(-len(ids) // PAGE)) + 1


def test_the_text_of_a_page_is_what_its_parameters_say() -> None:
    from connector.bitrix.encoding import command_text, normalise
    from tests.bitrix.php import parse_str

    reading = scan(select=["TITLE"], filter={"@STATUS_ID": ["NEW", "ż & [1]"], ">DATE_CREATE": "2026-01-01"})
    reading.absorb(reading.plan(1), [PageAnswer([{"ID": str(n)} for n in range(1, 51)], 170)])
    for page in reading.plan(50):
        whole = normalise(page.params)
        assert isinstance(whole, dict)
        method, _, query = reading.text(page).partition("?")
        assert method == "crm.lead.list"
        assert parse_str(query) == parse_str(command_text("crm.lead.list", whole).partition("?")[2])
