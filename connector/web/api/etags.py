"""Whether somebody has the current state already, or acts on an older one: `ETag`, `If-None-Match`, `If-Match`. Never weakens a refusal."""

from __future__ import annotations

from flask import Response, request
from pydantic import BaseModel
from werkzeug.http import generate_etag

from connector.errors import NotAsSeen


def tag(response: Response) -> Response:
    """An `ETag` on what was read, and 304 without a body for whoever has it already."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200:
        return response
    response.headers["Cache-Control"] = "private, no-cache"
    if not response.is_streamed:
        response.headers.setdefault("ETag", f'"{generate_etag(response.get_data())}"')
    response.make_conditional(request)
    return response


def require_seen(current: BaseModel) -> None:
    """Raises `NotAsSeen` when `If-Match` names another state than `current`, which is what GET of the same thing answers now."""
    if not request.if_match or request.if_match.star_tag:
        return
    if not request.if_match.contains(generate_etag(current.model_dump_json().encode())):
        raise NotAsSeen
