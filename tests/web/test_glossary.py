"""Every ready language calls things what Bitrix24 calls them: the table in docs/languages.md holds for the catalogs."""

import re
from pathlib import Path

import pytest

from connector import i18n
from connector.portals.manifest import app_manifest

TABLE = Path(__file__).resolve().parents[2] / "docs" / "languages.md"
TRANSLATED = [one.code for one in i18n.available() if one.code != i18n.SOURCE]
# How the names of the modes may be written in a sentence, by language: declined, never otherwise.
CLASSIC = {
    "pl": r"Klasyczn(y|ego|emu|ym) CRM",
    "de": r"Klassische[smn]? CRM",
    "ru": r"Классическ(ая|ой|ую) CRM",
    "uk": r"Класичн(а|ої|ій|у) CRM",
    "es": r"CRM Clásico",
    "fr": r"CRM classique",
    "pt_BR": r"CRM Clássico",
}
SIMPLE = {
    "pl": r"Prost(y|ego|emu|ym) CRM",
    "de": r"Basis-CRM",
    "ru": r"Прост(ая|ой|ую) CRM",
    "uk": r"Прост(а|ої|ій|у) CRM",
    "es": r"CRM Simple",
    "fr": r"CRM simple",
    "pt_BR": r"CRM Simples",
}
# Words that Bitrix24 does not use for these things, and brands in another alphabet than its own.
FOREIGN = {
    "pl": r"Transakcj|Szans",
    "de": r"\bDeals?\b|Trichter|Geschäfte\b|\b[Dd]u\b",
    "ru": r"\bЛидов[ао]|Bitrix24(?!-)|\bнаправлени|активност",
    "uk": r"Bitrix24|воронк|активніст|\bделов",
    "es": r"\b[Ll]eads?\b|\bDeals?\b|embudo|\busted\b",
    "fr": r"\b[Ll]eads?\b|\b[Aa]ffaire\b|entonnoir",
    "pt_BR": r"\bDeals?\b|negociaç|\bfunil\b|contacto",
}


def words() -> list[dict[str, str]]:
    """The table, one row a word, by code."""
    rows = [
        line.strip("|").split("|")
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if "|" in line[:1]
    ]
    codes = {language.name: code for code, language in i18n.LANGUAGES.items()}
    head, _line, *body = [[cell.strip() for cell in row] for row in rows]
    return [dict(zip((codes[name] for name in head), row, strict=True)) for row in body]


def texts(code: str) -> list[tuple[str, str]]:
    """English and translated text of a compiled catalog, each form by itself."""
    catalog = i18n._catalog(code)._catalog  # type: ignore[attr-defined]
    return [
        ((key[0] if isinstance(key, tuple) else key).split("\x04")[-1], text)
        for key, text in catalog.items()
        if key
    ]


@pytest.mark.parametrize("code", TRANSLATED)
def test_things_are_called_what_bitrix24_calls_them(code: str) -> None:
    with i18n.speaking(code):
        assert {row["en"]: i18n._(row["en"]) for row in words()} == {row["en"]: row[code] for row in words()}


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_modes_have_one_name_each(code: str) -> None:
    wrong = [
        (english, text)
        for english, text in texts(code)
        for name, spelled in (("Classic CRM", CLASSIC[code]), ("Simple CRM", SIMPLE[code]))
        if name in english and not re.search(spelled, text)
    ]
    assert wrong == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_word_of_another_product_slipped_in(code: str) -> None:
    shown = [re.sub(r"%\(\w+\)s", "", text) for _english, text in texts(code)]
    assert [text for text in shown if re.search(FOREIGN[code], text)] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_quotes_are_those_of_the_language(code: str) -> None:
    quotes = {"pl": "„”", "de": "„“", "ru": "«»", "uk": "«»", "es": "«»", "fr": "«»", "pt_BR": "“”"}[code]
    wrong = set("„”“«»") - set(quotes)
    assert [text for _english, text in texts(code) if wrong & set(text)] == []


def test_the_card_names_the_modes_as_the_app_does() -> None:
    card = app_manifest()
    for code in card.locales:
        if code != i18n.SOURCE:
            for text in (card.short_description[code], card.description[code]):
                assert re.search(CLASSIC[code], text), text
                assert re.search(SIMPLE[code], text), text
