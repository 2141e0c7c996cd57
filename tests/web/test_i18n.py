"""Every text that people see is translated, whole and fresh; numbers, plurals and languages follow the reader."""

import importlib.util
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from connector import i18n
from connector.errors import LeadswitchError
from connector.i18n import _, ngettext
from connector.planning.catalogue import CATALOGUE
from connector.planning.options import OPTIONS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def messages() -> ModuleType:
    """The tool that keeps the catalogs."""
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages_tool"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("code", [one.code for one in i18n.available() if one.code != i18n.SOURCE])
def test_the_catalog_is_complete_sound_and_compiled(messages: ModuleType, code: str) -> None:
    assert list(messages.problems(code)) == []


def test_polish_can_be_chosen() -> None:
    assert "pl" in [one.code for one in i18n.available()]


def test_a_language_is_offered_when_it_is_ready_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.code for one in i18n.available()] == [
        one.code for one in i18n.LANGUAGES.values() if one.ready
    ]
    draft = dict(i18n.LANGUAGES, pl=replace(i18n.LANGUAGES["pl"], ready=False))
    monkeypatch.setattr(i18n, "LANGUAGES", draft)
    assert i18n.pick("pl") == "en"


def test_findings_options_and_errors_are_collected(messages: ModuleType) -> None:
    collected = {
        text
        for message in messages.collected()
        for text in ([message.id] if isinstance(message.id, str) else message.id)
    }
    wanted = {kind.message for kind in CATALOGUE.values()} | {
        kind.advice for kind in CATALOGUE.values() if kind.advice
    }
    wanted |= {option.help for option in OPTIONS}
    wanted |= {part for kind in _tree(LeadswitchError) for part in (kind.what, kind.kept, kind.todo) if part}
    assert wanted - collected == set()


def _tree(kind: type[LeadswitchError]) -> list[type[LeadswitchError]]:
    ours = [kind] if kind.__module__.startswith("connector.") else []
    return ours + [one for child in kind.__subclasses__() for one in _tree(child)]


PLURALS = {
    "pl": {1: "1 lead", 2: "2 leady", 5: "5 leadów", 22: "22 leady", 112: "112 leadów", 1200: "1200 leadów"},
    "de": {0: "0 Leads", 1: "1 Lead", 2: "2 Leads", 21: "21 Leads", 1200: "1.200 Leads"},
    "ru": {1: "1 лид", 2: "2 лида", 5: "5 лидов", 11: "11 лидов", 21: "21 лид", 112: "112 лидов"},
    "uk": {1: "1 лід", 3: "3 ліди", 5: "5 лідів", 11: "11 лідів", 21: "21 лід", 112: "112 лідів"},
    "es": {0: "0 prospectos", 1: "1 prospecto", 2: "2 prospectos"},
    "fr": {0: "0 prospect", 1: "1 prospect", 2: "2 prospects"},
    "pt_BR": {0: "0 lead", 1: "1 lead", 2: "2 leads"},
}


@pytest.mark.parametrize("code", [one.code for one in i18n.available() if one.code != i18n.SOURCE])
def test_numbers_take_the_right_form(code: str) -> None:
    with i18n.speaking(code):
        said = {n: ngettext("%(n)s lead", "%(n)s leads", n).replace("\xa0", "") for n in PLURALS[code]}
    assert said == PLURALS[code]


def test_an_unknown_language_speaks_english() -> None:
    with i18n.speaking("xx"):
        assert _("Overview") == "Overview"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("pl", "pl"),
        ("PL", "pl"),
        ("pl-PL", "pl"),
        ("pl_PL.UTF-8", "pl"),
        ("en-GB", "en"),
        ("", "en"),
        ("zz", "en"),
    ],
)
def test_languages_are_picked_by_tag(wanted: str, chosen: str) -> None:
    assert i18n.pick(wanted) == chosen


def test_bitrix24_names_of_languages_are_known() -> None:
    known = {code: language.code for language in i18n.LANGUAGES.values() for code in language.bitrix}
    assert known["ua"] == "uk"
    assert known["br"] == "pt_BR"
    assert known["la"] == "es"


def test_the_shell_takes_the_language_of_its_environment() -> None:
    assert i18n.system_language({"LANG": "pl_PL.UTF-8"}) == "pl"
    assert i18n.system_language({"LC_ALL": "C", "LANG": "pl_PL.UTF-8"}) == "pl"
    assert i18n.system_language({}) == "en"


def test_a_language_is_set_for_one_thread_only() -> None:
    heard = []
    i18n.speak("pl")
    thread = threading.Thread(target=lambda: heard.append(i18n.language()))
    thread.start()
    thread.join()
    assert heard == ["en"]
    i18n.speak("en")


def test_lazy_texts_follow_the_reader() -> None:
    text = i18n.lazy("Overview")
    with i18n.speaking("pl"):
        assert str(text) == "Przegląd"
    assert str(text) == "Overview"


def test_numbers_money_and_times_are_written_as_the_reader_does() -> None:
    with i18n.speaking("pl"):
        assert i18n.number(1234567.5).replace("\xa0", " ") == "1 234 567,5"
        assert i18n.money(12.5, "PLN").replace("\xa0", " ") == "12,50 zł"
        assert "2026" in i18n.moment(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    assert i18n.money(3, "") == "3"
    assert i18n.percent(0.5) == "50%"
    assert i18n.duration(130) == "2 minutes"
