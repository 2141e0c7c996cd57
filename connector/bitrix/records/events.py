"""What the portal posts to us: events, and page launches. Parsed, not believed; oauth.py and the webhooks room verify.

Bodies are forms with bracket keys; `nested` undoes that. Sources: doc pages api-reference/events/*.md,
api-reference/common/events/*.md, settings/oauth/simple-way.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from connector.bitrix.records.base import EmptyMap, Map, MaybeId, Record, Scopes, Text, spelled

_STEP = re.compile(r"\[([^\]]*)\]")
_MAX_DEPTH = 8


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """auth[member_id]=x as {"auth": {"member_id": "x"}}. A later pair wins, as in PHP. Raises ValueError if too deep."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        steps = [head, *_STEP.findall(name[len(head) :])] if bracket else [head]
        if len(steps) > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        node = tree
        for step in steps[:-1]:
            child = node.get(step)
            if not isinstance(child, dict):
                child = node[step] = {}
            node = child
        node[steps[-1] or str(len(node))] = value
    return tree


class EventAuth(Record):
    """Tokens are those of the acting user, and absent when a robot acted or after uninstalling."""

    member_id: Annotated[Text, Field(validation_alias=spelled("member_id"))] = ""
    domain: Text = ""
    application_token: Annotated[Text, Field(repr=False, validation_alias=spelled("application_token"))] = ""
    access_token: Annotated[Text, Field(repr=False, validation_alias=spelled("access_token"))] = ""
    refresh_token: Annotated[Text, Field(repr=False, validation_alias=spelled("refresh_token"))] = ""
    expires_in: Annotated[MaybeId, Field(validation_alias=spelled("expires_in"))] = None
    client_endpoint: Annotated[Text, Field(validation_alias=spelled("client_endpoint"))] = ""
    server_endpoint: Annotated[Text, Field(validation_alias=spelled("server_endpoint"))] = ""
    scope: Scopes = ()
    status: Text = ""


class Event(Record):
    """One delivery. `code` is upper case whatever was sent; `ids` are in `data`, under FIELDS or directly."""

    code: Annotated[str, Field(min_length=1, validation_alias=spelled("event"))]
    handler_id: Annotated[MaybeId, Field(validation_alias=spelled("event_handler_id"))] = None
    ts: MaybeId = None
    data: Map = Field(default_factory=dict)
    auth: Annotated[EventAuth, EmptyMap] = Field(default_factory=EventAuth)

    @field_validator("code")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @property
    def fields(self) -> Mapping[str, Any]:
        """`data[FIELDS]`, or `data` itself where the platform puts the id there (timeline comments)."""
        inner = self.data.get("FIELDS")
        return inner if isinstance(inner, Mapping) else self.data

    @property
    def entity_id(self) -> int | None:
        """The id of the object, None if the event carries none or a code (currencies)."""
        value = str(self.fields.get("ID", ""))
        return int(value) if value.isdigit() else None


class PagePost(Record):
    """Query and form of an opened page, installer or placement, merged."""

    domain: Annotated[Text, Field(validation_alias=spelled("DOMAIN"))] = ""
    protocol: Annotated[Text, Field(validation_alias=spelled("PROTOCOL"))] = "1"
    lang: Annotated[Text, Field(validation_alias=spelled("LANG"))] = ""
    app_sid: Annotated[Text, Field(repr=False, validation_alias=spelled("APP_SID"))] = ""
    auth_id: Annotated[Text, Field(repr=False, validation_alias=spelled("AUTH_ID"))] = ""
    refresh_id: Annotated[Text, Field(repr=False, validation_alias=spelled("REFRESH_ID"))] = ""
    auth_expires: Annotated[MaybeId, Field(validation_alias=spelled("AUTH_EXPIRES"))] = None
    server_endpoint: Annotated[Text, Field(validation_alias=spelled("SERVER_ENDPOINT"))] = ""
    application_token: Annotated[Text, Field(repr=False, validation_alias=spelled("APPLICATION_TOKEN"))] = ""
    application_scope: Annotated[Scopes, Field(validation_alias=spelled("APPLICATION_SCOPE"))] = ()
    member_id: Annotated[Text, Field(validation_alias=spelled("member_id"))] = ""
    status: Text = ""
    placement: Annotated[Text, Field(validation_alias=spelled("PLACEMENT"))] = "DEFAULT"
    placement_options: Annotated[Map, Field(validation_alias=spelled("PLACEMENT_OPTIONS"))] = Field(
        default_factory=dict
    )

    @model_validator(mode="before")
    @classmethod
    def _options(cls, value: Any) -> Any:
        """PLACEMENT_OPTIONS is a JSON text; anything else there is left out rather than believed."""
        raw = value.get("PLACEMENT_OPTIONS") if isinstance(value, Mapping) else None
        if not isinstance(raw, str):
            return value
        try:
            options = json.loads(raw) if raw else {}
        except ValueError:
            options = {}
        return {**value, "PLACEMENT_OPTIONS": options if isinstance(options, dict) else {}}
