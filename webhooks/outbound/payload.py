"""What a webhook carries, and its JSON schema. Names of people and titles are in it only for endpoints that ask for personal data.

`docs/events.schema.json` is written from here by `python -m tools.docs`; a test keeps both equal.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic.json_schema import models_json_schema

from connector.occurrences import DATA, Data, Kind

VERSION = 1
TEST = "leadswitch.test"
"""The event of `send a test`; its data is empty."""
LARGEST = 20_000
"""Bytes; the specification of Standard Webhooks asks for less than 20 kB."""


def body(
    kind: str,
    at: datetime,
    portal: Mapping[str, str],
    data: Mapping[str, Any],
    people: Mapping[str, Any] | None,
) -> str:
    """The JSON text that is signed and sent, the same in each try. `portal` is `{"key", "host"}`."""
    document: dict[str, Any] = {
        "type": kind,
        "version": VERSION,
        "timestamp": at.isoformat(),
        "portal": dict(portal),
        "data": dict(data),
    }
    if people is not None:
        document["people"] = dict(people)
    text = _dump(document)
    if len(text.encode()) > LARGEST and people is not None:
        text = _dump({**document, "people": {}})
    return text


def chat_body(text: str) -> str:
    """What chats with incoming webhooks understand (Slack, Mattermost, Rocket.Chat)."""
    return _dump({"text": text})


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def schema() -> dict[str, Any]:
    """JSON Schema of every body: one of the events, told apart by `type`."""
    kinds: list[type[Data]] = list(dict.fromkeys(DATA.values()))
    _, made = models_json_schema(
        [(kind, "serialization") for kind in kinds], by_alias=True, ref_template="#/$defs/{model}"
    )
    defs: dict[str, Any] = dict(sorted(made["$defs"].items()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"leadswitch.event/{VERSION}",
        "title": "What Leadswitch sends to webhook endpoints",
        "description": "Signed as Standard Webhooks. Fields are only ever added; ignore those that you do not know.",
        "oneOf": [_event(kind.value, {"$ref": f"#/$defs/{DATA[kind].__name__}"}) for kind in Kind]
        + [_event(TEST, {"type": "object", "maxProperties": 0})],
        "$defs": defs,
    }


def _event(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    portal = {
        "type": "object",
        "required": ["key", "host"],
        "properties": {
            "key": {"type": "string", "description": "member_id of the portal, or its host."},
            "host": {"type": "string"},
        },
    }
    people = {
        "type": "object",
        "description": "Names and titles; only for endpoints that ask for personal data.",
    }
    return {
        "type": "object",
        "required": ["type", "version", "timestamp", "portal", "data"],
        "properties": {
            "type": {"const": name},
            "version": {"const": VERSION},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "portal": portal,
            "data": dict(data),
            "people": people,
        },
    }
