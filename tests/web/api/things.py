"""One of everything that the API can name, on one portal; and bodies that operations need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.web.api.conftest import Api

BODIES: Mapping[str, Any] = {
    "exclude_leads": {"leads": [1]},
    "put_decisions": {},
    "start_run": lambda known: {"plan_id": known["plan_id"]},
}
"""Operation → body, or a function from what is known to it."""


def things(script: Api) -> dict[str, Any]:
    """Ids by the names of path values."""
    plan = script.ready_plan()
    found: dict[str, Any] = {"plan_id": plan, "pipeline_id": 0}
    leads = script.get(f"/plans/{plan}/leads").json
    assert leads is not None
    found["lead_id"] = leads["data"][0]["id"]
    run = script.post("/runs", {"plan_id": plan}).json
    assert run is not None
    found["run_id"] = run["id"]
    for make in MORE:
        found |= make(script)
    return found


MORE: list[Callable[[Api], dict[str, Any]]] = []
