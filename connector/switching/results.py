"""What is kept of a write's answer: the ids it made, nothing else. One table method → reader of the answer; does no I/O."""

from collections.abc import Callable, Mapping
from typing import Any

from connector.switching.calls import COPY_FILES, Row


def _item(value: Any) -> Row:
    return {"id": int(value["item"]["id"])}


def _number(value: Any) -> Row:
    return {"id": int(value)}


def _category(value: Any) -> Row:
    return {"id": int(value["category"]["id"])}


def _nothing(value: Any) -> Row:  # noqa: ARG001  (same form as the others)
    return {}


def _left(value: Any) -> Row:
    return {"left": value["left"]} if value["left"] else {}


RESULTS: Mapping[str, Callable[[Any], Row]] = {
    "crm.item.add": _item,
    "crm.item.import": _item,
    COPY_FILES: _left,
    "crm.requisite.add": _number,
    "crm.status.add": _number,
    "crm.category.add": _category,
    "crm.deal.userfield.add": _number,
    "crm.contact.userfield.add": _number,
    "crm.company.userfield.add": _number,
}


def result_of(method: str, value: Any) -> Row:
    """The part of an answer that later steps and undo need; raises KeyError, TypeError or ValueError on an answer of another shape."""
    return RESULTS.get(method, _nothing)(value)
