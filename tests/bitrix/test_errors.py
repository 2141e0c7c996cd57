"""The tree in the docstring is the tree in the code, and every leaf speaks to people."""

from __future__ import annotations

import inspect
import pickle

import pytest

from connector import errors
from connector.errors import (
    AnswerLost,
    BatchError,
    BitrixError,
    LeadswitchError,
    MethodError,
    OutcomeUnknown,
    RateLimited,
    Who,
)

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, LeadswitchError) and kind.__module__.startswith("connector.errors.")
]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_drawn_in_the_tree(kind: type[LeadswitchError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_keys_are_unique_and_stable_words() -> None:
    keys = [kind.key for kind in CLASSES]
    assert len(keys) == len(set(keys))
    assert all(key and key == key.lower() and " " not in key for key in keys)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_says_what_happened_what_was_kept_and_what_next(kind: type[LeadswitchError]) -> None:
    what, _kept, _todo = kind.what, kind.kept, kind.todo
    assert what.endswith((".", ")s"))
    assert isinstance(kind.who, Who)
    if kind is not LeadswitchError:
        assert kind.kept, "say what was not lost"


@pytest.mark.parametrize(
    "error",
    [
        RateLimited(portal="p.example", method="crm.lead.list", code="QUERY_LIMIT_EXCEEDED", http_status=503),
        OutcomeUnknown(AnswerLost(portal="p.example", method="crm.item.add")),
        BatchError({"a": MethodError(portal="p", method="m", code="X")}, portal="p"),
    ],
)
def test_errors_survive_a_process_border(error: BitrixError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.user_message(), copy.code) == (str(error), error.user_message(), error.code)


def test_messages_are_filled_in_and_never_fail_on_missing_facts() -> None:
    error = MethodError(
        portal="p.example", method="crm.lead.update", code="ERROR_CORE", description="No title"
    )
    assert "crm.lead.update" in error.user_message()
    assert "No title" in error.user_message()
    assert "%(" not in LeadswitchError().user_message()
    assert "%(" not in MethodError().user_message()
