"""The OpenAPI 3.1 document: what spectree knows, finished with keys, headers, problems and files. Must say what is so, nothing more.

The same document is served as JSON, shown at `/api/docs`, and held against the running API by the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import current_app

from connector.portals.api_keys import SCOPES
from connector.portals.removal import ANSWERS_KEPT
from connector.web.api import idempotency, problem
from connector.web.api.caller import SECONDS
from connector.web.api.fitting import LARGEST_BODY
from connector.web.api.operation import OPERATIONS, SPEC, Operation
from connector.web.api.shapes import LARGEST_ID

Json = dict[str, Any]

_HOURS = int(ANSWERS_KEPT.total_seconds() // 3600)
ABOUT: tuple[tuple[str, str], ...] = (
    (
        "Key",
        "An administrator makes a key in the app (Settings, API keys) or with `leadswitch api-keys create`. It belongs to one portal "
        "and may do what its scopes say. Send it as `Authorization: Bearer lsk_…`.",
    ),
    (
        "Refusals",
        "are `application/problem+json` (RFC 9457) in the language of `Accept-Language`: what happened, what was not lost, what to do "
        "next. 422 means that the request does not fit this description, 409 that it does, but not the state of the portal, a plan "
        "or a run.",
    ),
    (
        "Once only",
        f"A POST with an `Idempotency-Key` is done once: for {_HOURS} hours the same request with the same key gets the same answer, "
        f"marked `{idempotency.REPLAYED}: true`. What was refused did nothing; its key may be used again.",
    ),
    (
        "Limits",
        f"`RateLimit` and `RateLimit-Policy` say how many requests the key has left in {SECONDS} seconds; 429 comes with `Retry-After`.",
    ),
    ("Lists", "come a page at a time: `next` is the `cursor` of the next page, also as a `Link` header."),
    (
        "Reading again",
        "costs nothing with `If-None-Match`: 304 when nothing has changed. Where `If-Match` is taken, nothing is done to something that "
        "has changed since it was read; 412 then.",
    ),
)
"""What holds for every operation."""

TAGS: Mapping[str, str] = {
    "key": "The key that asks.",
    "mode": "The CRM mode of the portal, and its changes.",
    "pipelines": "Pipelines and stages.",
    "plans": "Dry runs: what a switch would do to every lead.",
    "runs": "Switches that were started, and their undo.",
    "rules": "Automation: when this happens and that holds, do those.",
    "endpoints": "Addresses that signed webhooks go to (docs/automation.md).",
    "deliveries": "What rules have set off, and what became of it.",
    "audit": "Who did what.",
    "people": "Who may switch.",
}

_HEX_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_NAMED = {"type": "string", "pattern": "^[A-Za-z0-9_]{1,64}$"}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
PATH_VALUES: Mapping[str, tuple[Json, str]] = {
    "plan_id": (_HEX_ID, "ID of a plan."),
    "run_id": (_HEX_ID, "ID of a run."),
    "lead_id": (_NUMBER, "ID of a lead."),
    "stage_id": (
        {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[!-.0-~]+$"},
        "ID of a stage.",
    ),
    "rule_id": (_NAMED, "ID of a rule."),
    "endpoint_id": (_NAMED, "ID of an endpoint."),
    "delivery_id": (_NAMED, "ID of a delivery."),
    "pipeline_id": ({**_NUMBER, "minimum": 0}, "ID of a pipeline; the built-in one has 0."),
}

_TEXT: Json = {"type": "string"}
_HEADERS: Mapping[str, Json] = {
    "Idempotency-Key": {
        "name": idempotency.HEADER,
        "in": "header",
        "description": "Names this request, so that it is done once however often it is sent.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": idempotency.LONGEST,
            "pattern": f"^[!-~]{{1,{idempotency.LONGEST}}}$",
        },
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`ETag` of the answer that you have.",
        "schema": _TEXT,
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "`ETag` of the thing as you have read it.",
        "schema": _TEXT,
    },
    "Accept-Language": {
        "name": "Accept-Language",
        "in": "header",
        "description": "Language of messages, such as pl.",
        "schema": _TEXT,
    },
}
_ANSWER_HEADERS: Mapping[str, Json] = {
    "RateLimit": {"description": "What is left to the key: r requests, t seconds.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "q requests in w seconds.", "schema": _TEXT},
    "ETag": {"description": "Names the state that was read.", "schema": _TEXT},
    "Link": {"description": "Address of the next page.", "schema": _TEXT},
    "Location": {"description": "Address of what was made.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    idempotency.REPLAYED: {
        "description": "This answer was given before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "WWW-Authenticate": {"description": "Bearer.", "schema": _TEXT},
}


def document() -> Json:
    """The whole document. Needs an app context; the same for every app."""
    return deepcopy(_document())


@cache
def _document() -> Json:
    with current_app.app_context():
        made: Json = deepcopy(SPEC.spec)
    made["info"] = {"title": "Leadswitch API", "version": "1", "description": _about()}
    made["servers"] = [{"url": "/"}]
    made["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    made["security"] = [{"key": []}]
    parts = made["components"]
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key of the portal, `lsk_…`."}
    }
    parts["parameters"] = deepcopy(dict(_HEADERS))
    parts["headers"] = deepcopy(dict(_ANSWER_HEADERS))
    _tell_apart(parts["schemas"])
    parts["responses"] = {name: _problem(status) for name, status in _PROBLEMS.items()}
    order = {name: place for place, name in enumerate(OPERATIONS)}
    for path, methods in sorted(made["paths"].items()):
        for known in methods.values():
            _finish(path, known, OPERATIONS[known["operationId"]])
    made["paths"] = dict(
        sorted(
            made["paths"].items(), key=lambda item: min(order[one["operationId"]] for one in item[1].values())
        )
    )
    return made


def _tell_apart(schemas: Json) -> None:
    """What a union is told apart by has to be there, also where the class has a default for it."""
    unions: list[Any] = [schemas]
    while unions:
        one = unions.pop()
        mapping = one.get("discriminator", {}).get("mapping", {}) if isinstance(one, dict) else {}
        for ref in mapping.values():
            known, name = schemas[ref.rpartition("/")[2]], one["discriminator"]["propertyName"]
            known["required"] = sorted({*known.get("required", ()), name})
        unions += [
            part for part in (one.values() if isinstance(one, dict) else one) if isinstance(part, dict | list)
        ]


def _about() -> str:
    return "\n\n".join(f"**{title}** {text}" for title, text in ABOUT)


def _finish(path: str, known: Json, one: Operation) -> None:
    """Add to an operation what spectree does not know of it."""
    known["security"] = [{"key": []}]
    if one.scope is not None:
        known["x-scope"] = one.scope.value
        needs = f"Scope: `{one.scope.value}` ({SCOPES[one.scope]})."
        known["description"] = f"{known['description']}\n\n{needs}".strip()
    for value in known["parameters"]:
        _finish_value(value)
    names = ["Accept-Language"]
    names += {"POST": ["Idempotency-Key"], "GET": ["If-None-Match"]}.get(one.method, [])
    names += ["If-Match"] if one.takes_match else []
    known["parameters"] += [{"$ref": f"#/components/parameters/{name}"} for name in names]
    fine = known["responses"][str(one.status)]
    if one.files:
        fine["content"] = {
            media: {"schema": {} if media == "application/json" else {"type": "string"}}
            for media in sorted(set(one.files.values()))
        }
    fine["headers"] = _headers(_told_with(one))
    known["responses"] = {str(one.status): fine, **_refusals(path, one)}
    if one.method == "GET":
        known["responses"]["304"] = {"description": "Not modified", "headers": _headers(["ETag"])}


def _told_with(one: Operation) -> list[str]:
    names = ["RateLimit", "RateLimit-Policy"]
    names += ["Location"] if one.status in (201, 202) else []
    names += {"POST": [idempotency.REPLAYED], "GET": ["ETag"]}.get(one.method, [])
    return names + (["Link"] if one.id.startswith("list_") else [])


def _headers(names: list[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


_PROBLEMS: Mapping[str, HTTPStatus] = {
    status.name.title().replace("_", ""): status
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
}
_WHY: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read.",
    HTTPStatus.UNAUTHORIZED: "There is no key, or it opens nothing.",
    HTTPStatus.FORBIDDEN: "The key lacks the scope.",
    HTTPStatus.NOT_FOUND: "There is no such thing on the portal of this key.",
    HTTPStatus.CONFLICT: "It does not fit the state of the portal, a plan or a run; or the Idempotency-Key is in use.",
    HTTPStatus.PRECONDITION_FAILED: "It has changed since it was read.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body has more than {LARGEST_BODY} bytes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request does not fit this description; or the Idempotency-Key was used for another one.",
    HTTPStatus.TOO_MANY_REQUESTS: "The key has used up its requests.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A mistake of ours.",
    HTTPStatus.BAD_GATEWAY: "Bitrix24 did not answer, or refused.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database, or Bitrix24, asks for a pause.",
}


def _refusals(path: str, one: Operation) -> Json:
    wanted = {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    wanted |= {HTTPStatus.FORBIDDEN} if one.scope is not None else set()
    wanted |= {HTTPStatus.NOT_FOUND} if "{" in path or one.points else set()
    wanted |= {HTTPStatus.PRECONDITION_FAILED} if one.takes_match else set()
    wanted |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE} if one.method == "POST" or one.has_body else set()
    wanted |= {HTTPStatus.UNSUPPORTED_MEDIA_TYPE} if one.has_body else set()
    wanted |= {HTTPStatus.BAD_GATEWAY} if one.asks_portal else set()
    return {
        str(int(status)): {"$ref": f"#/components/responses/{name}"}
        for name, status in _PROBLEMS.items()
        if status in wanted
    }


def _problem(status: HTTPStatus) -> Json:
    names = ["RateLimit", "RateLimit-Policy"]
    names += ["WWW-Authenticate"] if status is HTTPStatus.UNAUTHORIZED else []
    names += (
        ["Retry-After"]
        if status in (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        else []
    )
    return {
        "description": _WHY[status],
        "headers": _headers(names),
        "content": {problem.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _finish_value(value: Json) -> None:
    """A value of the path or the query: known forms, and no null, which an address cannot carry."""
    if value["in"] == "path":
        schema, text = PATH_VALUES[value["name"]]
        value["schema"], value["description"] = dict(schema), text
        return
    schema = value["schema"]
    choices = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    for one in choices:
        schema.update(one)
    if schema.get("default", ...) is None:
        del schema["default"]
    schema.pop("description", None)
    schema.pop("title", None)
