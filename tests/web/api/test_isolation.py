"""A key of one portal finds nothing of another: every operation of the OpenAPI document is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from connector.store.models import Audit, Plan, Portal, Run
from connector.web.api.openapi import document
from tests.web.api.conftest import Api
from tests.web.api.things import BODIES, things
from tests.web.test_security import second_portal


@pytest.fixture
def two(api: Callable[..., Api]) -> tuple[Api, Api]:
    """A script of a portal that has everything, and one of another portal."""
    mine = api(leads=5)
    return mine, Api(mine.here, second_portal(mine.here))


def test_nothing_of_another_portal_is_found(two: tuple[Api, Api]) -> None:
    mine, foreign = two
    known = things(mine)
    before = _rows(mine)
    with mine.here.app.app_context():
        paths: dict[str, Any] = document()["paths"]
    tried = set()
    for path, methods in paths.items():
        for method, one in methods.items():
            names = [value["name"] for value in one["parameters"] if value.get("in") == "path"]
            # Pipelines are asked of the portal of the key itself; there is no other portal that they could come from.
            if not names or "pipeline_id" in names:
                continue
            address = path.removeprefix("/api/v1").format(**{name: known[name] for name in names})
            query = _needed(one)
            body = BODIES.get(one["operationId"], {} if "requestBody" in one else None)
            own = mine.send(method.upper(), address + query, body) if method == "get" else None
            assert own is None or own.status_code == 200, (address, own.text)
            answer = foreign.send(method.upper(), address + query, body)
            assert answer.status_code == 404, (method, address, answer.status_code, answer.text)
            tried.add(one["operationId"])
    assert _rows(mine) == before
    pointing = {name for name, body in BODIES.items() if callable(body)}
    for name in pointing:
        assert foreign.send("POST", _path(paths, name), BODIES[name](known)).status_code in (404, 409), name
    assert len(tried) > 25


def test_lists_hold_nothing_of_another_portal(two: tuple[Api, Api]) -> None:
    mine, foreign = two
    known = things(mine)
    with mine.here.app.app_context():
        paths: dict[str, Any] = document()["paths"]
    for path, methods in paths.items():
        if (
            "{" in path
            or "get" not in methods
            or methods["get"].get("x-scope", "").startswith(("mode", "pipelines"))
        ):
            continue
        address = path.removeprefix("/api/v1") + _needed(methods["get"])
        answer = foreign.get(address)
        assert answer.status_code == 200, address
        assert not any(str(id_) in answer.text for name, id_ in known.items() if len(str(id_)) > 5), address
        if "data" in answer.json and path != "/api/v1/audit":  # type: ignore[operator]
            assert answer.json["data"] == [], address  # type: ignore[index]


def test_a_cursor_of_another_portal_or_list_is_refused(two: tuple[Api, Api]) -> None:
    mine, foreign = two
    for _ in range(2):
        mine.post("/plans", {})
    first = mine.get("/plans?limit=1").json
    assert first is not None
    cursor = first["next"]
    second = mine.get(f"/plans?limit=1&cursor={cursor}").json
    assert second is not None
    assert second["data"][0]["id"] != first["data"][0]["id"]
    assert second["next"] is None
    for script, path in (
        (foreign, f"/plans?cursor={cursor}"),
        (mine, f"/runs?cursor={cursor}"),
        (mine, f"/plans?cursor={cursor}x"),
    ):
        answer = script.get(path)
        assert (answer.status_code, answer.json["errors"][0]["place"]) == (409, "query.cursor")  # type: ignore[index]


def _needed(one: dict[str, Any]) -> str:
    """Query values that an operation cannot do without."""
    needed = [value for value in one["parameters"] if value.get("in") == "query" and value["required"]]
    return (
        "?" + "&".join(f"{value['name']}={value['schema']['enum'][0]}" for value in needed) if needed else ""
    )


def _path(paths: dict[str, Any], name: str) -> str:
    return next(
        path.removeprefix("/api/v1")
        for path, methods in paths.items()
        for one in methods.values()
        if one["operationId"] == name
    )


def _rows(script: Api) -> list[Any]:
    """What a stranger must not have changed."""
    with script.here.db.read() as session:
        runs = [(row.id, row.state, row.wanted) for row in session.scalars(select(Run).order_by(Run.id))]
        plans = list(session.scalars(select(Plan.id).order_by(Plan.id)))
        log = list(
            session.scalars(
                select(Audit.id).where(Audit.portal_id == script.portal_id, Audit.action != "file.downloaded")
            )
        )
        return [runs, plans, log, list(session.scalars(select(Portal.id).order_by(Portal.id)))]
