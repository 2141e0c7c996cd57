"""Phones and e-mails: equal ones are recognised however they are written, unequal ones never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.channels import email_key, email_valid, key_of, known, missing, phone_key, sort_out


@pytest.mark.parametrize(
    "written",
    [
        "600 100 200",
        "600-100-200",
        "+48 600 100 200",
        "0048600100200",
        "(600) 100 200",
        "+48600100200 wew. 12",
    ],
)
def test_one_number_in_many_forms(written: str) -> None:
    assert phone_key(written, "PL") == "+48600100200"


def test_without_a_country_digits_decide() -> None:
    assert phone_key("600 100 200", "") == phone_key("600-100-200", "") == "600100200"
    assert phone_key("+48 600 100 200", "") == "+48600100200"


@pytest.mark.parametrize("written", ["w. 12", "12345", "", "brak", "+"])
def test_what_is_no_number_matches_nothing(written: str) -> None:
    assert phone_key(written, "PL") == ""


@pytest.mark.parametrize("written", ["Jan@Example.COM", " jan@example.com ", "JAN@EXAMPLE.COM"])
def test_mail_addresses_ignore_case_and_blanks(written: str) -> None:
    assert email_key(written) == "jan@example.com"


@pytest.mark.parametrize(
    "written",
    ["jan", "jan@", "@example.com", "jan@@example.com", "jan@example", "a b@example.com", "jan@ex..com"],
)
def test_broken_addresses_are_not_valid(written: str) -> None:
    assert not email_valid(written)
    assert email_key(written) == ""


@given(
    st.lists(
        st.sampled_from(["600100200", "+48600100200", "700100300", "a@b.example", "A@b.example", "x"]),
        max_size=6,
    )
)
def test_nothing_is_added_twice(values: list[str]) -> None:
    rows = [{"typeId": "EMAIL" if "@" in v else "PHONE", "valueType": "WORK", "value": v} for v in values]
    first = missing(rows, known({}, "PL"), "PL")
    have = known({"fm": list(first)}, "PL")
    assert missing(rows, have, "PL") == ()
    assert {key_of(r, "PL") for r in rows if key_of(r, "PL")} == {k for k in have if k != "x"}


def test_chat_entries_are_kept_apart() -> None:
    fields = {
        "fm": [
            {"typeId": "IM", "valueType": "OPENLINE", "value": "imol|x"},
            {"typeId": "LINK", "valueType": "USER", "value": "1"},
            {"typeId": "WEB", "valueType": "WORK", "value": "example.com"},
            {"typeId": "PHONE", "valueType": "WORK", "value": " "},
        ]
    }
    sorted_ = sort_out(fields, "PL")
    assert [r["typeId"] for r in sorted_.rows] == ["WEB"]
    assert [f.code for f in sorted_.findings] == ["channel-not-carried", "channel-not-carried"]
