"""A tiny scripted portal behind `responses`: for shapes and sequences that a test wants to control call by call.

What a portal really does is the sandbox's business; here only envelopes, batch sections and a list by id.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
import responses

from connector.bitrix import BitrixClient, Webhook, WireSettings
from connector.clock import FakeClock
from tests.bitrix.php import parse_str

BASE = "https://portal.example/rest/1/s3cretkey/"
_REF = re.compile(r"\$result((?:\[[^\]]*\])+)")
Handler = Callable[[Mapping[str, Any]], Any]


class Refuse(Exception):
    """Answer with an error envelope."""

    def __init__(self, code: str, status: int = 400, description: str = "") -> None:
        super().__init__(code)
        self.code, self.status, self.description = code, status, description


class Portal:
    """Methods by name; `requests` are the HTTP requests seen, `ran` the methods carried out, in order.

    `faults` is consumed one per HTTP request: an exception to raise instead of answering, ("after", exception) to run
    first and then lose the answer, (status, body) to answer with, or None.
    """

    def __init__(self) -> None:
        self.methods: dict[str, Handler] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.ran: list[tuple[str, Any]] = []
        self.faults: list[Any] = []
        self.rows: list[dict[str, Any]] = []
        self.clock = FakeClock()

    def client(self, **options: Any) -> BitrixClient:
        options.setdefault("clock", self.clock)
        options.setdefault("rng", random.Random(1))
        options.setdefault("settings", WireSettings())
        return BitrixClient(Webhook.parse(BASE), **options)

    @contextmanager
    def serving(self) -> Iterator[Portal]:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.add_callback(responses.POST, re.compile(r"https://portal\.example/rest/.*"), self._answer)
            yield self

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        method = str(request.url).rsplit("/", 1)[-1]
        body = json.loads(request.body or "{}")
        self.requests.append((method, body))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if isinstance(fault, tuple) and isinstance(fault[0], int):
            status, text = fault
            return status, {}, text if isinstance(text, str) else json.dumps(text)
        try:
            envelope = self._batch(body) if method == "batch" else self._one(method, body)
            status = 200
        except Refuse as refusal:
            status, envelope = refusal.status, _error(refusal)
        if fault is not None:
            raise fault[1]
        return status, {}, json.dumps(envelope)

    def _one(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        handler = self.methods.get(method)
        if handler is None:
            raise Refuse("ERROR_METHOD_NOT_FOUND", 404)
        answer = handler(params)
        self.ran.append((method, params))
        return answer if isinstance(answer, dict) and "result" in answer else {"result": answer}

    def _batch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        sections: dict[str, dict[str, Any]] = {"": {}, "_error": {}, "_total": {}, "_next": {}, "_time": {}}
        for label, text in body["cmd"].items():
            method, _, query = text.partition("?")
            try:
                envelope = self._one(method, _resolved(parse_str(query), sections[""]))
            except Refuse as refusal:
                sections["_error"][label] = _error(refusal)
                if body["halt"]:
                    break
                continue
            sections[""][label] = envelope["result"]
            for name in ("total", "next", "time"):
                if name in envelope:
                    sections[f"_{name}"][label] = envelope[name]
        return {"result": {f"result{name}": section or [] for name, section in sections.items()}}

    # ---- ready-made methods

    def add(self, params: Mapping[str, Any]) -> int:
        """crm.lead.add."""
        self.rows.append({"ID": str(len(self.rows) + 1), **params["fields"]})
        return len(self.rows)

    def list(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A list of `rows` by ascending ID, pages of 50; a reference that was not resolved counts as zero, as in PHP."""
        condition = params.get("filter") or {}
        after = str(condition.get(">ID", "0"))
        rows = [row for row in self.rows if int(row["ID"]) > (int(after) if after.isdigit() else 0)]
        for key, wanted in condition.items():
            if key != ">ID":
                values = set(map(str, wanted if isinstance(wanted, list) else [wanted]))
                rows = [row for row in rows if str(row.get(key.lstrip("@="))) in values]
        page = {"result": rows[:50]}
        return page if str(params.get("start")) == "-1" else {**page, "total": len(rows)}


def _resolved(value: Any, results: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, results) for item in value]
    match = _REF.fullmatch(value)
    if match is None:
        return value
    found: Any = results
    for step in re.findall(r"\[([^\]]*)\]", match[1]):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (LookupError, TypeError, ValueError):
            return value
    return found


def _error(refusal: Refuse) -> dict[str, Any]:
    return {"error": refusal.code, "error_description": refusal.description}
