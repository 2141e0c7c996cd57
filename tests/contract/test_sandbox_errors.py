"""Refusals of the sandbox carry a code that the method's page documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector.sandbox.rest import methods
from connector.sandbox.rest.call import METHODS
from connector.sandbox.server import SandboxServer
from tests.contract.examples import error_tables
from tests.contract.scene import app_caller

methods.load()
NONE = {"", "empty", "empty string", "empty value", "-", "undefined"}
# A missing or unknown record, where the page documents no code for it.
SILENT = {"event.offline.clear", "event.offline.error", "crm.activity.binding.list"}


def documented() -> dict[str, set[str]]:
    """Method → documented codes."""
    found: dict[str, set[str]] = {}
    for table in error_tables().values():
        if table.get("method"):
            codes = {str(entry.get("code", "")).strip("`") for entry in table["errors"]}
            found.setdefault(table["method"].lower(), set()).update(codes)
    return found


CODES = documented()


def fits(code: str, text: str, codes: set[str]) -> bool:
    """Pages write an empty code in several ways: as such, as the HTTP status, or with the text in its place."""
    if code in codes:
        return True
    statuses = bool(codes & {"400", "403"})
    bare = any(c.lower() in NONE or " " in c for c in codes)
    return (code == "" and (bare or statuses)) or (statuses and (code == text or " " in code or code == "0"))


@pytest.fixture(scope="module")
def call() -> Iterator[Any]:
    with SandboxServer(leads=3, seed=2, limits="off") as server:
        yield app_caller(server)


@pytest.mark.parametrize("name", sorted(set(CODES) & set(METHODS)))
def test_a_refusal_has_a_documented_code(name: str, call: Any) -> None:
    nowhere = {"id": 10**8, "activityId": 10**8, "entityTypeId": 2, "fields": {}, "taskId": 10**8}
    for params in ({}, nowhere):
        answer = call(METHODS[name].name, params)
        body = answer.json()
        if answer.status_code == 200 or name in SILENT:
            continue
        assert fits(str(body["error"]), body["error_description"], CODES[name]), (body, sorted(CODES[name]))
        assert body["error_description"]
