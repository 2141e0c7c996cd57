"""An error as data: stored as JSON, said later in any language, and what older versions stored is still shown."""

import json

from connector.errors import AccessDenied, BitrixError, LeadswitchError, OptionsUnfit, Said, joined, sentences


def upper(text: str) -> str:
    return {"%(given)s is unknown.": "NIEZNANE: %(given)s.", "lead": "LEAD"}.get(text, text)


def test_what_is_stored_says_the_same_as_the_error() -> None:
    error = AccessDenied(portal="p.example", method="crm.item.add", code="ACCESS_DENIED", request_id="r1")
    stored = json.dumps(error.told())
    assert " ".join(sentences(stored)) == error.user_message()
    assert set(json.loads(stored)["params"]) == {"portal", "method"}


def test_our_own_words_in_a_place_are_translated_too() -> None:
    problems = joined([Said("%(given)s is unknown.", {"given": Said("lead")}), Said("50%% is not enough.")])
    error = OptionsUnfit(problems=problems)
    assert "lead is unknown. 50% is not enough." in error.user_message()
    assert "NIEZNANE: LEAD. 50% is not enough." in sentences(json.loads(json.dumps(error.told())), upper)[0]


def test_no_secret_is_stored() -> None:
    error = BitrixError(portal="https://p.example/rest/1/s3cretkey0/", method="profile")
    assert "s3cretkey0" not in json.dumps(error.told())
    hidden = OptionsUnfit(problems=Said("%(a)s", {"a": "https://p.example/rest/1/s3cretkey0/profile"}))
    assert "s3cretkey0" not in json.dumps(hidden.told())


def test_a_value_with_a_percent_sign_is_only_a_value() -> None:
    error = BitrixError(portal="100%(x)s", method="%s", code="%")
    assert "100%(x)s" in sentences(error.told())[0]


def test_what_older_versions_stored_is_shown_as_it_is() -> None:
    for text in ("ValueError", "100% of it", "{not json", '{"a": 1}'):
        assert sentences(text) == (text,)
    assert sentences({"text": "English"}) == ("English",)
    assert sentences(None) == sentences("") == ()


def test_an_error_without_its_values_leaves_places_empty() -> None:
    assert "%(" not in " ".join(sentences(BitrixError().told()) + sentences(LeadswitchError().told()))
