"""Small pieces that programs are put together from: side-by-side execution, literal references, problems. Pure; sends nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import AccessDenied
from connector.switching.calls import Answer, Call, Part, Row, T


@dataclass(frozen=True, slots=True)
class Problem:
    """A step that the portal refused: which, and in the portal's words. `denied` is about rights and so about every lead."""

    key: str
    code: str
    text: str
    denied: bool = False
    told: Row | None = None
    """What our own error says, where the portal gave no words (`LeadswitchError.told`)."""

    def as_detail(self) -> Row:
        """For `run_lead.detail`."""
        said: Row = {"told": self.told} if self.told else {}
        return {"step": self.key, "code": self.code, "text": self.text, **said}


def problem_of(key: str, answer: Answer) -> Problem | None:
    """The problem in an answer, or None."""
    if answer.error is None:
        return None
    return Problem(
        key,
        answer.error.code,
        answer.error.description or str(answer.error),
        isinstance(answer.error, AccessDenied),
        None if answer.error.description else answer.error.told(),
    )


def together(parts: Sequence[Part[T]]) -> Part[list[T]]:
    """Run pieces side by side: each round asks for what all of them need next. Returns their results in order."""
    results: dict[int, T] = {}
    wants: dict[int, Sequence[Call]] = {}
    for index, part in enumerate(parts):
        _advance(part, None, index, wants, results)
    while wants:
        order = sorted(wants)
        answers = iter((yield [call for index in order for call in wants[index]]))
        for index in order:
            share = [next(answers) for _ in wants[index]]
            _advance(parts[index], share, index, wants, results)
    return [results[index] for index in range(len(parts))]


def _advance(
    part: Part[T],
    answers: Sequence[Answer] | None,
    index: int,
    wants: dict[int, Sequence[Call]],
    results: dict[int, T],
) -> None:
    wants.pop(index, None)
    try:
        wants[index] = next(part) if answers is None else part.send(answers)
    except StopIteration as stop:
        results[index] = stop.value


def ask(call: Call) -> Part[Answer]:
    """One call and its answer."""
    (answer,) = yield [call]
    return answer


class Unresolved(LookupError):
    """A plan refers to a record that its own earlier steps did not yield: the plan is not sound for this lead."""


def resolve(value: Any, ids: Mapping[str, int]) -> Any:
    """Params with every `{"ref": key}` replaced by the id that step yielded, and `{"ref", "stage"}` by a stage of the new pipeline.

    Raises Unresolved when a step has yielded nothing.
    """
    if isinstance(value, Mapping):
        if "ref" not in value:
            return {name: resolve(item, ids) for name, item in value.items()}
        key = str(value["ref"])
        if key not in ids:
            raise Unresolved(key)
        # Stages of every pipeline but the first carry its id (crm.status.add adds the prefix by itself).
        return f"C{ids[key]}:{value['stage']}" if "stage" in value else ids[key]
    if isinstance(value, list | tuple):
        return [resolve(item, ids) for item in value]
    return value
