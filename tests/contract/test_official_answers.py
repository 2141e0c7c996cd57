"""Official answers and events parse into our records, and nothing of value is dropped on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.bitrix import records as r
from connector.bitrix.batch import Sections
from connector.bitrix.calls import METHODS, kind_of, spec_of
from connector.bitrix.records.base import Record
from connector.bitrix.transport import Reply
from tests.contract.examples import examples, name_of

_ENTITY_TYPES = {1: r.Lead, 2: r.Deal, 3: r.Contact, 4: r.Company}

# Method → record, and the path to it inside `result` ("*" = every row).
SHAPES: dict[str, tuple[type[Record], tuple[str, ...]]] = {
    "crm.enum.settings.mode": (r.EnumValue, ("*",)),
    "profile": (r.Profile, ()),
    "user.current": (r.User, ()),
    "user.get": (r.User, ("*",)),
    "method.get": (r.MethodInfo, ()),
    "feature.get": (r.Feature, ()),
    "event.get": (r.EventHandler, ("*",)),
    "placement.get": (r.Placement, ("*",)),
    "crm.category.list": (r.Category, ("categories", "*")),
    "crm.category.get": (r.Category, ("category",)),
    "crm.category.add": (r.Category, ("category",)),
    "crm.category.update": (r.Category, ("category",)),
    "crm.status.list": (r.DictionaryValue, ("*",)),
    "crm.status.get": (r.DictionaryValue, ()),
    "crm.lead.list": (r.Lead, ("*",)),
    "crm.lead.get": (r.Lead, ()),
    "crm.deal.get": (r.Deal, ()),
    "crm.contact.get": (r.Contact, ()),
    "crm.company.get": (r.Company, ()),
    "crm.deal.contact.items.get": (r.ContactLink, ("*",)),
    "crm.company.contact.items.get": (r.ContactLink, ("*",)),
    "crm.contact.company.items.get": (r.CompanyLink, ("*",)),
    "crm.item.productrow.list": (r.ProductRow, ("productRows", "*")),
    "crm.item.productrow.get": (r.ProductRow, ("productRow",)),
    "crm.item.productrow.add": (r.ProductRow, ("productRow",)),
    "crm.lead.productrows.get": (r.ProductRow, ("*",)),
    "crm.activity.get": (r.Activity, ()),
    "crm.activity.binding.list": (r.Binding, ("*",)),
    "crm.timeline.comment.list": (r.Comment, ("*",)),
    "crm.timeline.comment.get": (r.Comment, ()),
    "crm.timeline.bindings.list": (r.TimelineBinding, ("*",)),
    "crm.address.list": (r.Address, ("*",)),
    "crm.lead.userfield.list": (r.UserField, ("*",)),
    "crm.deal.userfield.list": (r.UserField, ("*",)),
    "crm.contact.userfield.list": (r.UserField, ("*",)),
    "crm.company.userfield.list": (r.UserField, ("*",)),
    "userfieldconfig.list": (r.UserField, ("fields", "*")),
    "crm.stagehistory.list": (r.StageStep, ("items", "*")),
    "oauth.token": (r.TokenAnswer, ()),
}


def found(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The objects at a path; "*" walks over a list."""
    if not path:
        yield value
    elif path[0] == "*":
        for row in value:
            yield from found(row, path[1:])
    else:
        yield from found(value[path[0]], path[1:])


def full(row: Any) -> bool:
    """Whether the example shows a whole object and not a selection of two or three columns."""
    return isinstance(row, Mapping) and len(row) > 3


def same(sent: Any, kept: Any) -> bool:
    """Whether a parsed value still says what was sent."""
    if isinstance(kept, bool):
        return kept == (sent in (True, "Y", "1", 1))
    if isinstance(kept, Decimal):
        return kept == Decimal(str(sent))
    if isinstance(kept, datetime):
        return kept == datetime.fromisoformat(sent)
    if isinstance(kept, int):
        return kept == int(sent)
    if isinstance(kept, tuple):
        return set(kept) == set(str(sent).replace(",", " ").split())
    if isinstance(kept, Record):
        return isinstance(sent, Mapping) and not list(dropped(sent, kept))
    if isinstance(kept, list):
        sent = list(sent.values()) if isinstance(sent, Mapping) else sent
        return len(kept) == len(sent) and all(same(one, other) for one, other in zip(sent, kept, strict=True))
    return bool(kept == sent or str(kept) == str(sent))


def dropped(sent: Mapping[str, Any], record: Record) -> Iterator[str]:
    """Keys with a value that the record does not show any more."""
    names: dict[str, str] = {}
    for field, info in type(record).model_fields.items():
        for choice in getattr(info.validation_alias, "choices", [info.validation_alias]):
            names[str(choice)] = field
    for key, value in sent.items():
        if value in (None, "", "0", 0, [], {}, False):
            continue
        if key in ("PHONE", "EMAIL", "WEB", "IM", "LINK") and isinstance(value, list):
            kept = {multi.value for multi in record.fm}  # type: ignore[attr-defined]
            if not {row["VALUE"] for row in value} <= kept:
                yield key
        elif key in names:
            if not same(value, getattr(record, names[key])):
                yield key
        elif (record.model_extra or {}).get(key) != value:
            yield key


