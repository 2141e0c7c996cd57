"""Whether a request fits its description: query and body against their models, each wrong value named. Must never fill in or drop a value.

Bodies are read strictly (a number in quotes is no number) and unknown names are refused, so that a misspelt option is never ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, TypeVar

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import core_schema

from connector.errors import Contradiction, Fault, NotFitting, NotJson, NotReadable, Said, TooLarge
from connector.i18n import N_

M = TypeVar("M", bound=BaseModel)
LARGEST_BODY = 262_144
"""Bytes."""

TEXTS: Mapping[str, str] = {
    "missing": N_("It has to be there."),
    "extra_forbidden": N_("There is nothing of this name."),
    "enum": N_("It has to be %(expected)s."),
    "literal_error": N_("It has to be %(expected)s."),
    "greater_than": N_("It has to be greater than %(gt)s."),
    "greater_than_equal": N_("It has to be %(ge)s or more."),
    "less_than_equal": N_("It has to be %(le)s or less."),
    "string_too_short": N_("It has to have at least %(min_length)s characters."),
    "string_too_long": N_("It may have at most %(max_length)s characters."),
    "too_short": N_("It has to have at least %(min_length)s entries."),
    "too_long": N_("It may have at most %(max_length)s entries."),
    "string_pattern_mismatch": N_("It does not have the form that is asked for."),
    "string_type": N_("It has to be a text."),
    "int_type": N_("It has to be a whole number."),
    "int_parsing": N_("It has to be a whole number."),
    "int_from_float": N_("It has to be a whole number."),
    "bool_type": N_("It has to be true or false."),
    "list_type": N_("It has to be a list."),
    "tuple_type": N_("It has to be a list."),
    "dict_type": N_("It has to be an object."),
    "model_type": N_("It has to be an object."),
    "model_attributes_type": N_("It has to be an object."),
    "twice": N_("It may be there only once."),
}
"""What is said of a value, by the code of what is wrong with it; anything else is `OTHER`."""
OTHER = N_("This value is not possible here.")
# Checks between values that are each allowed: no description could have said so.
_TOGETHER = frozenset({"value_error", "assertion_error"})


@dataclass(frozen=True, slots=True)
class OneOf:
    """`Annotated[str, OneOf(words)]`: one of these words, where a table of the code has them."""

    words: Iterable[str]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.literal_schema([str(word) for word in self.words])


Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""A text in a query string; no database takes NUL."""


class Query(BaseModel):
    """A query string without parameters, and the base of those that have some."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_query(request: Request, model: type[M]) -> M:
    """The query string as `model`. Raises `NotFitting`."""
    twice = [name for name in request.args if len(request.args.getlist(name)) > 1]
    if twice:
        raise NotFitting(faults=[Fault(f"query.{name}", "twice", Said(TEXTS["twice"])) for name in twice])
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as wrong:
        raise _refusal(wrong, "query.", ".") from None


def read_body(request: Request, model: type[M]) -> M:
    """The body as `model`. Raises `NotJson`, `NotReadable`, `NotFitting`, `Contradiction`, `TooLarge`."""
    if request.mimetype != "application/json":
        raise NotJson
    document = _document(_data(request))
    try:
        return model.model_validate_json(document, strict=True)
    except ValidationError as wrong:
        if any(one["type"] == "json_invalid" for one in wrong.errors(include_url=False, include_input=False)):
            raise NotReadable from None
        raise _refusal(wrong, "#/", "/") from None


def _document(data: bytes) -> str:
    """The body as strict JSON: no name twice, no NaN, and 7.0 is the whole number 7, since JSON knows one kind of number."""
    try:
        found = json.loads(
            data.decode(), parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_once
        )
        return json.dumps(found)
    except (ValueError, RecursionError):
        raise NotReadable from None


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return int(value) if value.is_integer() else value


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def refuse_body(request: Request) -> None:
    """For what takes no body: raises `NotFitting` when there is one, since nobody would know what it should have done."""
    if _data(request).strip() not in (b"", b"{}"):
        raise NotFitting(faults=[Fault("#", "extra_forbidden", Said(TEXTS["extra_forbidden"]))])


def _data(request: Request) -> bytes:
    """The body. One without a length in its head is measured here. Raises `TooLarge`."""
    data = request.get_data()
    if len(data) > LARGEST_BODY:
        raise TooLarge
    return data


def _refusal(wrong: ValidationError, before: str, between: str) -> NotFitting:
    every = wrong.errors(include_url=False, include_input=False)
    # A list whose entry is wrong is said to be too short as well: only the entry is worth telling.
    found = [
        one
        for one in every
        if not any(one["loc"] == other["loc"][: len(one["loc"])] for other in every if other is not one)
    ]
    kind = Contradiction if all(one["type"] in _TOGETHER for one in found) else NotFitting
    return kind(faults=list(_faults(found, before, between)))


def _faults(found: Iterable[Any], before: str, between: str) -> Iterable[Fault]:
    for one in found:
        place = before + between.join(_escaped(part) for part in one["loc"])
        params = {name: value for name, value in (one.get("ctx") or {}).items() if name != "error"}
        if "expected" in params:
            params["expected"] = str(params["expected"]).replace(" or ", ", ")
        text = Said(TEXTS.get(one["type"], OTHER), params)
        if one["type"] in _TOGETHER:
            text = Said(str(one["msg"]).removeprefix("Value error, "))
        yield Fault(place.rstrip("/") or "#", one["type"], text)


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
