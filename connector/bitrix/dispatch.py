"""Sends the commands of a batch until each has an outcome, in as few requests as count, size and time allow.

A failed command never takes the others with it, a whole batch is never repeated (only the commands that may be), and a
write whose fate is not known is reported as unknown, never sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.bitrix.batch import BatchOutcome, Command, Item, Outcome, Sections, Status, prepare
from connector.bitrix.calls import Kind
from connector.bitrix.pace import Pace
from connector.bitrix.policy import Action, policy_of
from connector.bitrix.retry import Deadline, Patience
from connector.bitrix.transport import WireSettings
from connector.bitrix.wire import Timing, Wire
from connector.errors import (
    AnswerLost,
    AuthError,
    BitrixError,
    Cancelled,
    LeadswitchError,
    MethodTimeLimit,
    OutcomeUnknown,
    PortalMoved,
    Ran,
    TokenExpired,
)


class BatchRunner:
    """Batches on one wire."""

    def __init__(self, wire: Wire, patience: Patience, settings: WireSettings, pace: Pace) -> None:
        self.wire = wire
        self.patience = patience
        self.settings = settings
        self.pace = pace

    def run(self, commands: Iterable[Command], *, halt: bool = False) -> BatchOutcome:
        """Outcomes of any number of commands.

        `halt` stops at the first failure: all later commands are `not_run`. Raises BadCall for commands that cannot be
        built, and the portal's refusal itself if nothing was done before it; later refusals become outcomes, so that
        what was done is never lost.
        """
        items = prepare(commands, max_command=self.settings.max_command, max_group=self.settings.batch_size)
        job = _Job(self, items, halt)
        job.work()
        return BatchOutcome({item.label: job.settled[item.label] for item in items}, self.wire.portal)

    def room(self, method: str) -> int:
        """How many commands of this method one request should hold, by count and by measured time. At least one."""
        seconds = max(1e-3, self.pace.seconds(method))
        return max(1, min(self.settings.batch_size, int(self.settings.batch_seconds / seconds)))

    def post(self, items: list[Item], halt: bool, deadline: Deadline) -> Sections:
        """One batch request for these items; operating times and durations are learned from the answer.

        Raises what Wire.send raises, and BadAnswer for an answer without sections.
        """
        body = {"halt": 1 if halt else 0, "cmd": {item.label: item.text for item in items}}
        methods = sorted({item.method for item in items})
        reply = self.wire.send("batch", body, deadline, methods)
        sections = Sections.of(reply, self.wire.portal)
        for item in items:
            timing = Timing.of(sections.time.get(item.label))
            self.wire.learn(item.method, timing)
            self.pace.learn(item.method, timing.duration)
        if not sections.time:
            self.pace.share(methods, reply.seconds, len(items))
        return sections


class _Job:
    """The state of one run."""

    def __init__(self, runner: BatchRunner, items: list[Item], halt: bool) -> None:
        self._runner = runner
        self._wire = runner.wire
        self._patience = runner.patience
        self._settings = runner.settings
        self._halt = halt
        self._pending = items
        self._moments: dict[tuple[int, type[BitrixError]], float] = {}
        self.settled: dict[str, Outcome] = {}

    def work(self) -> None:
        deadline = self._patience.deadline()
        while self._pending:
            try:
                self._request(self._choose(deadline), deadline)
            except (BitrixError, Cancelled) as error:
                self._stop(error)
            if self._halt and any(not outcome.ok for outcome in self.settled.values()):
                self._drop(None)
            self._pending = [item for item in self._pending if item.label not in self.settled]

    # ---- choosing

    def _choose(self, deadline: Deadline) -> list[Item]:
        """The next request: as many whole groups as count, bytes and seconds allow, leaving blocked methods behind
        (with `halt` nothing overtakes). Waits if nothing may go yet. Raises MethodTimeLimit if that takes too long.
        """
        while True:
            ready, wait = self._ready()
            if ready:
                return ready
            if wait > deadline.left:
                late = MethodTimeLimit(
                    f"would have to wait {wait:.0f} s", portal=self._wire.portal, method="batch"
                )
                late.asked = False
                raise late
            self._patience.sleep(wait)

    def _ready(self) -> tuple[list[Item], float]:
        now = self._wire.now()
        ready: list[Item] = []
        shortest = float("inf")
        room = self._settings.batch_size
        size, seconds = self._settings.max_batch, self._settings.batch_seconds
        for group in self._groups():
            wait = max(max(item.not_before - now, self._wire.blocked_for(item.method)) for item in group)
            if wait > 0:
                shortest = min(shortest, wait)
                if self._halt:
                    break
                continue
            alone = group[0].text is None
            room -= len(group)
            size -= sum(len(item.text or "") for item in group)
            seconds -= sum(self._runner.pace.seconds(item.method) for item in group)
            if ready and (alone or room < 0 or size < 0 or seconds < -1e-6):
                break
            ready += group
            if alone:
                break
        return ready, shortest

    def _groups(self) -> Iterable[list[Item]]:
        by_group: dict[int, list[Item]] = {}
        for item in self._pending:
            by_group.setdefault(item.group, []).append(item)
        return by_group.values()

    # ---- sending and reading

    def _request(self, ready: list[Item], deadline: Deadline) -> None:
        self._moments.clear()
        if ready[0].text is None:
            self._alone(ready[0], deadline)
            return
        try:
            sections = self._runner.post(ready, self._halt, deadline)
        except BitrixError as error:
            self._request_failed(ready, error, deadline)
            return
        before = len(self.settled)
        for item in ready:
            self._read(item, sections)
        self._whole_chains(ready)
        if len(self.settled) > before:
            deadline.restart()

    def _alone(self, item: Item, deadline: Deadline) -> None:
        try:
            reply = self._wire.send(item.method, item.params, deadline)
        except (AuthError, PortalMoved):
            raise
        except BitrixError as error:
            self._command_failed(item, error)
            return
        deadline.restart()
        self._ok(item, reply.body.get("result"), reply.body)

    def _read(self, item: Item, sections: Sections) -> None:
        portal = self._wire.portal
        error = sections.error_of(item.label, portal=portal, method=item.method)
        if not all(label in self.settled and self.settled[label].ok for label in item.sources):
            # It ran with the literal text of the reference, or not at all: its result means nothing.
            failed = next((self.settled[label] for label in item.sources if label in self.settled), None)
            if failed is not None and not failed.ok:
                self._settle(item, Status.NOT_RUN, error=failed.error)
        elif error is not None:
            self._command_failed(item, error)
        elif item.label in sections.result or item.label in sections.time:
            # A command that answers null may be left out of `result`, but it has its time.
            more = {"total": sections.total.get(item.label), "next": sections.next.get(item.label)}
            self._ok(item, sections.result.get(item.label), more)
        elif not self._halt:
            gone = AnswerLost("missing from the batch answer", portal=portal, method=item.method)
            self._command_failed(item, gone)
        # With halt, what is missing was not reached: it stays pending, to be sent or dropped.

    def _whole_chains(self, ready: list[Item]) -> None:
        """A chain of references makes sense only inside one request: if part of it must go again, all of it does."""
        unfinished = {item.group for item in ready if item.label not in self.settled}
        for item in ready:
            if item.group in unfinished:
                self.settled.pop(item.label, None)

    # ---- failures

    def _command_failed(self, item: Item, error: BitrixError) -> None:
        if not isinstance(error, MethodTimeLimit):
            # Waiting for a method's time is no failed try; the time budget ends it.
            item.attempts += 1
        if item.maybe and policy_of(error).code.casefold() in item.spec.done:
            self._settle(item, Status.OK, result=True, repeated=True)
            return
        item.maybe = item.maybe or error.ran is Ran.MAYBE
        if isinstance(error, TokenExpired) and item.attempts == 1:
            self._wire.renew()
        elif self._patience.again(error, item.spec.kind, item.attempts):
            if isinstance(error, MethodTimeLimit):
                self._wire.block(item.method)
            item.not_before = self._again_at(item.attempts, error)
        else:
            self._give_up(item, error)

    def _again_at(self, attempt: int, error: BitrixError) -> float:
        """One moment for all commands of a request that failed alike, so that they stay together."""
        return self._moments.setdefault(
            (attempt, type(error)), self._wire.now() + self._patience.pause(attempt, error)
        )

    def _give_up(self, item: Item, error: BitrixError) -> None:
        if item.maybe and item.spec.kind is not Kind.READ:
            self._settle(item, Status.UNKNOWN, error=OutcomeUnknown(error))
        elif policy_of(error).action in (Action.WAIT, Action.RETRY) and error.ran is Ran.NO:
            self._settle(item, Status.NOT_RUN, error=error)
        else:
            self._settle(item, Status.FAILED, error=error)

    def _request_failed(self, ready: list[Item], error: BitrixError, deadline: Deadline) -> None:
        """No sections at all: what the error proves holds for every command of the request."""
        if error.ran is Ran.MAYBE:
            self._runner.pace.slower({item.method for item in ready})
            for item in ready:
                self._command_failed(item, error)
            return
        attempt = max(item.attempts for item in ready) + 1
        if deadline.left <= 0 or not self._patience.again(error, Kind.READ, attempt):
            raise error
        for item in ready:
            item.attempts = attempt
            item.not_before = self._again_at(attempt, error)

    # ---- settling

    def _ok(self, item: Item, result: object, more: Mapping[str, object]) -> None:
        total, following = _int(more.get("total")), _int(more.get("next"))
        self._settle(item, Status.OK, result=result, total=total, following=following)

    def _settle(
        self,
        item: Item,
        status: Status,
        *,
        result: object = None,
        error: LeadswitchError | None = None,
        total: int | None = None,
        following: int | None = None,
        repeated: bool = False,
    ) -> None:
        self.settled[item.label] = Outcome(
            item.label, item.method, status, result, error, total, following, repeated
        )

    def _stop(self, error: LeadswitchError) -> None:
        """The portal, or the caller, wants no more. If nothing was done yet the error itself is clearer."""
        if not self.settled and not any(item.maybe for item in self._pending):
            raise error
        self._drop(error)

    def _drop(self, error: LeadswitchError | None) -> None:
        for item in self._pending:
            if item.label not in self.settled:
                lost = item.maybe and item.spec.kind is not Kind.READ
                self._settle(item, Status.UNKNOWN if lost else Status.NOT_RUN, error=error)


def _int(value: object) -> int | None:
    try:
        return int(value) if isinstance(value, int | str | float) else None
    except ValueError:
        return None
