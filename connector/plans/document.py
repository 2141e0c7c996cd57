"""The plan file, `leadswitch.plan/1`: JSON Lines, written and read as a stream. Must never keep a whole plan in memory.

Line 1 is `{"record": "plan", "format": …}` with portal, direction, options, creation time, stage map, findings about the plan and counts;
then one `{"record": "lead", …}` per lead; the last line is `{"record": "summary", "leads", "counts", "digest"}`, where `digest` is the
SHA-256 (hex) of all bytes of the lines before it, line ends included. Where people have decided about the plan, the summary says so in
`decisions` (`accepted`, `codes`, `leads`, `digest`); the plan and its digest are the same with and without. Lines are canonical JSON:
keys sorted, no blanks, UTF-8, LF.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from connector.errors import DigestMismatch, NotAPlan, PlanFormatUnknown, WrongPortal
from connector.planning.encode import head_from_json, head_to_json
from connector.planning.model import PlanHead

FORMAT = "leadswitch.plan/1"
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is not a lead but an attack or a mistake."""

Json = dict[str, Any]


def canonical(value: Mapping[str, Any]) -> bytes:
    """One line of a plan file, with its LF. The same value gives the same bytes."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def first_line(head: PlanHead) -> bytes:
    """The first line of the file of a plan."""
    return canonical({"record": "plan", "format": FORMAT, **head_to_json(head)})


class Digest:
    """SHA-256 over the lines of a plan as they pass by, and how many leads there were."""

    def __init__(self, head: PlanHead) -> None:
        self.first_line = first_line(head)
        self.leads = 0
        self._sha = hashlib.sha256(self.first_line)

    def add(self, lead: Mapping[str, Any]) -> bytes:
        """The line of `lead` (shape of `encode.lead_to_json`), counted into the digest."""
        line = canonical({"record": "lead", **lead})
        self._sha.update(line)
        self.leads += 1
        return line

    def hexdigest(self) -> str:
        """The digest over what was added so far."""
        return self._sha.hexdigest()


def write(
    out: IO[bytes],
    head: PlanHead,
    leads: Iterable[Mapping[str, Any]],
    decisions: Mapping[str, Any] | None = None,
) -> str:
    """Write a whole plan file and return its digest. `leads` have the shape of `encode.lead_to_json`, in the order of the plan;
    `decisions` that of `connector.plans.decisions.exported`."""
    digest = Digest(head)
    out.write(digest.first_line)
    for lead in leads:
        out.write(digest.add(lead))
    value = digest.hexdigest()
    summary = {"record": "summary", "leads": digest.leads, "counts": dict(head.counts), "digest": value}
    out.write(canonical({**summary, "decisions": dict(decisions)} if decisions else summary))
    return value


def _parse(line: bytes, number: int) -> Json:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise NotAPlan(f"line {number} is not JSON: {type(wrong).__name__}", line=number) from wrong
    if not isinstance(value, dict) or not isinstance(value.get("record"), str):
        raise NotAPlan(f"line {number} is not a record of a plan", line=number)
    return value


@dataclass(slots=True)
class PlanReader:
    """A plan file being read. Use `leads()` to its end: only then is the digest known to be right."""

    head: PlanHead
    digest: str
    _lines: Iterator[bytes]
    _sha: Any
    decisions: Mapping[str, Any] = field(default_factory=dict)

    def leads(self) -> Iterator[Json]:
        """Each lead record (shape of `encode.lead_to_json`). Raises `NotAPlan` with the line number on a wrong line,
        `DigestMismatch` when the file was cut or changed; what was yielded before must then be thrown away."""
        number, seen = 1, set[int]()
        for line in self._lines:
            number += 1
            record = _parse(line, number)
            if record["record"] == "summary":
                self._close(record, number, len(seen))
                return
            if record["record"] != "lead" or not isinstance(record.get("id"), int):
                raise NotAPlan(f"line {number}: a lead or the summary was expected", line=number)
            if record["id"] in seen:
                raise NotAPlan(f"line {number}: lead {record['id']} is there twice", line=number)
            seen.add(record["id"])
            self._sha.update(line)
            del record["record"]
            yield record
        raise DigestMismatch(
            f"the file ends after line {number} without its summary: it was cut off", line=number
        )

    def _close(self, record: Json, number: int, count: int) -> None:
        if record.get("leads") != count:
            raise DigestMismatch(
                f"line {number}: {record.get('leads')} leads announced, {count} found", line=number
            )
        if record.get("digest") != self._sha.hexdigest():
            raise DigestMismatch(f"line {number}: the digest does not fit the lines above it", line=number)
        if next(self._lines, None) is not None:
            raise DigestMismatch(f"line {number + 1}: there is more after the summary", line=number + 1)
        self.digest = record["digest"]
        self.decisions = _decisions(record.get("decisions"), number)


def _decisions(value: Any, number: int) -> Json:
    if value is None:
        return {}
    lists = isinstance(value, dict) and all(
        isinstance(value.get(name), list) and all(isinstance(one, kind) for one in value[name])
        for name, kind in (("accepted", str), ("codes", str), ("leads", int))
    )
    if not lists or not isinstance(value.get("digest"), str):
        raise NotAPlan(f"line {number}: the decisions are not complete", line=number)
    return dict(value)


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    number = 0
    while line := source.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise NotAPlan(f"line {number} is longer than {MAX_LINE} bytes", line=number)
        yield line


def read(source: IO[bytes], portal: str | None = None) -> PlanReader:
    """Open a plan file. Raises `NotAPlan` or `PlanFormatUnknown` for a foreign file, `WrongPortal` when it was made for another
    portal than the one whose key is `portal` (None: not compared, for `show`)."""
    lines = _lines(source)
    first = next(lines, b"")
    if not first:
        raise NotAPlan("the file is empty", line=1)
    record = _parse(first, 1)
    if record["record"] != "plan" or not str(record.get("format", "")).startswith("leadswitch.plan/"):
        raise NotAPlan("line 1 does not start a plan", line=1)
    if record["format"] != FORMAT:
        raise PlanFormatUnknown(format=record["format"])
    try:
        head = head_from_json(record)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise NotAPlan(f"line 1: the head of the plan is not complete ({wrong})", line=1) from wrong
    if portal is not None:
        refuse_foreign(head, portal)
    return PlanReader(head, "", lines, hashlib.sha256(first))


def refuse_foreign(head: PlanHead, key: str, host: str = "") -> None:
    """Raise `WrongPortal` unless the plan was made for the portal with this key."""
    if head.portal != key:
        raise WrongPortal(planned=head.host, portal=host or key)
