"""Speaks the user's language, in the app and in the shell. Knows gettext catalogs and Babel's formats; must never import Flask or read a
database, so that the pure rooms may mark their texts here.

A text is marked where it is written and translated where it is shown: `N_("…")` marks, `_("…")` translates now, `lazy("…")` translates
when it is turned into a string. Placeholders are named: `_("%(n)s leads", n=3)`.
"""

import gettext as _gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

DOMAIN = "messages"
SOURCE = "en"
CATALOGS = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the product: its own name, and the codes that Bitrix24 uses for it (`LANG` of a launch).

    `ready` says that its catalog is whole, tested and offered; until then only its source catalog is kept.
    """

    code: str
    name: str
    bitrix: tuple[str, ...]
    ready: bool = True


LANGUAGES: Mapping[str, Language] = {
    language.code: language
    for language in (
        Language("en", "English", ("en",)),
        Language("pl", "Polski", ("pl",)),
        Language("de", "Deutsch", ("de",)),
        Language("ru", "Русский", ("ru", "by", "kz")),
        Language("uk", "Українська", ("ua", "uk")),
        Language("es", "Español", ("la", "es")),
        Language("fr", "Français", ("fr",)),
        Language("pt_BR", "Português (Brasil)", ("br", "pt")),
    )
}

_default = SOURCE
_current: ContextVar[str | None] = ContextVar("leadswitch_language", default=None)


class Lazy:
    """A marked text that is translated each time it is turned into a string."""

    __slots__ = ("message", "params")

    def __init__(self, message: str, params: Mapping[str, Any]) -> None:
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return _(self.message, **self.params)

    def __repr__(self) -> str:
        return f"lazy({self.message!r})"

    def __html__(self) -> str:
        return escape(str(self))


def N_(message: str) -> str:
    """Marks a text for translation and gives it back unchanged."""
    return message


def _(message: str, /, **params: Any) -> str:
    """The text in the current language, with its `%(name)s` placeholders filled."""
    return _filled(_catalog(language()).gettext(message), params)


def ngettext(singular: str, plural: str, n: int, /, **params: Any) -> str:
    """The text in the form that `n` asks for; `%(n)s` is filled with the number as the language writes it."""
    return _filled(_catalog(language()).ngettext(singular, plural, n), {"n": number(n), **params})


def pgettext(context: str, message: str, /, **params: Any) -> str:
    """The text in the current language, told apart by context from the same English word elsewhere."""
    return _filled(_catalog(language()).pgettext(context, message), params)


def lazy(message: str, /, **params: Any) -> Lazy:
    """A text that is translated when it is shown."""
    return Lazy(message, params)


def language() -> str:
    """The current language: of this request or block, else the one of the process."""
    return _current.get() or _default


def available() -> tuple[Language, ...]:
    """The languages that can be chosen: the source, and those that are ready and whose compiled catalog is there."""
    return tuple(
        one for one in LANGUAGES.values() if one.code == SOURCE or (one.ready and _is_compiled(one.code))
    )


def set_default(code: str | None) -> str:
    """Sets the language of the whole process (the shell does, at its start); returns the one that was taken."""
    global _default  # noqa: PLW0603 - one process speaks one language unless a request says otherwise
    _default = pick(code)
    return _default


def speak(code: str | None) -> str:
    """Sets the language of this request or task; returns the one that was taken."""
    chosen = pick(code)
    _current.set(chosen)
    return chosen


@contextmanager
def speaking(code: str | None) -> Iterator[str]:
    """The language inside a `with` block."""
    chosen = pick(code)
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)


def pick(*wanted: str | None) -> str:
    """The first wanted language that is available, by our code, Bitrix24's code or a tag such as `pl-PL`; else English."""
    ready = available()
    for want in wanted:
        if not want:
            continue
        tag = want.split(".")[0].replace("-", "_").strip()
        for one in ready:
            if tag.lower() == one.code.lower() or tag.lower() in one.bitrix:
                return one.code
        for one in ready:
            if tag.lower().split("_")[0] == one.code.lower().split("_")[0]:
                return one.code
    return SOURCE


def system_language(environ: Mapping[str, str] | None = None) -> str:
    """The language that the shell's environment asks for (LANGUAGE, LC_ALL, LC_MESSAGES, LANG, in this order)."""
    environ = os.environ if environ is None else environ
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    return pick(
        *(one for name in names for one in environ.get(name, "").split(":") if one not in ("C", "POSIX"))
    )


def number(value: float | Decimal) -> str:
    """A number with the language's separators."""
    return str(format_decimal(value, locale=_babel()))


def compact(value: float) -> str:
    """A large number in a few characters, such as 12K."""
    return str(format_compact_decimal(value, locale=_babel(), fraction_digits=1))


def percent(value: float) -> str:
    """A share from 0 to 1 as a percentage."""
    return str(format_percent(value, locale=_babel()))


def money(amount: float | Decimal, currency: str) -> str:
    """An amount in a currency; an unknown currency code is shown as it is."""
    return str(format_currency(amount, currency or "XXX", locale=_babel())) if currency else number(amount)


def amount(text: str) -> str:
    """An amount that is written as `1234.50 PLN`, as plans hold it; other texts stay as they are."""
    value, _, currency = text.partition(" ")
    try:
        return money(Decimal(value), currency)
    except (ArithmeticError, ValueError):
        return text


def day(value: date | datetime, style: str = "medium") -> str:
    """A date."""
    return str(format_date(value, format=style, locale=_babel()))


def moment(value: datetime, style: str = "medium") -> str:
    """A date with its time of day, in the zone that the value carries."""
    return str(format_datetime(value, format=style, locale=_babel()))


def hours(value: datetime) -> str:
    """The time of day in hours and minutes, in the zone that the value carries."""
    return str(format_time(value, format="short", locale=_babel()))


def duration(seconds: float) -> str:
    """A length of time, rounded to its largest unit."""
    return str(format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=_babel()))


def _babel() -> Locale:
    return Locale.parse(language())


def _compiled(code: str) -> Path:
    return CATALOGS / code / "LC_MESSAGES" / f"{DOMAIN}.mo"


@lru_cache
def _is_compiled(code: str) -> bool:
    return _compiled(code).is_file()


@lru_cache
def _catalog(code: str) -> _gettext.NullTranslations:
    return _gettext.translation(DOMAIN, CATALOGS, [code], fallback=True)


def _filled(text: str, params: Mapping[str, Any]) -> str:
    return text % params if params else text
