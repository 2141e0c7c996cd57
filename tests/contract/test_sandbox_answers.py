"""For each documented request of a method the sandbox knows, it answers with the documented keys and value types."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests

from connector.sandbox.rest import methods
from connector.sandbox.rest.call import METHODS
from connector.sandbox.server import SandboxServer
from tests.contract.examples import DATA, examples, name_of
from tests.contract.scene import RECIPES, Scene, app_caller

methods.load()
EXTRA: list[dict[str, Any]] = json.loads((DATA / "sandbox_examples.json").read_text())
REQUESTS = [*examples("request"), *(entry for entry in EXTRA if entry["kind"] == "request")]
RESPONSES = [
    entry
    for entry in [*examples("response"), *(entry for entry in EXTRA if entry["kind"] == "response")]
    if entry["method"].lower() in METHODS and isinstance(entry["body"], Mapping) and "result" in entry["body"]
]
# Custom fields and parents of the portal the example was taken from.
OWN = re.compile(r"^(UF_CRM_|ufCrm|PARENT_ID_|parentId\d)")
# Maps whose keys are data: languages, ids, scopes, settings of one field.
FREE = re.compile(
    r"(_LABEL|_MESSAGE|Label|Message)$|^(SETTINGS|settings|languageId|langAll|LANG|FILES|FULL|types)$"
)
# Examples that show something this portal has not, with the reason.
SKIPPED = {
    "crm.item.fields@crm-item-fields": "fields of a smart process",
    "crm.item.list@how-to-update-files": "files of a smart process",
    "crm.item.update@how-to-update-files": "files of a smart process",
    "crm.item.get@how-to-update-files": "files of a smart process",
    "tasks.task.get@rest-v3": "REST 3.0",
    "tasks.task.add@rest-v3": "REST 3.0",
    "crm.requisite.userfield.list@crm-requisite-list": "custom fields of requisites",
    "crm.category.list@how-to-get-contractors": "vendor categories of contacts",
}


def kind(value: Any) -> str:
    if value is None or value in ([], {}):
        return "any"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "list", dict: "map"}[type(value)]


def differences(documented: Any, ours: Any, path: str = "result") -> Iterator[str]:
    """What the documented value has and ours has not: keys, and other types."""
    if "any" in (kind(documented), kind(ours)):
        return
    if kind(documented) != kind(ours):
        yield f"{path}: documented {kind(documented)} {documented!r:.60}, ours {kind(ours)} {ours!r:.60}"
    elif isinstance(documented, Mapping):
        name = path.rsplit(".", 1)[-1]
        if FREE.search(name):
            return
        for key, value in documented.items():
            if OWN.match(key):
                continue
            if key not in ours:
                yield f"{path}.{key}: missing"
            else:
                yield from differences(value, ours[key], f"{path}.{key}")
    elif isinstance(documented, list):
        found: set[str] = set()
        for value in documented[:20]:
            if not any(not list(differences(value, one, path + "[]")) for one in ours):
                found.update(differences(value, ours[0], path + "[]"))
        yield from sorted(found)


@pytest.fixture(scope="module")
def portal() -> Iterator[SandboxServer]:
    with SandboxServer(leads=3, seed=2, limits="off") as server:
        yield server


@pytest.fixture(scope="module")
def call(portal: SandboxServer) -> Callable[[str, Any], requests.Response]:
    return app_caller(portal)


def documented_requests(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The requests of the page, without a token; an empty one when the page has none."""
    found = [r["body"] for r in REQUESTS if r["doc"] == entry["doc"] and r["method"] == entry["method"]]
    return [{k: v for k, v in body.items() if k != "auth"} for body in found if isinstance(body, dict)] or [
        {}
    ]


def attempts(entry: Mapping[str, Any], scene: Scene) -> Iterator[dict[str, Any]]:
    """A page may show several requests and answers in any order, and answers that do not follow the `select` shown."""
    recipe = RECIPES.get(name_of(entry)) or RECIPES.get(entry["method"])
    for asked in documented_requests(entry):
        if recipe is None:
            yield asked
            continue
        ready = recipe(scene)
        yield {**{key: asked[key] for key in ("select", "order", "option") if key in asked}, **ready}
        yield {**ready}


@pytest.mark.parametrize("entry", RESPONSES, ids=name_of)
def test_the_answer_has_the_documented_keys_and_types(
    entry: dict[str, Any], portal: SandboxServer, call: Callable[[str, Any], requests.Response]
) -> None:
    if name_of(entry) in SKIPPED:
        pytest.skip(SKIPPED[name_of(entry)])
    found: list[list[str]] = []
    for params in attempts(entry, Scene(portal)):
        answer = call(entry["method"], params)
        body = answer.json()
        if answer.status_code != 200:
            found.append([str(body)])
            continue
        found.append(list(differences(entry["body"]["result"], body["result"])))
        if not found[-1]:
            assert {"operating", "operating_reset_at", *(entry["body"].get("time") or {})} <= body[
                "time"
            ].keys()
            assert isinstance(body.get("total", 0), int)
            assert "total" in body or "total" not in entry["body"]
            return
    pytest.fail("\n".join(min(found, key=len)))
