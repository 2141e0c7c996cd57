"""Complete lists, streamed: all rows of one list, or the children of many parents by sets of ids. All or an exception.

Drives the scans of scan.py through batches. A page that fails is asked for again, never skipped; holds no more than one
two requests' rows in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

from connector.bitrix.batch import Command, Item, Sections
from connector.bitrix.calls import CallSpec, Kind, spec_of
from connector.bitrix.dispatch import BatchRunner
from connector.bitrix.retry import Deadline
from connector.bitrix.scan import Page, PageAnswer, Scan
from connector.errors import AnswerLost, BitrixError, MethodTimeLimit, Ran, ShortList, TokenExpired

Rows = Iterator[dict[str, object]]
Work = list[tuple[Scan, list[Page]]]
_READ = CallSpec(Kind.READ)


class Lister:
    """Reads lists over a batch runner."""

    def __init__(self, runner: BatchRunner) -> None:
        self._runner = runner
        self._wire = runner.wire
        self._patience = runner.patience

    def rows(
        self, method: str, params: Mapping[str, object], *, id_field: str | None, rows_key: str | None
    ) -> Rows:
        """All rows by ascending id. A lower bound `>ID` in the caller's filter is kept; `order` and `start` are ours.

        One counted first page, then chained pages with start=-1: 10,000 rows are 5 requests and 201 list commands.
        Raises CursorIgnored, ShortList, or what the portal refused with.
        """
        return self._drain(iter([self._scan(method, params, id_field, rows_key, "p")]), 1)

    def children(
        self,
        method: str,
        parents: Iterable[int],
        *,
        parent_filter: str,
        params: Mapping[str, object],
        id_field: str | None,
        rows_key: str | None,
        set_size: int,
    ) -> Rows:
        """All rows whose `parent_filter` is one of `parents`. Every set of ids is a list of its own with its own pages,
        so a set with more rows than a page loses nothing; many sets share a request. `parents` must not repeat an id.
        """

        def scans() -> Iterator[Scan]:
            ids = iter(parents)
            number = 0
            while chunk := list(islice(ids, set_size)):
                condition = {**_map(params.get("filter")), parent_filter: list(dict.fromkeys(chunk))}
                yield self._scan(method, {**params, "filter": condition}, id_field, rows_key, f"s{number}_")
                number += 1

        return self._drain(scans(), self._runner.settings.batch_size)

    def by_offset(
        self, method: str, params: Mapping[str, object], *, rows_key: str | None
    ) -> list[dict[str, object]]:
        """All rows of a short list that has no id paging, page by page by `next`.

        Raises ShortList if a page repeats, or the rows do not add up to a stated total.
        """
        scan = self._scan(method, {}, None, rows_key, "o")
        rows: list[dict[str, object]] = []
        start: int | None = 0
        total = None
        while start is not None:
            deadline = self._patience.deadline()
            page = {**params, "start": start} if start else dict(params)
            reply = self._patience.run(
                lambda page=page, deadline=deadline: self._wire.send(method, page, deadline),  # type: ignore[misc]
                Kind.READ,
                deadline,
            )
            new = scan.rows_in(reply.body.get("result"))
            if start and new and new[0] in rows:
                raise ShortList("a page came twice", portal=self._wire.portal, method=method)
            rows += new
            total = _int(reply.body.get("total")) if start == 0 else total
            following = _int(reply.body.get("next"))
            start = following if following and new else None
        if total and total > len(rows):
            raise ShortList(f"{len(rows)} of {total} rows", portal=self._wire.portal, method=method)
        return rows

    def _scan(
        self,
        method: str,
        params: Mapping[str, object],
        id_field: str | None,
        rows_key: str | None,
        prefix: str,
    ) -> Scan:
        spec = spec_of(method)
        path = spec.rows if rows_key is None else tuple(filter(None, rows_key.split(".")))
        return Scan(method, params, id_field or spec.id, path, self._wire.portal, prefix)

    # ---- driving

    def _drain(self, waiting: Iterator[Scan], window: int) -> Rows:
        """Rows of all scans. While the caller works on the rows of one request the next one is under way already, from
        the second request on: who only wants the first rows costs one request.
        """
        active = deque(islice(waiting, window))
        deadline = self._patience.deadline()
        ahead: Future[Sections] | None = None
        failures = rounds = 0
        with _closing(ThreadPoolExecutor(1, "bitrix-list")) as thread:
            work = self._pages(active)
            while work:
                try:
                    sections = ahead.result() if ahead is not None else self._ask(work, deadline)
                except BitrixError as error:
                    # Planned anew, not sent anew: if it took too long, the next request asks for less.
                    failures += 1
                    self._pause(failures, error, deadline, {scan.method for scan, _ in work})
                    ahead, work = None, self._pages(active)
                    continue
                failures, rounds, ahead = 0, rounds + 1, None
                found = [self._read(scan, pages, sections) for scan, pages in work]
                if any(found):
                    deadline.restart()
                active = deque(scan for scan in active if not scan.done)
                active.extend(islice(waiting, window - len(active)))
                work = self._pages(active)
                if work and rounds > 1:
                    ahead = thread.submit(self._ask, work, deadline)
                for rows in found:
                    yield from rows

    def _pause(self, failures: int, error: BitrixError, deadline: Deadline, methods: set[str]) -> None:
        pause = self._patience.pause(failures, error)
        if pause >= deadline.left or not self._patience.again(error, Kind.READ, failures):
            raise error
        if error.ran is Ran.MAYBE:
            self._runner.pace.slower(methods)
        self._patience.sleep(pause)

    def _pages(self, active: Iterable[Scan]) -> Work:
        """As many pages as one request may hold by count, size and measured time, scan by scan."""
        settings = self._runner.settings
        work: Work = []
        room, size, seconds = settings.batch_size, float(settings.max_batch), settings.batch_seconds
        for scan in active:
            weight = 100 + _length(scan.params)
            cost = max(1e-3, self._runner.pace.seconds(scan.method))
            most = int(min(room, size / weight, seconds / cost))
            if work and most < 1:
                break
            pages = scan.plan(max(1, most))
            work.append((scan, pages))
            room -= len(pages)
            size -= weight * len(pages)
            seconds -= cost * len(pages)
        return work

    def _ask(self, work: Work, deadline: Deadline) -> Sections:
        items = [
            Item(Command(page.label, scan.method), _READ, page.params, scan.text(page), number)
            for number, (scan, pages) in enumerate(work)
            for page in pages
        ]
        # A single chain stops at its first failure; independent chains must not stop each other.
        return self._runner.post(items, len(work) == 1, deadline)

    def _read(self, scan: Scan, pages: list[Page], sections: Sections) -> list[dict[str, object]]:
        answers: list[PageAnswer] = []
        failure: BitrixError | None = None
        for page in pages:
            failure = sections.error_of(page.label, portal=self._wire.portal, method=scan.method)
            if failure is None and page.label not in sections.result:
                failure = AnswerLost(
                    "missing from the batch answer", portal=self._wire.portal, method=scan.method
                )
            if failure is not None:
                break
            answers.append(PageAnswer(sections.result[page.label], _int(sections.total.get(page.label))))
        new = scan.absorb(pages, answers)
        if answers:
            scan.attempts = 0
        elif failure is not None:
            self._failed(scan, failure)
        return new

    def _failed(self, scan: Scan, error: BitrixError) -> None:
        """The first page of a chain failed: pause and go on from the same cursor, or raise."""
        if not isinstance(error, MethodTimeLimit):
            scan.attempts += 1
        if isinstance(error, TokenExpired) and scan.attempts == 1:
            self._wire.renew()
            return
        if isinstance(error, MethodTimeLimit):
            self._wire.block(scan.method)
        if not self._patience.again(error, Kind.READ, scan.attempts):
            raise error
        self._patience.sleep(self._patience.pause(scan.attempts, error))


@contextmanager
def _closing(thread: ThreadPoolExecutor) -> Iterator[ThreadPoolExecutor]:
    """Let go of the thread without waiting for its request; a caller that stops reading must not be held up."""
    try:
        yield thread
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _length(value: object) -> int:
    """Roughly the characters that parameters take in a query string."""
    if isinstance(value, Mapping):
        return sum(len(str(key)) + 12 + _length(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(40 + _length(item) for item in value)
    return 3 * len(str(value))


def _int(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | str | float) else None
    except ValueError:
        return None
