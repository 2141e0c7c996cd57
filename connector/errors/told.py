"""What an error says, as data: stored now, said later in the reader's language. Must never know a language; `translate` is passed in.

A stored one is `{"key", "what", "kept", "todo", "params"}`: message ids and the values of their %(name)s places, JSON-safe and
redacted. A value that is a sentence of ours is `{"message", "params"}` itself, so that it is translated, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.redact import redact_text

PARTS = ("what", "kept", "todo")
_PLACE = re.compile(r"%\((\w+)\)s")
Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence or word of ours in a place of another: a message id and its values. As a string it is English."""

    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return _spoken(as_json(self), str)


def joined(said: Iterable[Said]) -> Said:
    """Several sentences as one."""
    params = {f"s{number}": one for number, one in enumerate(said)}
    return Said(" ".join(f"%({name})s" for name in params), params)


def as_json(value: object) -> Any:
    """A value of a place as it is stored: numbers as they are, sentences of ours as data, all else as redacted text."""
    if isinstance(value, Said):
        return {
            "message": value.message,
            "params": {name: as_json(one) for name, one in value.params.items()},
        }
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def told(key: str, parts: Iterable[str], params: Mapping[str, object]) -> dict[str, Any]:
    """The stored form of an error; of its values only those that its sentences show."""
    texts = dict(zip(PARTS, parts, strict=True))
    places = {name for text in texts.values() for name in _PLACE.findall(text)}
    return {
        "key": key,
        **texts,
        "params": {name: as_json(params[name]) for name in sorted(places & set(params))},
    }


def sentences(stored: Mapping[str, Any] | str | None, translate: Translate = str) -> tuple[str, ...]:
    """What happened, what was not lost, what to do next, in the language of `translate`; parts that say nothing are left out.

    `stored` is what `told` gives, the same as JSON text, or the plain text that older versions stored, which is shown as it is.
    """
    if isinstance(stored, str):
        stored = _parsed(stored) or {"text": stored}
    if not stored:
        return ()
    if "what" not in stored:
        return tuple(str(stored[name]) for name in ("text",) if stored.get(name))
    params = stored.get("params") or {}
    return tuple(_filled(stored[name], params, translate) for name in PARTS if stored.get(name))


def _parsed(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "what" in found else None


def _filled(message: str, params: Mapping[str, Any], translate: Translate) -> str:
    places = dict.fromkeys(_PLACE.findall(message), "")
    return translate(message) % {
        **places,
        **{name: _spoken(value, translate) for name, value in params.items()},
    }


def _spoken(value: Any, translate: Translate) -> str:
    if isinstance(value, Mapping):
        return (
            _filled(str(value.get("message") or ""), value.get("params") or {}, translate)
            if value.get("message")
            else ""
        )
    return "" if value is None else str(value)
