"""What an answer of the portal means: a refusal, a list, a page, what the journal keeps of it. Pure functions; sends nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.errors import AccessDenied, BitrixError, MethodError
from connector.store.models import JournalState
from connector.switching.calls import Answer, Params, Read, Row
from connector.switching.journal import Entry
from connector.switching.wire import Outcome, State


def is_refusal(outcome: Outcome) -> bool:
    """Whether the portal has considered this command and said no, as against not taking anything from us just now."""
    return outcome.state is State.FAILED and isinstance(outcome.error, MethodError | AccessDenied)


def _rows(read: Read, value: Any) -> Any:
    return value.get(read.rows) if read.rows and isinstance(value, Mapping) else value


def has_rows(read: Read, value: Any) -> bool:
    """Whether this is a list at all: what is something else must not pass for an empty one, which would prove an absence."""
    return isinstance(_rows(read, value), list | Mapping)


def page_of(read: Read, value: Any) -> Sequence[Any]:
    """The rows of one page; PHP sends an empty map as a list, and a list with gaps as a map."""
    rows = _rows(read, value)
    return list(rows.values()) if isinstance(rows, Mapping) else rows


def next_page(read: Read, rows: Sequence[Any], start: int) -> Params:
    """Parameters of the page after these rows."""
    if not read.above or not rows:
        return {**read.params, "start": start}
    return {**read.params, "filter": {**read.params["filter"], f">{read.above}": rows[-1][read.above]}}


def said(error: BitrixError | None) -> Row:
    """What the portal said, for the journal. `refused`: it did answer for this very command, with a code that proves nothing by itself."""
    if error is None:
        return {}
    cause = getattr(error, "cause", error)
    told: Row = {"code": cause.code, "text": cause.description or str(cause)}
    return {**told, "refused": True} if isinstance(cause, MethodError) else told


def replay(entry: Entry) -> Answer:
    """The journal's answer to a write that was settled before."""
    if entry.state == JournalState.DONE:
        return Answer(entry.result, replayed=True)
    code, text = str(entry.result.get("code", "")), str(entry.result.get("text", ""))
    return Answer(error=MethodError(method=entry.method, code=code, description=text), replayed=True)
