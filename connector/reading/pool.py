"""Many lists and single reads at once, fifty commands to a request. Must never write, drop a page or hand out part of a list.

`BitrixClient.list` reads one list well; a dry run reads dozens, and requests are what the portal counts. Here every list is a `Scan`
of its own (connector.bitrix.scan proves that its pages are complete) and their pages share requests with single calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector.bitrix.batch import BatchOutcome, Command, Outcome, Status
from connector.bitrix.calls import spec_of
from connector.bitrix.client import BitrixClient
from connector.bitrix.scan import Page, PageAnswer, Scan
from connector.errors import AccessDenied, BitrixError, LeadswitchError, MethodError

ROOM = 50
Row = dict[str, object]


@dataclass(slots=True)
class _List:
    scan: Scan
    on_row: Callable[[Row], None]
    on_end: Callable[[], None]
    open: Callable[[], bool]
    spare: Callable[[], bool]
    on_refused: Callable[[LeadswitchError], None] | None


class Pool:
    """Work that is waiting for a place in a request. `step` sends one request's worth; callbacks may add more work.

    Errors of a read are raised from `step`: what was handed out before is then not the whole.
    """

    def __init__(self, client: BitrixClient) -> None:
        self._client = client
        self._lists: list[_List] = []
        self._calls: deque[tuple[str, Mapping[str, object], Callable[[Outcome], None]]] = deque()
        self._number = 0
        self.fillers: list[Callable[[bool], None]] = []
        """Asked for more work while a request has room; told whether nothing else is waiting at all."""

    def read_list(
        self,
        method: str,
        params: Mapping[str, object],
        on_row: Callable[[Row], None],
        on_end: Callable[[], None],
        *,
        open_: Callable[[], bool] | None = None,
        on_refused: Callable[[LeadswitchError], None] | None = None,
        expected: int | None = None,
        settled: bool = False,
        spare: Callable[[], bool] | None = None,
    ) -> Scan:
        """Read a whole list by ascending id, row by row. `open_` false holds it back for now, unless
        `spare` lets it take room that nothing else wants; `expected` rows were counted a moment ago.
        `settled`: rows that are added meanwhile need not be found (they are looked for again before anything is written).

        A list that the portal refuses (rights, scope, unknown method or filter) goes to `on_refused` when one is given, else it is raised.
        """
        spec = spec_of(method)
        self._number += 1
        scan = Scan(method, params, spec.id, spec.rows, self._client.portal, f"s{self._number}_")
        scan.trust_count = settled
        if expected is not None:
            scan.expect(expected)
        self._lists.append(_List(scan, on_row, on_end, open_ or _always, spare or _never, on_refused))
        return scan

    def ask(self, method: str, params: Mapping[str, object], then: Callable[[Outcome], None]) -> None:
        """One read; `then` gets its outcome, refused ones too."""
        self._calls.append((method, params, then))

    def step(self) -> bool:
        """Send one request with whatever waits; False when nothing does."""
        work = self._choose()
        calls: dict[str, Callable[[Outcome], None]] = {}
        commands = [Command(p.label, item.scan.method, p.params) for item, pages in work for p in pages]
        room = ROOM - len(commands)
        for filler in self.fillers:
            if len(self._calls) < room:
                filler(not commands and not self._calls)
        while self._calls and room > 0:
            method, params, then = self._calls.popleft()
            self._number += 1
            label = f"c{self._number}"
            calls[label] = then
            commands.append(Command(label, method, params))
            room -= 1
        if not commands:
            return False
        outcomes = self._client.batch(commands)
        for item, pages in work:
            self._absorb(item, pages, outcomes)
        self._lists = [item for item in self._lists if not item.scan.done]
        for label, then in calls.items():
            then(outcomes[label])
        return True

    def _choose(self) -> list[tuple[_List, list[Page]]]:
        work: list[tuple[_List, list[Page]]] = []
        # Single calls are few, and blocks of leads wait for them: they find room beside the lists.
        room = ROOM - min(len(self._calls), ROOM // 5)
        held: list[_List] = []
        # First pages first: they say how many more there are, so that the last requests are full ones, too.
        for item in sorted(self._lists, key=lambda item: item.scan.total is not None):
            if room <= 0:
                break
            if not item.open():
                held.append(item)
                continue
            room -= self._plan(item, room, work)
        for item in held:
            if room > 0 and item.spare():
                room -= self._plan(item, room, work)
        return work

    @staticmethod
    def _plan(item: _List, room: int, work: list[tuple[_List, list[Page]]]) -> int:
        pages = item.scan.plan(room)
        work.append((item, pages))
        return len(pages)

    def _absorb(self, item: _List, pages: list[Page], outcomes: BatchOutcome) -> None:
        answers: list[PageAnswer] = []
        for page in pages:
            outcome = outcomes[page.label]
            if outcome.status is not Status.OK:
                if answers:
                    break
                error = error_of(outcome, self._client.portal)
                if (
                    item.on_refused is None
                    or item.scan.seen
                    or not isinstance(error, AccessDenied | MethodError)
                ):
                    raise error
                item.scan.done = True
                item.on_refused(error)
                return
            answers.append(PageAnswer(outcome.result, outcome.total))
        for row in item.scan.absorb(pages, answers):
            item.on_row(row)
        if item.scan.done:
            item.on_end()


def error_of(outcome: Outcome, portal: str) -> LeadswitchError:
    """Why a command has no result."""
    return outcome.error or BitrixError("not carried out", portal=portal, method=outcome.method)


def _always() -> bool:
    return True


def _never() -> bool:
    return False
