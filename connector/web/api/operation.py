"""How a view becomes an operation of the API: its key and scope, its checked query and body, its place in the OpenAPI document.

spectree keeps the registry and makes the schemas from the same models that check the request. Its own reading of requests is replaced:
it takes a body that is no JSON for an empty one, and tells mistakes in a shape of its own. Must never let a view run unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Blueprint, Request, Response
from pydantic import BaseModel
from spectree import Response as Answers
from spectree import SpecTree
from spectree.plugins.base import Context
from spectree.plugins.flask_plugin import FlaskPlugin

from connector.i18n import language
from connector.portals.api_keys import Scope
from connector.web.api import fitting, idempotency
from connector.web.api.caller import enter
from connector.web.api.problem import Problem

PREFIX = "/api/v1"
View = Callable[..., Any]
Headers = Mapping[str, str]

api = Blueprint("api", __name__, url_prefix=PREFIX)


class _Strict(FlaskPlugin):
    """Requests are read by `fitting`; an answer that is finished is passed on untouched, so that files stream."""

    def request_validation(self, request: Request, query: Any, json: Any, *_others: Any) -> None:
        seen = fitting.read_query(request, query or fitting.Query)
        if json is None:
            fitting.refuse_body(request)
        body = fitting.read_body(request, json) if json is not None else None
        request.context = Context(seen, body, None, None, None)  # type: ignore[attr-defined]

    def validate_response(self, resp: Any, *args: Any) -> Any:
        return (resp, None) if isinstance(resp, Response) else super().validate_response(resp, *args)


SPEC = SpecTree(
    backend=_Strict,
    mode="strict",
    title="Leadswitch API",
    version="1",
    validation_error_model=Problem,
    page_templates={},
    naming_strategy=lambda model: model.__name__.removesuffix("Shape"),
    nested_naming_strategy=lambda _parent, child: child.removesuffix("Shape"),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What the OpenAPI document says of an operation beside what spectree knows.

    `files`: media types of an answer that is a file; `asks_portal`: it may fail because Bitrix24 does not answer; `points`: its body names
    something that may not be there.
    """

    id: str
    method: str
    path: str
    scope: Scope | None
    status: int
    asks_portal: bool = False
    takes_match: bool = False
    has_body: bool = False
    points: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


OPERATIONS: dict[str, Operation] = {}


def operation(
    method: str,
    path: str,
    *,
    tag: str,
    scope: Scope | None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    asks_portal: bool = False,
    takes_match: bool = False,
    points: bool = False,
    files: Mapping[str, str] | None = None,
) -> Callable[[View], View]:
    """The view answers `method` on `path` for keys with `scope`. It takes path values, and `query` and `json` as models if it names them.

    It returns an `answer` model, or that with more headers as `(model, headers)`, or a finished response.
    """

    def decorate(view: View) -> View:
        said = Answers(**{f"HTTP_{status}": answer}) if answer is not None else Answers(f"HTTP_{status}")
        checked = SPEC.validate(resp=said, tags=(tag,), operation_id=view.__name__)(_finished(view, status))

        @wraps(checked)
        def entered(**values: Any) -> Response:
            enter(scope)

            def act() -> Response:
                done: Response = checked(**values)
                return done

            return idempotency.once(act) if method == "POST" else act()

        OPERATIONS[view.__name__] = Operation(
            id=view.__name__,
            method=method,
            path=path,
            scope=scope,
            status=status,
            asks_portal=asks_portal,
            takes_match=takes_match,
            has_body="json" in view.__annotations__,
            points=points,
            files=files or {},
        )
        api.add_url_rule(path, endpoint=view.__name__, view_func=entered, methods=[method])
        return view

    return decorate


def _finished(view: View, status: int) -> View:
    """The view with its model turned into an answer."""

    @wraps(view)
    def finished(**values: Any) -> Response:
        made = view(**values)
        model, headers = made if isinstance(made, tuple) else (made, {})
        if isinstance(model, Response):
            return model
        answer = Response(
            model.model_dump_json() if model is not None else "", status, mimetype="application/json"
        )
        if model is None:
            del answer.headers["Content-Type"]
        answer.headers.update(headers)
        answer.headers["Content-Language"] = language().replace("_", "-")
        answer.headers["Vary"] = "Accept-Language, Authorization"
        return answer

    return finished
