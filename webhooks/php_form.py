"""Forms as PHP writes them: `auth[member_id]=…` becomes nested maps. Must never trust a name: depth and number are bounded."""

import re
from collections.abc import Iterable
from typing import Any

MAX_FIELDS = 1000
MAX_DEPTH = 8
_NAME = re.compile(r"\A([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_KEY = re.compile(r"\[([^\[\]]*)\]")


class BadForm(ValueError):
    """Not a form that Bitrix24 would send."""


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Maps of text by key, lists as maps by number. Raises `BadForm` for too many fields, too deep or clashing names."""
    form: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs, start=1):
        if count > MAX_FIELDS:
            raise BadForm("too many fields")
        place = form
        *path, last = _path(name)
        for key in path:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise BadForm("a field is text and map at once")
            place = inner
        if isinstance(place.get(last), dict):
            raise BadForm("a field is text and map at once")
        place[last or str(len(place))] = value
    return form


def _path(name: str) -> list[str]:
    match = _NAME.match(name)
    if match is None:
        raise BadForm("a field name is not well formed")
    path = [match[1], *_KEY.findall(match[2])]
    if len(path) > MAX_DEPTH:
        raise BadForm("a field name is too deep")
    if "" in path[:-1]:
        raise BadForm("a field name is not well formed")
    return path
