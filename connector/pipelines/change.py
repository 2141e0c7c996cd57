"""A change on its way: rights, the portal's turn, what was sent, reading back, the line in the audit log. Knows no rule of pipelines.

Nothing is sent twice here. What a repeat cannot harm the wire repeats by itself; whatever else has lost its answer is looked for, and
told as unknown when it cannot be found yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connector.bitrix.batch import BatchOutcome, Command, Status
from connector.errors import (
    BitrixError,
    Cancelled,
    ChangeDoubtful,
    ChangeIncomplete,
    ChangeLost,
    ChangeUnknown,
    LeadswitchError,
    MethodError,
    NotTaken,
    OutcomeUnknown,
)
from connector.pipelines.desk import Desk
from connector.pipelines.model import Board
from connector.pipelines.turn import SETTLE_SECONDS, Turn
from connector.portals import audit
from connector.portals.rights import Action, require

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0


@dataclass(slots=True)
class Change:
    """`sent`: writes that took effect or may have; `unsure`: for some of them only the portal can tell.

    `detail` is what the audit log will hold; callers add what they learn on the way. `since`: when (monotonic) the last write began,
    -1 before the first; `words`: what the portal said where its code proves nothing.
    """

    desk: Desk
    detail: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    unsure: bool = False
    since: float = -1.0
    words: str = ""

    def send(self, method: str, params: Mapping[str, Any]) -> Any:
        """One write; its answer, or None where that was lost (then `unsure`). Raises what the portal refused with."""
        self.since = self.desk.clock.monotonic()
        try:
            answer = self.desk.client.call(method, params)
        except OutcomeUnknown as unknown:
            self.words = said(unknown.cause) if isinstance(unknown.cause, MethodError) else ""
            self._lost(1)
            return None
        except Cancelled:
            # Time was up while a lost answer was being tried again, or before anything went out: the portal tells.
            self._lost(1)
            return None
        self.sent += 1
        return answer.result

    def send_all(self, commands: Sequence[Command]) -> BatchOutcome | None:
        """Several writes in their order; None where everything about them was lost."""
        self.since = self.desk.clock.monotonic()
        try:
            outcomes = self.desk.client.batch(commands)
        except Cancelled:
            self._lost(len(commands))
            return None
        self.sent += len(outcomes.having(Status.OK))
        if unknown := outcomes.having(Status.UNKNOWN):
            self._lost(len(unknown))
        return outcomes

    def demand(self, outcomes: BatchOutcome | None) -> None:
        """Raises what the portal refused with, as `ChangeIncomplete` where a part went through."""
        failed = outcomes.having(Status.FAILED, Status.NOT_RUN) if outcomes is not None else []
        if not failed:
            return
        error = failed[0].error
        if self.sent or error is None:
            raise ChangeIncomplete(said=said(error))
        raise error

    def settled(self, fits: Callable[[Board], bool], *, stages_of: int | None = None) -> Board:
        """The pipelines as they are now that what was sent can be seen.

        Raises `NotTaken` when the portal said yes and shows something else; `ChangeUnknown` when an answer was lost and it cannot be
        seen yet, `ChangeDoubtful` when the answer was an error that proves nothing, `ChangeLost` when it would have to be seen by now.
        """
        clock, pause = self.desk.clock, FIRST_PAUSE
        end = clock.monotonic() + (self.desk.look_seconds if self.unsure else FIRST_PAUSE)
        while True:
            board = self._seen(stages_of)
            if board is not None and fits(board):
                self.unsure = False
                return board
            if clock.monotonic() >= end:
                raise self._not_seen(board)
            clock.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _seen(self, stages_of: int | None) -> Board | None:
        try:
            return self.desk.look(stages_of)
        except BitrixError:
            # What was accepted is not undone by a portal that cannot be read just now.
            self.unsure = True
            return None

    def _not_seen(self, board: Board | None) -> LeadswitchError:
        if not self.unsure:
            return NotTaken()
        if board is not None and self.desk.clock.monotonic() - self.since > SETTLE_SECONDS:
            self.unsure, self.sent = False, 0
            return ChangeLost()
        return ChangeDoubtful(said=self.words) if self.words else ChangeUnknown()

    def _lost(self, count: int) -> None:
        self.sent += count
        self.unsure = True


@contextmanager
def changing(desk: Desk, did: audit.Did, **detail: Any) -> Iterator[Change]:
    """The block may write. Raises `NotAllowed`, `ChangeUnderWay`. Whatever was sent is in the audit log afterwards, with its outcome.

    `detail` of the log: what the caller names; `outcome` is added unless all went well: incomplete or unknown.
    """
    require(desk.viewer, Action.PIPELINES)
    turn = Turn(desk.db, desk.portal.id, desk.clock)
    turn.take(desk.actor, did, detail)
    desk.limit.begin()
    change = Change(desk, dict(detail))
    outcome = "unknown"
    try:
        yield change
        outcome = ""
    except LeadswitchError:
        outcome = "unknown" if change.unsure else "incomplete"
        raise
    except BaseException:
        # Ctrl-C, or a mistake of ours: a request may be on its way.
        change.unsure = change.unsure or change.since >= 0
        raise
    finally:
        with desk.db.begin() as session:
            if change.sent or change.unsure:
                told = {**change.detail, **({"outcome": outcome} if outcome else {})}
                who, at = desk.actor, desk.clock.now()
                audit.record(session, desk.portal.id, at=at, who=who, action=did, detail=told)
            if change.unsure:
                turn.settle(session)
            else:
                turn.release(session)


def said(error: LeadswitchError | None) -> str:
    """The portal's own words."""
    if isinstance(error, BitrixError):
        return error.description or error.code or str(error)
    return str(error or "")
