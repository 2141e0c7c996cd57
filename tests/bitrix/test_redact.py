"""No secret of any kind leaves through text, data or an exception."""

from __future__ import annotations

import pickle

import pytest

from connector.errors import BitrixError, OutcomeUnknown
from connector.redact import redact, redact_text

SECRET = "s6p6eclrvim6da22ft9ch94ekreb52lv"

SPELLINGS = [
    f"https://portal.example/rest/1/{SECRET}/crm.lead.list",
    f"POST /rest/1/{SECRET}/",
    f"https://portal.example/rest/api/7/{SECRET}/batch",
    f"https://x/rest/batch?auth={SECRET}&halt=0",
    f"grant_type=refresh_token&client_secret={SECRET}&refresh_token={SECRET}",
    f"?code={SECRET}&state=1",
    f"AUTH_ID={SECRET}&REFRESH_ID={SECRET}",
    f"APPLICATION_TOKEN={SECRET}",
    f"auth%5Baccess_token%5D={SECRET}&auth[application_token]={SECRET}",
    f'{{"access_token": "{SECRET}", "expires_in": 3600}}',
    f"{{'refresh_token': '{SECRET}'}}",
    f'"auth":"{SECRET}"',
    f"Authorization: Bearer {SECRET}",
    "token 3f2a" + "0123456789abcdef" * 4,
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_of_a_secret_is_masked(text: str) -> None:
    clean = redact_text(text)
    assert SECRET not in clean
    assert "0123456789abcdef" not in clean


@pytest.mark.parametrize("text", SPELLINGS)
def test_no_exception_shows_a_secret_anywhere(text: str) -> None:
    error = BitrixError(
        text, portal="p", method="m", code=text, request_id=text, description=text, location=text
    )
    unknown = OutcomeUnknown(error)
    for shown in (error, unknown, pickle.loads(pickle.dumps(error))):
        for face in (str(shown), repr(shown), shown.user_message(), str(shown.args), str(vars(shown))):
            assert SECRET not in face
            assert "0123456789abcdef" not in face


def test_known_secrets_are_masked_wherever_they_stand_also_encoded() -> None:
    assert redact_text("see a b/c here", known=["a b/c"]) == "see *** here"
    assert "a%20b" not in redact_text("x=a%20b%2Fc", known=["a b/c"])


def test_data_is_masked_by_key_and_inside_text() -> None:
    clean = redact(
        {
            "auth": {"domain": "p.example", "access_token": SECRET, "application_token": SECRET},
            "CLIENT_SECRET": SECRET,
            "refreshToken": SECRET,
            "list": [f"auth={SECRET}", {"webhook": SECRET}],
            "fields": {"TITLE": "kept"},
        }
    )
    assert SECRET not in str(clean)
    assert clean["auth"]["domain"] == "p.example"  # type: ignore[index,call-overload]
    assert clean["fields"] == {"TITLE": "kept"}  # type: ignore[index,call-overload]


def test_ordinary_text_is_left_alone() -> None:
    text = "crm.lead.list: ERROR_CORE (HTTP 400): Lead 12 is not found; see /rest/ docs, member a223c6b3710f85df22e9377d6c4f7553"
    assert redact_text(text) == text
