"""One list in ascending id order: which pages to ask for next, and what an answer proves. Pure; sends nothing.

Pages of a batch are chained: each starts after the last id of the one before, by reference. A failed or short source
leaves its own text as the value, so a page counts only if the page before it had exactly the rows that its reference
points at; anything else is asked for again from the last proven id. A short page is the end only if the count says so
or the next page is empty.

Source: doc pages settings/performance/huge-data.md (order by id, `>ID`, start=-1), list-methods-pecularities.md
(pages of 50, `total`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from connector.bitrix.encoding import Ref, command_text, fits_query, normalise
from connector.errors import BadCall, CursorIgnored, ShortList

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """One page to ask for: the parameters, and how many rows its successor's reference relies on (0 = none).

    `after` is the lower bound again, for `Scan.text`; None for a counted page.
    """

    label: str
    params: Mapping[str, object]
    expected: int
    after: int | Ref | None = None


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What came back for one page: `result` as sent, and `total` if the page was counted."""

    result: object
    total: int | None


@dataclass(slots=True)
class Scan:
    """A list on its way. `rows_path` is where rows are inside a result; `prefix` makes labels unique in a batch.

    `trust_count`: rows that are added while the list is read need not be found, so the counted number of rows is its end.
    """

    method: str
    params: Mapping[str, object]
    id_field: str
    rows_path: tuple[str, ...]
    portal: str
    prefix: str = "p"
    cursor: int = 0
    total: int | None = None
    seen: int = 0
    done: bool = False
    attempts: int = 0
    trust_count: bool = False
    _counted: bool = False
    _verifying: bool = False
    _base: dict[str, object] = field(default_factory=dict)
    _filter: dict[str, object] = field(default_factory=dict)
    _stem: str = ""
    _bound: str = ""

    def __post_init__(self) -> None:
        self._base = {key: value for key, value in self.params.items() if value not in ({}, [], None)}
        for key in self._base:
            if key.lower() in {"filter", "select", "order", "start"} and key != key.lower():
                raise BadCall(f"{key} must be written {key.lower()}", method=self.method)
        if "order" in self._base or "start" in self._base:
            raise BadCall("order and start belong to the reader of complete lists", method=self.method)
        given = self._base.pop("filter", {})
        if not isinstance(given, Mapping):
            raise BadCall("filter must be a map", method=self.method)
        self._filter = dict(given)
        self.cursor = self._own_cursor()
        select = self._base.get("select")
        if isinstance(select, Sequence) and not {"*", self.id_field} & set(select):
            self._base["select"] = [self.id_field, *select]

    def _own_cursor(self) -> int:
        """A lower bound that the caller gave for the id is where we start; it must not be lost."""
        after = self._filter.pop(f">{self.id_field}", None)
        if after is None:
            return 0
        try:
            return int(str(after))
        except ValueError:
            raise BadCall(f">{self.id_field} must be a number", method=self.method) from None

    # ---- asking

    def expect(self, total: int) -> None:
        """Rows were counted a moment ago by somebody else: start with chained pages. A wrong count costs a page, never a row."""
        self._counted, self.total = True, total

    def plan(self, most: int) -> list[Page]:
        """The next pages, at most `most`, in chain order. The first page of all is counted, the others are not."""
        if not self._counted or self._verifying:
            return [Page(f"{self.prefix}0", self._page(self.cursor or None, counted=True), 0)]
        left = max(0, (self.total or 0) - self.seen)
        end = [] if self.trust_count and left else [0]
        sizes = [PAGE] * (left // PAGE) + ([left % PAGE] if left % PAGE else []) + end
        pages: list[Page] = []
        after: int | Ref = self.cursor
        for number, size in enumerate(sizes[:most]):
            label = f"{self.prefix}{number}"
            pages.append(Page(label, self._page(after, counted=False), size, after))
            after = Ref(label, *self.rows_path, max(0, size - 1), self.id_field)
        return pages

    def _page(self, after: int | Ref | None, *, counted: bool) -> dict[str, object]:
        params: dict[str, object] = dict(self._base)
        condition = dict(self._filter)
        if after is not None:
            condition[f">{self.id_field}"] = after
        if condition:
            params["filter"] = condition
        params["order"] = {self.id_field: "ASC"}
        params["start"] = 0 if counted else -1
        return params

    def text(self, page: Page) -> str:
        """The command of a page as it travels in a batch. Pages differ only in where they start, so the rest is encoded
        once. Raises BadCall if the filter does not fit a query string.
        """
        if page.after is None:
            return _encoded(self.method, page.params)
        if not self._stem:
            self._stem = _encoded(self.method, self._page(None, counted=False))
            self._bound = f"&filter[{quote(f'>{self.id_field}', safe='')}]="
        return f"{self._stem}{self._bound}{page.after}"

    # ---- reading

    def absorb(self, pages: Sequence[Page], answers: Sequence[PageAnswer]) -> list[dict[str, object]]:
        """New rows, in order, of the leading answers that are proven. Raises CursorIgnored, ShortList."""
        new: list[dict[str, object]] = []
        for number, (page, answer) in enumerate(zip(pages, answers, strict=False)):
            rows = self.rows_in(answer.result)
            if not self._counted or self._verifying:
                self._first(answer, rows)
            new += self._advance(rows)
            if self.trust_count and self.total and self.seen >= self.total:
                self.done = True
            if self.done:
                break
            if not rows:
                self._end()
                break
            if number + 1 < len(pages) and len(rows) != page.expected:
                # The successor's reference pointed past the end, or not at the last row: it proves nothing.
                break
        return new

    def _first(self, answer: PageAnswer, rows: list[dict[str, object]]) -> None:
        counted = answer.total if answer.total else None  # 0 means "not counted" for some methods
        if self._verifying:
            self._verifying = False
            if not rows and counted:
                raise ShortList(
                    f"the portal counts {counted} more rows but returns none",
                    portal=self.portal,
                    method=self.method,
                )
            self.done = not rows
            return
        self._counted = True
        self.total = counted
        # The count is independent of the page: if both agree, this is all of it.
        self.done = len(rows) == (answer.total or 0) and len(rows) <= PAGE

    def _advance(self, rows: list[dict[str, object]]) -> list[dict[str, object]]:
        cursor, id_field = self.cursor, self.id_field
        for row in rows:
            number = _id(row.get(id_field))
            if number is None or number <= cursor:
                raise CursorIgnored(
                    f"row {number} came after {cursor}", portal=self.portal, method=self.method
                )
            cursor = number
        self.cursor = cursor
        self.seen += len(rows)
        return rows

    def _end(self) -> None:
        """An empty page after the cursor. If the count had promised more, it is asked once more, with counting."""
        if self.total is not None and self.seen < self.total and not self._verifying:
            self._verifying = True
        else:
            self.done = True

    def rows_in(self, result: object) -> list[dict[str, object]]:
        """The rows of a page; an empty map may arrive as an empty list. Raises ShortList if they are not there."""
        value = result
        for step in self.rows_path:
            value = value.get(step) if isinstance(value, Mapping) else ([] if value == [] else None)
        if isinstance(value, Mapping):
            value = list(value.values())
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ShortList("the answer holds no rows", portal=self.portal, method=self.method)
        return value


def _encoded(method: str, params: Mapping[str, object]) -> str:
    ready = normalise(params)
    if not isinstance(ready, dict) or not fits_query(ready):
        raise BadCall("the filter of a list must fit a query string", method=method)
    return command_text(method, ready)


def _id(value: object) -> int | None:
    try:
        return int(value) if type(value) in (str, int) else None  # type: ignore[call-overload]
    except ValueError:
        return None
