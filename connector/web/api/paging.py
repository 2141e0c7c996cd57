"""Lists a page at a time: a signed cursor says where the next page begins. Must never start anew because a cursor is not understood.

A cursor belongs to one list of one portal with one choice of filters; anything else is refused, so that no page is silently wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, Field

from connector.errors import Contradiction, Fault, Said
from connector.i18n import N_
from connector.web.api.caller import caller
from connector.web.api.fitting import Query, Text
from connector.web.context import web

MOST = 500
USUAL = 50
_WRONG = N_("This cursor belongs to another list or another choice of filters.")


class PageQuery(Query):
    """What every list takes."""

    limit: int = Field(default=USUAL, ge=1, le=MOST, description="Entries of one page.")
    cursor: Text | None = Field(
        default=None, max_length=4096, description="`next` of the page before; with the same filters."
    )


class Page(BaseModel):
    """What every list has beside its entries."""

    next: str | None = Field(description="Cursor of the next page; null at the end.")


def resume(query: PageQuery) -> Any:
    """Where the page begins: what `onward` was given on the page before, or None at the beginning. Raises `Contradiction`."""
    if query.cursor is None:
        return None
    try:
        place, of = _serializer().loads(query.cursor)
    except (BadData, ValueError, TypeError):
        place, of = None, None
    if of != _of(query):
        raise Contradiction(faults=[Fault("query.cursor", "cursor", Said(_WRONG))])
    return place


def onward(query: PageQuery, place: Any) -> str | None:
    """The cursor behind `place` (a JSON value), or None when there is no next page (`place` is None)."""
    return None if place is None else str(_serializer().dumps([place, _of(query)]))


def links(query: PageQuery, following: str | None) -> Mapping[str, str]:
    """The `Link` header (RFC 8288) of a page."""
    if following is None:
        return {}
    chosen = query.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"cursor"})
    address = url_for(request.endpoint or "", **(request.view_args or {}), **chosen, cursor=following)
    return {"Link": f'<{address}>; rel="next"'}


def _of(query: PageQuery) -> list[Any]:
    filters = query.model_dump(mode="json", exclude={"cursor", "limit"}, exclude_none=True)
    return [caller().portal.id, request.path, [[name, filters[name]] for name in sorted(filters)]]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(web().db.keyring.derive("api-cursor"), salt="leadswitch.cursor.1")