RESPONSES = [
    entry for entry in examples("response") if isinstance(entry["body"], dict) and "result" in entry["body"]
]


@pytest.mark.parametrize(
    "entry",
    [e for e in RESPONSES if e["method"] in SHAPES and not e["doc"].startswith("tutorials")],
    ids=name_of,
)
def test_official_answer_parses_and_keeps_every_value(entry: dict[str, Any]) -> None:
    kind, path = SHAPES[entry["method"]]
    rows = [row for row in found(entry["body"]["result"], path) if full(row) or len(row) <= 3]
    for row in rows:
        assert list(dropped(row, kind.model_validate(row))) == []


@pytest.mark.parametrize("entry", [e for e in RESPONSES if e["method"] == "crm.activity.list"], ids=name_of)
def test_official_activities_parse_when_they_are_whole(entry: dict[str, Any]) -> None:
    for row in entry["body"]["result"]:
        if {"ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "COMPLETED"} <= set(row):
            assert list(dropped(row, r.Activity.model_validate(row))) == []


ITEMS = [
    entry
    for entry in RESPONSES
    if entry["method"] in ("crm.item.get", "crm.item.add", "crm.item.update")
    and entry["body"]["result"]["item"].get("entityTypeId") in _ENTITY_TYPES
]


@pytest.mark.parametrize("entry", ITEMS, ids=name_of)
def test_official_items_parse_by_their_type(entry: dict[str, Any]) -> None:
    item = entry["body"]["result"]["item"]
    kind = _ENTITY_TYPES[item["entityTypeId"]]
    assert list(dropped(item, kind.model_validate(item))) == []


@pytest.mark.parametrize(
    "entry", [e for e in RESPONSES if e["method"].endswith((".fields", "fields"))], ids=name_of
)
def test_official_field_descriptions_parse(entry: dict[str, Any]) -> None:
    result = entry["body"]["result"]
    names = result.get("fields", result)
    assert set(r.fields_of(result)) == set(names)


@pytest.mark.parametrize(
    "entry", [e for e in RESPONSES if e["method"] == "crm.settings.mode.get"], ids=name_of
)
def test_official_mode_parses(entry: dict[str, Any]) -> None:
    assert r.mode_of(entry["body"]["result"]) is r.Mode.CLASSIC


LISTS = [entry for entry in RESPONSES if entry["method"].endswith(".list") and spec_of(entry["method"]).rows]


@pytest.mark.parametrize("entry", LISTS, ids=name_of)
def test_lists_keep_their_rows_where_the_call_table_says(entry: dict[str, Any]) -> None:
    spec = spec_of(entry["method"])
    value = entry["body"]["result"]
    for step in spec.rows:
        value = value[step]
    assert isinstance(value, list)
    assert all(spec.id in row for row in value if full(row))


@pytest.mark.parametrize("entry", examples("event"), ids=name_of)
def test_official_events_parse(entry: dict[str, Any]) -> None:
    body = entry["body"]
    if "event" in body:
        event = r.Event.model_validate(body)
        assert event.code == body["event"].upper()
        given = body.get("auth") or {}
        assert event.auth.member_id == given.get("member_id", "")
        assert event.auth.application_token == given.get("application_token", "")
        fields = body.get("data", {}).get("FIELDS", body.get("data", {})) if body.get("data") else {}
        if str(fields.get("ID", "")).isdigit():
            assert event.entity_id == int(fields["ID"])
        assert "s6p6eclrvim6da22ft9ch94ekreb52lv" not in repr(event)
    else:
        post = r.PagePost.model_validate(body)
        assert post.placement == body.get("PLACEMENT", "DEFAULT")
        assert post.member_id == body.get("member_id", "")


BATCHES = [entry for entry in RESPONSES if entry["method"] == "batch" and "result" in entry["body"]["result"]]


@pytest.mark.parametrize("entry", BATCHES, ids=name_of)
def test_official_batch_answers_come_apart(entry: dict[str, Any]) -> None:
    sections = Sections.of(Reply(entry["body"], 0.1), "portal")
    assert set(sections.result) == set(entry["body"]["result"]["result"])


def test_every_method_with_an_official_answer_is_classified() -> None:
    documented = {entry["method"] for entry in RESPONSES}
    assert {m for m in documented if m.startswith("crm.") and m.endswith((".list", ".get"))} <= {
        name for name in METHODS if kind_of(name) == "read"
    } | {m for m in documented if m not in METHODS}
    assert len(documented & set(METHODS)) > 80
