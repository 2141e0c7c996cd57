"""Shapes that several resources share, and the base of all answers. Data only: nothing here asks for anything."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from connector.errors import sentences
from connector.i18n import _, amount
from connector.planning.catalogue import advice, render
from connector.planning.model import Finding

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


def plain(longest: int) -> str:
    """The form of a text that every database takes and people can read: no control characters."""
    return rf"^[^\x00-\x1f\x7f]{{0,{longest}}}$"


class Shape(BaseModel):
    """A part of an answer: nothing beside what is described."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(BaseModel):
    """A body: names that are not described are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Who(Shape):
    """Who did something. Names are blanked when the app is removed."""

    user_id: int | None = Field(
        description="Bitrix24 user; for `via` api the administrator who made the key."
    )
    name: str = Field(description="Name of the person; for `via` api of the key.")
    via: str = Field(description="web, api, cli or bitrix24.")


class Told(Shape):
    """What went wrong, in the language of the request."""

    what: str
    kept: str = Field(description="What was not lost.")
    todo: str = Field(description="What to do next.")


class FindingShape(Shape):
    """Something worth saying about a plan or a lead."""

    code: str
    severity: str = Field(description="error, data-loss, warning or info.")
    params: dict[str, Any]
    message: str
    advice: str = Field(description="What to do about it; may be empty.")


def who_of(actor: Mapping[str, Any]) -> Who:
    """A stored actor."""
    return Who(
        user_id=actor.get("user_id"), name=str(actor.get("name") or ""), via=str(actor.get("via") or "")
    )


def told_of(stored: str | None) -> Told | None:
    """A stored error; None where there is none."""
    said = [*sentences(stored, _), "", "", ""]
    return Told(what=said[0], kept=said[1], todo=said[2]) if said[0] else None


def finding_of(item: Finding) -> FindingShape:
    """A finding in words."""
    return FindingShape(
        code=item.code,
        severity=item.severity.value,
        params=dict(item.params),
        message=render(item, _, amount),
        advice=advice(item, _),
    )
