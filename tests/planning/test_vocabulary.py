"""Codes among the values of findings are said in the reader's language; what comes from the portal is left alone."""

from collections.abc import Mapping

import pytest

from connector.errors import Said
from connector.planning.catalogue import finding, render
from connector.planning.vocabulary import FAILURES, failure, word_for


def _marked(text: str) -> str:
    return f"<{text}>" if "%(" not in text else text


@pytest.mark.parametrize(
    ("code", "params", "shown"),
    [
        ("value-dropped", {"field": "PHONE", "value": "600 100 200"}, "<phone>"),
        ("value-dropped", {"field": "EMAIL", "value": "a@example.com"}, "<e-mail>"),
        ("value-dropped", {"field": "ADDRESS", "value": "Rynek 1"}, "<address>"),
        ("note-moved", {"field": "STATUS_DESCRIPTION"}, "<stage information>"),
        ("channel-not-carried", {"type": "IM", "value": "imol|x"}, "<messenger>"),
        ("created-field-type", {"given": "UF_CRM_1", "type": "enumeration"}, "<list>"),
        ("required-empty", {"field": "Uwagi", "entity": "company"}, "<company>"),
    ],
)
def test_codes_are_translated(code: str, params: Mapping[str, object], shown: str) -> None:
    text = render(finding(code, **params), _marked)
    assert shown in text


def test_words_of_the_portal_stay() -> None:
    assert "“Phone (old)”" in render(finding("file-not-carried", field="Phone (old)", count=1), _marked)
    assert word_for("names", ["contact", "PHONE"]) == "contact, PHONE"


def test_why_the_native_switch_fails_is_said_in_words() -> None:
    text = render(
        finding("native-left-behind", why="e-mail jan@@example"),
        lambda t: t.replace("e-mail address", "adres"),
    )
    assert "adres “jan@@example”" in text
    assert failure("workflow P") == Said(FAILURES["workflow"], {"value": "P"})
    assert failure("of a newer version") == "of a newer version"
