"""`/api/docs`: the OpenAPI document as a page of ours, and as JSON. Loads nothing from another host and needs no script.

Like the files in docs/ it is written in English; what the API itself says to people is translated. Must never need a key: it tells
nothing of any portal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from connector.errors import LeadswitchError
from connector.portals.api_keys import SCOPES
from connector.web.api.openapi import ABOUT, TAGS, document
from connector.web.api.problem import DOCS, status_of
from connector.web.context import web

JSON = "/api/openapi.json"
docs = Blueprint("apidocs", __name__)


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is: words, and the schema that it names."""

    words: str
    schema: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a query, a body or an answer."""

    name: str
    type: Type
    text: str
    needed: bool
    where: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation. `answer` is what comes when all is well."""

    id: str
    method: str
    path: str
    summary: str
    texts: tuple[str, ...]
    scope: str
    values: tuple[Value, ...]
    body: Type | None
    answer: Type | None
    status: str
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """One named schema."""

    name: str
    text: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal."""

    key: str
    status: int
    what: str
    todo: str


@docs.get(DOCS)
def show_docs() -> str:
    """The page."""
    known = document()
    return render_template(
        "pages/api_docs.html",
        about=ABOUT,
        groups=_groups(known),
        schemas=[_schema(name, one) for name, one in sorted(known["components"]["schemas"].items())],
        scopes={scope.value: text for scope, text in SCOPES.items()},
        problems=problems(),
        json=JSON,
        base=web().settings.base_url or request.host_url.rstrip("/"),
    )


@docs.get(JSON)
def show_json() -> Response:
    """The document for programs."""
    return jsonify(document())


@cache
def problems() -> tuple[Problem, ...]:
    """Every kind of refusal that the API can give, by key."""
    found = {kind.key: kind for kind in _tree(LeadswitchError)}
    return tuple(
        Problem(kind.key, int(status_of(kind.__new__(kind))), kind.what, kind.todo)
        for _, kind in sorted(found.items())
    )


def _tree(kind: type[LeadswitchError]) -> Iterator[type[LeadswitchError]]:
    # The children first: a key that they share with their parent is told as the parent.
    for child in kind.__subclasses__():
        if child.__module__.startswith("connector.errors"):
            yield from _tree(child)
    yield kind


def _groups(known: Mapping[str, Any]) -> list[tuple[str, str, list[Shown]]]:
    shown: dict[str, list[Shown]] = {name: [] for name in TAGS}
    for path, methods in known["paths"].items():
        for method, one in methods.items():
            shown[one["tags"][0]].append(_operation(path, method, one, known))
    return [(name, text, shown[name]) for name, text in TAGS.items()]


def _operation(path: str, method: str, one: Mapping[str, Any], known: Mapping[str, Any]) -> Shown:
    status = next(code for code in one["responses"] if code.startswith("2"))
    paragraphs = [text for text in one["description"].split("\n\n") if text and not text.startswith("Scope:")]
    return Shown(
        id=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        texts=tuple(paragraphs),
        scope=one.get("x-scope", ""),
        values=tuple(_values_of(one["parameters"], known)),
        body=_content(one.get("requestBody")),
        answer=_content(one["responses"][status]),
        status=status,
        refusals=tuple(code for code in one["responses"] if code >= "400"),
    )


def _values_of(values: Iterable[Mapping[str, Any]], known: Mapping[str, Any]) -> Iterator[Value]:
    for one in values:
        value = known["components"]["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        yield Value(
            value["name"],
            _type(value["schema"]),
            value.get("description", ""),
            bool(value.get("required")),
            value["in"],
        )


def _content(part: Mapping[str, Any] | None) -> Type | None:
    content = (part or {}).get("content")
    if not content:
        return None
    if len(content) > 1:
        return Type("a file: " + ", ".join(sorted(content)))
    return _type(next(iter(content.values()))["schema"])


def _schema(name: str, one: Mapping[str, Any]) -> Schema:
    needed = set(one.get("required", ()))
    values = tuple(
        Value(field, _type(value), value.get("description", ""), field in needed)
        for field, value in one.get("properties", {}).items()
    )
    return Schema(name, one.get("description", ""), values)


def _type(schema: Mapping[str, Any]) -> Type:
    """A schema in a few words."""
    if "$ref" in schema:
        return Type("", schema["$ref"].rpartition("/")[2])
    if "enum" in schema or "const" in schema:
        return Type("", choices=tuple(map(str, schema.get("enum") or [schema["const"]])))
    if several := schema.get("anyOf") or schema.get("oneOf"):
        parts = [_type(one) for one in several]
        words = " or ".join(part.words or part.schema or ", ".join(part.choices) for part in parts)
        return Type(words, next((part.schema for part in parts if part.schema and len(parts) < 3), ""))
    if schema.get("type") == "array":
        items = _type(schema.get("items", {}))
        return Type(
            "list of" if items.schema else f"list of {items.words or ', '.join(items.choices)}", items.schema
        )
    words = str(schema.get("type", "any value"))
    bounds = [
        f"{label} {schema[name]}"
        for name, label in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most characters:"))
        if name in schema and schema[name] < 2**53
    ]
    form = {"date-time": "date and time", "date": "date"}.get(schema.get("format", ""))
    return Type(" ".join([form or words, *bounds]))
