"""Every documented error code has a row, or a defined safe treatment, in the policy table."""

from __future__ import annotations

import pytest

from connector.bitrix.calls import Kind
from connector.bitrix.policy import ROWS, UNLISTED, Action, is_listed, policy_for
from connector.bitrix.transport import error_fields
from connector.errors import AccessDenied, BitrixError, MethodError, Ran, RecordNotFound, ServerFault
from tests.contract.examples import error_tables, examples, name_of

# How the documentation writes "no code".
EMPTY = {"empty value", "empty string", 'empty string"', "none", "—", "-", ""}
# One cell of the documentation that is no code: it says that any text of a business process may stand there.
PROSE = {"Depends on the business process error"}

DOCUMENTED = sorted(
    {
        str(row.get("code"))
        for table in error_tables().values()
        for row in table["errors"]
        if str(row.get("code")).lower() not in EMPTY and str(row.get("code")) not in PROSE
    }
)

SYSTEM = {
    "INTERNAL_SERVER_ERROR": (500, Action.RETRY, Ran.MAYBE),
    "ERROR_UNEXPECTED_ANSWER": (500, Action.RETRY, Ran.MAYBE),
    "QUERY_LIMIT_EXCEEDED": (503, Action.WAIT, Ran.NO),
    "OPERATION_TIME_LIMIT": (429, Action.WAIT, Ran.NO),
    "OVERLOAD_LIMIT": (503, Action.GIVE_UP, Ran.NO),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, Action.GIVE_UP, Ran.NO),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, Action.GIVE_UP, Ran.NO),
    "NO_AUTH_FOUND": (401, Action.GIVE_UP, Ran.NO),
    "expired_token": (401, Action.REFRESH, Ran.NO),
    "insufficient_scope": (403, Action.GIVE_UP, Ran.NO),
    "INVALID_CREDENTIALS": (403, Action.GIVE_UP, Ran.NO),
    "user_access_error": (403, Action.GIVE_UP, Ran.NO),
    "ACCESS_DENIED": (403, Action.GIVE_UP, Ran.NO),
    "INVALID_REQUEST": (400, Action.GIVE_UP, Ran.NO),
    "ERROR_METHOD_NOT_FOUND": (404, Action.GIVE_UP, Ran.NO),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": (404, Action.GIVE_UP, Ran.NO),
    "PORTAL_DELETED": (500, Action.GIVE_UP, Ran.NO),
    "METHOD_CONFIRM_WAITING": (401, Action.GIVE_UP, Ran.NO),
    "METHOD_CONFIRM_DENIED": (403, Action.GIVE_UP, Ran.NO),
    "WRONG_AUTH_TYPE": (403, Action.GIVE_UP, Ran.NO),
    "allowed_only_intranet_user": (403, Action.GIVE_UP, Ran.NO),
    # the OAuth server
    "invalid_client": (401, Action.GIVE_UP, Ran.NO),
    "invalid_grant": (400, Action.GIVE_UP, Ran.NO),
    "invalid_scope": (400, Action.GIVE_UP, Ran.NO),
    "PAYMENT_REQUIRED": (402, Action.GIVE_UP, Ran.NO),
}


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_is_listed(code: str) -> None:
    assert is_listed(code)
    assert policy_for(code, http_status=400) is not UNLISTED


@pytest.mark.parametrize("code", SYSTEM)
@pytest.mark.parametrize("spell", [str, str.upper, str.lower, str.title])
def test_system_codes_are_treated_as_documented_in_any_letter_case(code: str, spell: object) -> None:
    status, action, ran = SYSTEM[code]
    row = policy_for(spell(code), http_status=status)  # type: ignore[operator]
    assert (row.action, row.ran) == (action, ran)


# In a batch answer the errors are inside; those are dispatch's.
ANSWERS = [entry for entry in examples("error") if "error" in entry["body"]]


@pytest.mark.parametrize("entry", ANSWERS, ids=name_of)
def test_every_official_error_answer_gets_a_definite_row(entry: dict[str, object]) -> None:
    body = entry["body"]
    assert isinstance(body, dict)
    code, description = error_fields(body)
    row = policy_for(code, http_status=400, description=description)
    assert row is not UNLISTED, (code, description)
    assert row.ran is Ran.NO or row.error is ServerFault


def test_an_empty_code_is_an_error_and_its_text_is_read() -> None:
    assert policy_for("", http_status=400, description="Access denied.").error is AccessDenied
    assert policy_for("", http_status=400, description="Not found").error is RecordNotFound
    assert policy_for("", description="Something else").error is MethodError
    assert policy_for("—", http_status=500).error is ServerFault


def test_an_unlisted_code_is_never_retried_and_leaves_a_write_unknown() -> None:
    row = policy_for("SOMETHING_NEW", http_status=400)
    assert row is UNLISTED
    assert row.action_for(Kind.READ) is Action.GIVE_UP
    assert row.action_for(Kind.IDEMPOTENT_WRITE) is Action.GIVE_UP
    assert row.action_for(Kind.WRITE) is Action.RECONCILE


def test_an_unlisted_code_with_a_server_status_counts_as_a_server_fault() -> None:
    assert policy_for("SOMETHING_NEW", http_status=500).action is Action.RETRY
    assert policy_for("SOMETHING_NEW", http_status=500).action_for(Kind.WRITE) is Action.RECONCILE


def test_no_row_may_repeat_a_write_that_may_have_run() -> None:
    for row in ROWS:
        if row.ran is Ran.MAYBE:
            assert row.action_for(Kind.WRITE) is Action.RECONCILE


def test_rows_are_unique_and_carry_a_message_key() -> None:
    codes = [row.code.casefold() for row in ROWS]
    assert len(codes) == len(set(codes))
    assert all(row.message_key and issubclass(row.error, BitrixError) for row in ROWS)
