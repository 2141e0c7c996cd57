"""Runs one method or one batch for an authorised caller, with limits, faults and the `time` block.

Everything runs under the portal's lock; nothing here knows sockets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import METHODS, Call, Page, yes
from connector.sandbox.rest.faults import Fault, Faults
from connector.sandbox.rest.limits import Limits
from connector.sandbox.rest.php import as_map, numbered, parse_query
from connector.sandbox.world import World

MAX_COMMANDS = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\[\]]*\])+)")
_MISSING = object()
# Commands that move files, refused inside a batch besides batch itself (batch.md).
_NOT_IN_BATCH = {"batch", "crm.controller.item.getfile", "disk.folder.uploadfile", "disk.storage.uploadfile"}
# A command inside a batch has no connection of its own: what would break one is an error of that command.
_COMMAND_BEFORE = {"drop_before", "html", "redirect"}
_COMMAND_AFTER = {"error_after", "drop_after", "html_after", "truncated"}
_AFTER = {"drop_before", "drop_after", "html", "html_after", "truncated", "redirect"}


@dataclass(slots=True)
class Answer:
    """What goes on the wire: JSON body and status, and the connection faults that `wsgi.py` has to act out."""

    body: dict[str, Any]
    status: int = 200
    spent: float = 0.0
    faults: tuple[Fault, ...] = ()


class Dispatcher:
    """The method table behind one portal's limits and faults."""

    def __init__(self, world: World, sleep: Callable[[float], None] = time.sleep) -> None:
        self.world = world
        self._sleep = sleep
        self.limits = Limits(world)
        self.faults = Faults()

    def run(self, name: str, call: Call) -> Answer:
        """Answer one request for this method (lower case). Connection faults come back in the answer, unacted."""
        started = time.time()
        met = self.faults.hit(name)
        connection = tuple(fault for fault in met if fault.kind in _AFTER)
        if any(fault.kind in {"drop_before", "html", "redirect"} for fault in met):
            return Answer({}, 200, 0.0, connection)
        self._sleep(sum(fault.seconds for fault in met if fault.kind == "delay"))
        try:
            with self.world.lock:
                self.world.rest_link = self._link(call)
                if name == "batch":
                    self._raise(met)
                    body, spent = self._batch(call)
                else:
                    body, spent = self._single(name, call, met)
        except RestError as error:
            return Answer(
                {**error.body(), "time": self._time(started, 0.0, call, name)}, error.status, 0.0, connection
            )
        # Delays of commands are waited for once, outside the lock.
        self._sleep(call.notes.get("delay", 0.0))
        late = next((fault for fault in met if fault.kind == "error_after"), None)
        if late is not None:
            return Answer(
                {"error": late.code, "error_description": late.description}, late.status, spent, connection
            )
        body["time"] = self._time(started, spent, call, name)
        return Answer(body, 200, spent, connection)

    def meet(self, name: str) -> tuple[Fault, ...]:
        """The faults of an answer that is no REST method (`oauth.token`, `oauth.app.info`), before it is worked out.

        Waits, raises RestError for `error`; what the connection has to act out comes back.
        """
        met = self.faults.hit(name)
        self._sleep(sum(fault.seconds for fault in met if fault.kind == "delay"))
        self._raise(met)
        return tuple(fault for fault in met if fault.kind in _AFTER or fault.kind == "error_after")

    @staticmethod
    def _raise(met: list[Fault]) -> None:
        for fault in met:
            if fault.kind == "error":
                raise RestError(fault.code, fault.description, fault.status)

    def _single(
        self, name: str, call: Call, met: list[Fault], *, billed: bool = True
    ) -> tuple[dict[str, Any], float]:
        self._raise(met)
        entry = METHODS.get(name)
        if entry is None or not entry.on(self.world):
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        if entry.scopes and not any(scope in call.scopes for scope in entry.scopes):
            raise RestError(
                "insufficient_scope",
                "The request requires higher privileges than provided by the access token",
                403,
            )
        client = self._client(call)
        self.limits.check(client, name)
        call.short_page = any(fault.kind == "short_page" for fault in met)
        call.ignore_cursor = any(fault.kind == "cursor_ignored" for fault in met)
        spent = self.limits.cost(name) * max(1, call.notes.get("weight", 1))
        self.world.count(f"method.{name}")
        try:
            outcome = entry.handler(call)
        finally:
            if billed:
                self.limits.spend(client, name, spent * max(1, call.notes.get("weight", 1)))
        body: dict[str, Any] = {}
        if isinstance(outcome, Page):
            body["result"] = outcome.result
            if outcome.total is not None:
                body["total"] = outcome.total
            if outcome.next is not None:
                body["next"] = outcome.next
        else:
            body["result"] = outcome
        return body, spent * max(1, call.notes.get("weight", 1))

    def _link(self, call: Call) -> tuple[str, str]:
        base = f"{self.world.base_url}/rest/"
        return (f"{base}{call.user.id}/{call.webhook_code}/", "") if call.webhook_code else (base, call.token)

    @staticmethod
    def _client(call: Call) -> str:
        return call.app.client_id if call.app is not None else f"webhook:{call.webhook_code}"

    def _time(self, started: float, spent: float, call: Call, name: str) -> dict[str, Any]:
        finished = time.time()
        portal = self.world.clock.now()
        client = self._client(call)
        return {
            "start": started,
            "finish": finished,
            "duration": finished - started,
            "processing": max(spent, finished - started),
            "date_start": iso(portal - (finished - started)),
            "date_finish": iso(portal),
            "operating_reset_at": self.limits.reset_at(client, name),
            "operating": round(self.limits.used(client, name), 6),
        }

    def _batch(self, call: Call) -> tuple[dict[str, Any], float]:
        commands = as_map(call.get("cmd"))
        halt = yes(call.get("halt", False))
        sections: dict[str, dict[str, Any]] = {
            name: {} for name in ("result", "result_error", "result_total", "result_next", "result_time")
        }
        outer = self.world.settings.batch_billing == "outer"
        if outer:
            self.limits.check(self._client(call), "batch")
        spent = 0.0
        for index, (label, command) in enumerate(commands.items()):
            if spent > self.world.settings.request_cap:
                break
            started = time.time()
            try:
                if index >= MAX_COMMANDS:
                    raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded", 400)
                body, cost = self._command(str(command), call, sections["result"], billed=not outer)
            except RestError as error:
                sections["result_error"][label] = error.body()
                if halt:
                    break
                continue
            spent += cost
            sections["result"][label] = body["result"]
            if "total" in body:
                sections["result_total"][label] = body["total"]
            if "next" in body:
                sections["result_next"][label] = body["next"]
            sections["result_time"][label] = self._command_time(started, cost)
        if outer:
            self.limits.spend(self._client(call), "batch", spent)
        return {"result": {name: numbered(section) for name, section in sections.items()}}, spent

    def _command_time(self, started: float, cost: float) -> dict[str, Any]:
        finished, portal = time.time(), self.world.clock.now()
        return {
            "start": started,
            "finish": finished,
            "duration": finished - started,
            "processing": max(cost, finished - started),
            "date_start": iso(portal - (finished - started)),
            "date_finish": iso(portal),
        }

    def _command(
        self, command: str, call: Call, results: Mapping[str, Any], *, billed: bool
    ) -> tuple[dict[str, Any], float]:
        name, _, query = command.partition("?")
        name = name.strip().strip("/").lower().removesuffix(".json").removesuffix(".xml")
        if name in _NOT_IN_BATCH:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
        params = self._resolve(parse_query(query), results)
        params.pop("auth", None)
        if call.get("auth_connector") is not None:
            params.setdefault("auth_connector", call.get("auth_connector"))
        met = self.faults.hit(name)
        delay = sum(fault.seconds for fault in met if fault.kind == "delay")
        call.notes["delay"] = call.notes.get("delay", 0.0) + delay
        self._refuse(met, _COMMAND_BEFORE)
        inner = replace(call, params=params, notes={})
        body, cost = self._single(name, inner, met, billed=billed)
        self._refuse(met, _COMMAND_AFTER)
        return body, cost

    @staticmethod
    def _refuse(met: list[Fault], kinds: set[str]) -> None:
        for fault in met:
            if fault.kind in kinds:
                raise RestError(fault.code, fault.description, fault.status)

    def _resolve(self, value: Any, results: Mapping[str, Any]) -> Any:
        """Put earlier results in place of `$result[..][..]`, after the command was decoded."""
        if isinstance(value, dict):
            return {key: self._resolve(inner, results) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._resolve(inner, results) for inner in value]
        if not isinstance(value, str) or "$result[" not in value:
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole:
            found = self._lookup(whole[1], results)
            return self._unresolved(value) if found is _MISSING else found
        return _REFERENCE.sub(lambda match: self._text(match, results), value)

    def _text(self, match: re.Match[str], results: Mapping[str, Any]) -> str:
        found = self._lookup(match[1], results)
        return str(self._unresolved(match[0]) if found is _MISSING else found)

    def _unresolved(self, text: str) -> str:
        return text if self.world.settings.unresolved_reference == "text" else ""

    @staticmethod
    def _lookup(path: str, results: Mapping[str, Any]) -> Any:
        value: Any = results
        for key in re.findall(r"\[([^\[\]]*)\]", path):
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif isinstance(value, (list, tuple)) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return _MISSING
        return value
