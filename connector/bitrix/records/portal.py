"""Records about the portal itself: mode, plan, users, tokens, scopes, handlers.

Sources: doc pages crm-settings-mode-get.md, crm-enum-settings-mode.md, app-info.md, profile.md, user-get.md,
settings/oauth/*.md, event-get.md, placement-get.md, method-get.md.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from connector.bitrix.records.base import Flag, Id, Map, MaybeId, Record, Scopes, Text, When, spelled


class Mode(IntEnum):
    """`crm.settings.mode.get`. Any other number is refused: a mode that we do not know must not be taken for one."""

    CLASSIC = 1
    SIMPLE = 2


def mode_of(result: object) -> Mode:
    """The result of crm.settings.mode.get, a number or its text. Raises ValueError for anything else."""
    if isinstance(result, bool) or not isinstance(result, int | str):
        raise ValueError("not a CRM mode")
    return Mode(int(result))


class EnumValue(Record):
    """A row of crm.enum.*; `name` is localised text, rely on `id`."""

    id: Id
    name: Text = ""
    symbol_code: Text = ""
    symbol_code_short: Text = ""


class AppInfo(Record):
    """`app.info` of the portal. `license` is `<region>_<plan>`; the last two keys occur in the sample only."""

    id: Id
    code: Text = ""
    version: MaybeId = None
    status: Text = ""
    installed: Flag
    payment_expired: Flag = False
    days: Annotated[int | None, Field(default=None)] = None
    language_id: Text = ""
    license: Text = ""
    license_type: Text = ""
    license_family: Text = ""

    @field_validator("days", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return None if value in (None, "", False) else value


class Installation(Record):
    """The `install` part of the OAuth server's app.info: which portal, at which address."""

    member_id: Annotated[str, Field(min_length=1, validation_alias=spelled("member_id"))]
    client_endpoint: Annotated[str, Field(min_length=1, validation_alias=spelled("client_endpoint"))]
    domain: Text = ""
    status: Text = ""
    installed: Flag = True
    version: MaybeId = None
    scope: Scopes = ()


class TrustedAppInfo(Record):
    """`app.info` of the OAuth server. Not in the documentation; the shape is what the official b24pysdk reads."""

    client_id: Annotated[str, Field(min_length=1, validation_alias=spelled("client_id"))]
    install: Installation
    user_id: Annotated[MaybeId, Field(default=None, validation_alias=spelled("user_id"))] = None
    scope: Scopes = ()
    expires: When = None


class TokenAnswer(Record):
    """The token endpoint's success. `domain` is the OAuth host, never the portal."""

    access_token: Annotated[str, Field(min_length=1, repr=False, validation_alias=spelled("access_token"))]
    refresh_token: Annotated[str, Field(min_length=1, repr=False, validation_alias=spelled("refresh_token"))]
    expires_in: Annotated[Id, Field(validation_alias=spelled("expires_in"))]
    member_id: Annotated[str, Field(min_length=1, validation_alias=spelled("member_id"))]
    client_endpoint: Annotated[str, Field(min_length=1, validation_alias=spelled("client_endpoint"))]
    server_endpoint: Annotated[Text, Field(validation_alias=spelled("server_endpoint"))] = ""
    domain: Text = ""
    scope: Scopes = ()
    status: Text = ""
    user_id: Annotated[MaybeId, Field(validation_alias=spelled("user_id"))] = None


class Profile(Record):
    """`profile`: the user behind the credential; needs no scope. Empty for an inactive user, which is refused here."""

    id: Id
    admin: Flag = False
    name: Text = ""
    last_name: Text = ""
    time_zone: Text = ""

    @property
    def full_name(self) -> str:
        return " ".join(filter(None, (self.name, self.last_name))) or f"#{self.id}"


class User(Record):
    """`user.get` / `user.current`. `active` is missing for the smaller user scopes: None then."""

    id: Id
    active: bool | None = None
    name: Text = ""
    last_name: Text = ""
    second_name: Text = ""
    email: Text = ""
    user_type: Text = ""
    work_position: Text = ""

    @field_validator("active", mode="before")
    @classmethod
    def _active(cls, value: object) -> object:
        return (
            {"Y": True, "N": False, "1": True, "0": False, "": None}.get(value, value)
            if isinstance(value, str)
            else value
        )

    @property
    def full_name(self) -> str:
        return " ".join(filter(None, (self.name, self.last_name))) or self.email or f"#{self.id}"


class MethodInfo(Record):
    """`method.get`: the probe for a method."""

    is_existing: Flag
    is_available: Flag


class Feature(Record):
    """`feature.get`."""

    value: Literal["Y", "N"]


class EventHandler(Record):
    """A row of `event.get`."""

    event: str
    handler: Text = ""
    auth_type: Annotated[Id, Field(validation_alias=spelled("auth_type"))] = 0
    offline: Flag = False


class Placement(Record):
    """A row of `placement.get`."""

    placement: str
    handler: Text = ""
    user_id: Id = 0
    title: Text = ""
    description: Text = ""
    options: Map = Field(default_factory=dict)
    lang_all: Map = Field(default_factory=dict)
