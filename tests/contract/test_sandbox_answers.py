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
from tests.contract.recipes import RECIPES
from tests.contract.scene import Scene, app_caller

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
    r"(_LABEL|_MESSAGE|Label|Message)$|^(SETTINGS|settings|languageId|langAll|LANG|FILES|FULL|types|options)$"
)
# Examples that show something this portal has not, with the reason. They are not collected; a test holds that each
# still differs, so that none stays here longer than it must.
EXCLUDED = {
    "crm.item.fields@crm-item-fields": "fields of a smart process",
    "tasks.task.get@rest-v3": "REST 3.0",
    "tasks.task.add@rest-v3": "REST 3.0",
    "crm.category.list@how-to-get-contractors": "vendor categories of contacts",
}
HELD = [entry for entry in RESPONSES if name_of(entry) not in EXCLUDED]


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
    if documented not in (None, [], {}) and ours == [] and isinstance(documented, (list, Mapping)):
        yield f"{path}: empty"
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


def shortcomings(
    entry: Mapping[str, Any], scene: Scene, call: Callable[[str, Any], requests.Response]
) -> list[str]:
    """What is missing in the best of our answers to the page's requests; empty when one fits."""
    found: list[list[str]] = []
    for params in attempts(entry, scene):
        answer = call(entry["method"], params)
        body = answer.json()
        if answer.status_code != 200:
            found.append([str(body)])
            continue
        missing = list(differences(entry["body"]["result"], body["result"]))
        wanted = {"operating", "operating_reset_at", *(entry["body"].get("time") or {})}
        missing += [f"time.{name}: missing" for name in wanted - body["time"].keys()]
        if not isinstance(body.get("total", 0), int) or ("total" in entry["body"] and "total" not in body):
            missing.append("total: missing")
        if not missing:
            return []
        found.append(missing)
    return min(found, key=len)


@pytest.mark.parametrize("entry", HELD, ids=name_of)
def test_the_answer_has_the_documented_keys_and_types(
    entry: dict[str, Any], portal: SandboxServer, call: Callable[[str, Any], requests.Response]
) -> None:
    assert not shortcomings(entry, Scene(portal), call)


@pytest.mark.parametrize("name", EXCLUDED)
def test_what_is_excluded_exists_and_still_differs(
    name: str, portal: SandboxServer, call: Callable[[str, Any], requests.Response]
) -> None:
    entries = [entry for entry in RESPONSES if name_of(entry) == name]
    assert entries, "no such example"
    assert any(shortcomings(entry, Scene(portal), call) for entry in entries), "it fits, hold it"
