"""The words of a batch: commands, their outcomes, and the answer taken apart. Sends nothing; dispatch.py does.

Source: doc page settings/how-to-call-rest-api/batch.md (at most 50 commands, counts as one request, HTTP 200 even when
every command fails, empty sections are lists, keys come back unchanged).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connector.bitrix.calls import CallSpec, Kind, spec_of
from connector.bitrix.encoding import Ref, command_text, fits_query, is_label, normalise, refs_in
from connector.bitrix.transport import Reply, error_fields, error_of
from connector.errors import BadAnswer, BadCall, BatchError, BitrixError, LeadswitchError


@dataclass(frozen=True, slots=True)
class Command:
    """One call inside a batch. The label names its outcome: letters, digits and _, not starting with a digit.

    Parameters may hold `Ref`s to earlier commands only if every command concerned is a read. `once` forbids a repeat
    without proof where the method alone would allow it: an update that adds phones is not the same twice.
    """

    label: str
    method: str
    params: Mapping[str, object] = field(default_factory=dict)
    once: bool = False


class Status(StrEnum):
    """What is known about one command."""

    OK = "ok"
    FAILED = "failed"  # refused; certainly without effect
    NOT_RUN = "not_run"  # never reached, or certainly not carried out
    UNKNOWN = "unknown"  # a write that may or may not have been carried out


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of one command. `repeated` marks an idempotent write whose answer was lost and whose repeat showed that
    the first attempt had gone through, so that `result` is not the original one.
    """

    label: str
    method: str
    status: Status
    result: object = None
    error: LeadswitchError | None = None
    total: int | None = None
    next: int | None = None
    repeated: bool = False

    @property
    def ok(self) -> bool:
        return self.status is Status.OK


class BatchOutcome(Mapping[str, Outcome]):
    """Outcomes by label, in the order of the commands."""

    def __init__(self, outcomes: Mapping[str, Outcome], portal: str) -> None:
        self._outcomes = dict(outcomes)
        self.portal = portal

    def __getitem__(self, label: str) -> Outcome:
        return self._outcomes[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)

    def having(self, *statuses: Status) -> list[Outcome]:
        """Outcomes with one of these statuses, in order."""
        return [outcome for outcome in self._outcomes.values() if outcome.status in statuses]

    @property
    def all_ok(self) -> bool:
        return all(outcome.ok for outcome in self._outcomes.values())

    def results(self) -> dict[str, object]:
        """Results by label. Raises BatchError naming every command that is not ok."""
        failures = {
            outcome.label: outcome.error
            if isinstance(outcome.error, BitrixError)
            else BitrixError(str(outcome.error or "not run"), portal=self.portal, method=outcome.method)
            for outcome in self._outcomes.values()
            if not outcome.ok
        }
        if failures:
            raise BatchError(failures, portal=self.portal)
        return {label: outcome.result for label, outcome in self._outcomes.items()}


@dataclass(frozen=True, slots=True)
class Sections:
    """A batch answer taken apart; every section a map by label, whatever PHP made of it."""

    result: Mapping[str, object]
    error: Mapping[str, object]
    total: Mapping[str, object]
    next: Mapping[str, object]
    time: Mapping[str, object]

    @classmethod
    def of(cls, reply: Reply, portal: str) -> Sections:
        """Raises BadAnswer if the sections are not there."""
        body = reply.body.get("result")
        if not isinstance(body, Mapping) or "result" not in body:
            raise BadAnswer("a batch answer without its sections", portal=portal, method="batch")
        return cls(*(_map(body.get(f"result{name}")) for name in ("", "_error", "_total", "_next", "_time")))

    def error_of(self, label: str, *, portal: str, method: str) -> BitrixError | None:
        """The error of one command; an empty code is an error too."""
        if label not in self.error:
            return None
        raw = self.error[label]
        code, description = (
            error_fields(raw) if isinstance(raw, Mapping) and "error" in raw else (str(raw), "")
        )
        return error_of(code, description, portal=portal, method=method)


def _map(section: object) -> Mapping[str, object]:
    return section if isinstance(section, Mapping) else {}


@dataclass(slots=True)
class Item:
    """A command on its way. `text` is None if it must travel alone; `group` ties chains of references together;
    `maybe` is set once an answer about it was lost.
    """

    command: Command
    spec: CallSpec
    params: Mapping[str, object]
    text: str | None
    group: int
    sources: tuple[str, ...] = ()
    attempts: int = 0
    not_before: float = 0.0
    maybe: bool = False

    @property
    def label(self) -> str:
        return self.command.label

    @property
    def method(self) -> str:
        return self.command.method


def prepare(commands: Iterable[Command], *, max_command: int, max_group: int) -> list[Item]:
    """Check and encode. Raises BadCall for a bad or repeated label, or a reference that is not read-to-earlier-read.

    Commands that a query string cannot carry faithfully, or that are longer than `max_command` characters, get no text.
    """
    items: dict[str, Item] = {}
    groups: dict[int, list[Item]] = {}
    for number, command in enumerate(commands):
        if not is_label(command.label) or command.label in items:
            raise BadCall(f"label {command.label!r} is not usable or not unique", method=command.method)
        spec = CallSpec(Kind.WRITE) if command.once else spec_of(command.method)
        params = normalise(command.params)
        if not isinstance(params, dict):
            raise BadCall("parameters must be a map", method=command.method)
        text = command_text(command.method, params) if fits_query(params) else None
        if text is not None and len(text) > max_command:
            text = None
        item = Item(command, spec, params, text, number)
        refs = list(refs_in(params))
        if refs:
            _check_refs(item, refs, items)
            _join(item, groups, items)
            if len(groups[item.group]) >= max_group:
                raise BadCall(f"more than {max_group} commands refer to each other", method=command.method)
        groups.setdefault(item.group, []).append(item)
        items[command.label] = item
    return list(items.values())


def _check_refs(item: Item, refs: list[Ref], items: Mapping[str, Item]) -> None:
    """References lead from a read to an earlier read, both inside query strings."""
    for ref in refs:
        source = items.get(ref.label)
        if source is None:
            raise BadCall(f"{ref} refers to no earlier command", method=item.method)
        if item.spec.kind is not Kind.READ or source.spec.kind is not Kind.READ:
            raise BadCall("references are for reads only", method=item.method)
        if item.text is None or source.text is None:
            raise BadCall("a command with references must fit a query string", method=item.method)
    item.sources = tuple(ref.label for ref in refs)


def _join(item: Item, groups: dict[int, list[Item]], items: Mapping[str, Item]) -> None:
    """Make one group of those of all its sources."""
    item.group, *others = sorted({items[label].group for label in item.sources})
    for number in others:
        for member in groups.pop(number):
            member.group = item.group
            groups[item.group].append(member)
