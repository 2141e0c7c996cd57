"""The app card `app_manifest.json`, read and checked at start. Used as it stands: what it does not name is neither bound nor asked for."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from connector import resources
from connector.errors import BadManifest
from connector.i18n import LANGUAGES

PathText = Annotated[str, Field(pattern=r"^/[a-z0-9/_-]*$")]
Texts = Annotated[Mapping[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class Scope(StrEnum):
    """Permissions that the app may ask for; Market moderation refuses a card with one that is not used (rest_contract 5.6)."""

    CRM = "crm"
    PLACEMENT = "placement"
    USER_BRIEF = "user_brief"
    IM = "im"
    BIZPROC = "bizproc"


class AppEvent(StrEnum):
    """Events that the webhooks room knows how to handle."""

    ONAPPINSTALL = "ONAPPINSTALL"
    ONAPPUPDATE = "ONAPPUPDATE"
    ONAPPUNINSTALL = "ONAPPUNINSTALL"
    ONAPPPAYMENT = "ONAPPPAYMENT"
    ONCRMLEADADD = "ONCRMLEADADD"
    ONCRMDEALADD = "ONCRMDEALADD"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Placement(_Strict):
    """One place inside Bitrix24 where the app shows itself (`placement.bind`); `title` by language."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    path: PathText
    title: Texts


class Urls(_Strict):
    """Paths below the public address of the app, as they go into the card."""

    handler: PathText
    installer: PathText
    events: PathText
    oauth_callback: PathText
    robot: PathText


class Rights(_Strict):
    """Who installs and who uses it, in words."""

    install: str
    use: str


class Manifest(_Strict):
    """The whole card. Every text that people see exists in every language of `locales`."""

    format: Literal["leadswitch.manifest/1"]
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]+$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    name: Texts
    short_description: Texts
    description: Texts
    locales: tuple[str, ...]
    scopes: Mapping[Scope, str]
    urls: Urls
    events: tuple[AppEvent, ...]
    offline_events: tuple[AppEvent, ...] = ()
    placements: tuple[Placement, ...]
    rights: Rights
    limits: Texts

    @model_validator(mode="after")
    def _complete(self) -> Self:
        unknown = [language for language in self.locales if language not in LANGUAGES]
        if unknown:
            raise ValueError(f"these are no languages of the product: {', '.join(unknown)}")
        texts = {
            "name": self.name,
            "short_description": self.short_description,
            "description": self.description,
            "limits": self.limits,
            **{f"title of {place.code}": place.title for place in self.placements},
        }
        missing = [
            f"{what} in {language}"
            for what, text in texts.items()
            for language in self.locales
            if language not in text
        ]
        if missing:
            raise ValueError(f"these texts are missing: {', '.join(missing)}")
        if len({place.code for place in self.placements}) != len(self.placements):
            raise ValueError("a placement is named twice")
        if AppEvent.ONAPPUNINSTALL not in self.events:
            raise ValueError("ONAPPUNINSTALL must be bound, or credentials would outlive the app")
        if self.placements and Scope.PLACEMENT not in self.scopes:
            raise ValueError("placements need the scope placement")
        return self

    def scope_list(self) -> tuple[str, ...]:
        """The scopes, in the order of the file."""
        return tuple(scope.value for scope in self.scopes)


def read_manifest(path: Path) -> Manifest:
    """The card in `path`; raises `BadManifest` naming the first thing that is wrong."""
    try:
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, json.JSONDecodeError) as problem:
        raise BadManifest(reason=str(problem)) from None
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise BadManifest(reason=f"{where}: {reason}" if where else reason) from None


@lru_cache(maxsize=1)
def app_manifest() -> Manifest:
    """The card that this installation ships with; raises `BadManifest`."""
    return read_manifest(resources.manifest_path())
