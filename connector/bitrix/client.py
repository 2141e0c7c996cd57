"""The door of this room: one client per portal credential. Single calls, batches, complete lists, children of many.

Nothing is lost, repeated or invented: a read is complete or raises, a write is sent again only with proof that it did
not run. Knows no Flask and no database; what is shared or stored comes in through the Protocols of limits.py and
credentials.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import requests

from connector.bitrix.batch import BatchOutcome, Command
from connector.bitrix.calls import Kind, spec_of
from connector.bitrix.credentials import CredentialSource
from connector.bitrix.dispatch import BatchRunner
from connector.bitrix.download import Downloaded, Downloads
from connector.bitrix.encoding import normalise
from connector.bitrix.limits import Bucket, MemoryBucket, MemoryOperatingTimes, OperatingTimes
from connector.bitrix.listing import Lister
from connector.bitrix.pace import Pace
from connector.bitrix.policy import policy_of
from connector.bitrix.retry import Patience
from connector.bitrix.transport import Transport, WireSettings, new_session
from connector.bitrix.wire import Log, Observer, Timing, Wire
from connector.clock import Clock, SystemClock
from connector.errors import BadCall, BitrixError, OutcomeUnknown, Ran

Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `next` and `total` only from lists; `repeated` as in Outcome."""

    result: object
    next: int | None = None
    total: int | None = None
    time: Timing = field(default_factory=Timing)
    repeated: bool = False


class BitrixClient:
    """Talks to one portal with one credential. May be shared by threads.

    credential: where the token or webhook comes from. bucket, operating: shared limit state, in this process by
    default. cancel: asked before every request and during every wait; True makes the call raise Cancelled.
    observer: told of every HTTP request, for a log of them.
    """

    def __init__(
        self,
        credential: CredentialSource,
        *,
        session: requests.Session | None = None,
        bucket: Bucket | None = None,
        operating: OperatingTimes | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        settings: WireSettings | None = None,
        cancel: Callable[[], bool] | None = None,
        log: Log | None = None,
        observer: Observer | None = None,
    ) -> None:
        clock = clock or SystemClock()
        settings = settings or WireSettings()
        session = session or new_session()
        pace = Pace()
        self._patience = Patience(settings, clock, rng or random.Random(), cancel)  # noqa: S311  (jitter)
        self._wire = Wire(
            credential,
            Transport(session, settings, clock),
            Downloads(session, settings, clock),
            bucket=bucket or MemoryBucket(),
            operating=operating or MemoryOperatingTimes(),
            clock=clock,
            settings=settings,
            patience=self._patience,
            log=log,
            observer=observer,
        )
        self._runner = BatchRunner(self._wire, self._patience, settings, pace)
        self._lister = Lister(self._runner)

    @property
    def portal(self) -> str:
        """The portal's host as shown to people; never the webhook key."""
        return self._wire.portal

    @property
    def requests_sent(self) -> int:
        """HTTP requests so far, refused ones included."""
        return self._wire.requests

    def room(self, method: str) -> int:
        """How many commands of this method fit one batch request by count and measured time (aim 20 s, cut at 60 s)."""
        return self._runner.room(method)

    def call(self, method: str, params: Mapping[str, object] | None = None) -> Answer:
        """One method. Repeats reads and idempotent writes after faults, other writes only if they certainly did not run.

        Raises OutcomeUnknown for a write that may have run, else the BitrixError that the policy table names,
        Cancelled, or BadCall for parameters that have no form on the wire.
        """
        body = normalise(params or {})
        if not isinstance(body, dict):
            raise BadCall("parameters must be a map", method=method)
        spec = spec_of(method)
        lost: list[BitrixError] = []

        def failed(error: BitrixError) -> None:
            if error.ran is Ran.MAYBE:
                lost.append(error)

        deadline = self._patience.deadline()
        try:
            reply = self._patience.run(
                lambda: self._wire.send(method, body, deadline), spec.kind, deadline, failed
            )
        except BitrixError as error:
            if lost and policy_of(error).code.casefold() in spec.done:
                return Answer(True, repeated=True)
            if spec.kind is not Kind.READ and (lost or error.ran is Ran.MAYBE):
                raise OutcomeUnknown(error) from None
            raise
        return Answer(
            reply.body["result"],
            _int(reply.body.get("next")),
            _int(reply.body.get("total")),
            Timing.of(reply.body.get("time")),
        )

    def download(self, url: str, *, limit: int) -> Downloaded:
        """A file of this portal by the signed address that it has just given, up to `limit` bytes. Repeats after faults.

        Raises BadAnswer for an address elsewhere, else what `call` raises for a read.
        """
        deadline = self._patience.deadline()
        return self._patience.run(
            lambda: self._wire.download(url, deadline, limit), Kind.READ, deadline, lambda _: None
        )

    def batch(self, commands: Iterable[Command], *, halt: bool = False) -> BatchOutcome:
        """Any number of commands, one outcome each. See BatchRunner.run."""
        return self._runner.run(commands, halt=halt)

    def list(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        *,
        id_field: str | None = None,
        rows_key: str | None = None,
    ) -> Iterator[dict[str, object]]:
        """Every row in ascending id order, streamed, or an exception; never a short list. See Lister.rows."""
        return self._lister.rows(method, params or {}, id_field=id_field, rows_key=rows_key)

    def list_offset(
        self, method: str, params: Mapping[str, object] | None = None, *, rows_key: str | None = None
    ) -> Rows:
        """Every row of a short list without id paging (crm.status.list, crm.category.list). See Lister.by_offset."""
        return self._lister.by_offset(method, params or {}, rows_key=rows_key)

    def children(
        self,
        method: str,
        parents: Iterable[int],
        *,
        parent_filter: str,
        params: Mapping[str, object] | None = None,
        id_field: str | None = None,
        rows_key: str | None = None,
        set_size: int = 200,
    ) -> Iterator[dict[str, object]]:
        """Rows whose `parent_filter` (for example "=ownerId") is one of `parents`, read by sets of ids. Streamed,
        complete or an exception; not in any order over all parents. See Lister.children.
        """
        return self._lister.children(
            method,
            parents,
            parent_filter=parent_filter,
            params=params or {},
            id_field=id_field,
            rows_key=rows_key,
            set_size=set_size,
        )


def _int(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | str | float) else None
    except ValueError:
        return None
