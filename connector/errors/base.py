"""The root of the error tree: what every error carries and how it speaks. Knows no case."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from connector.errors.told import told
from connector.redact import redact_text


def N_(text: str) -> str:
    """Mark a text for the translation catalogue without translating it here."""
    return text


class Who(StrEnum):
    """Who must act before the same thing can succeed."""

    NOBODY = "nobody"
    USER = "user"
    ADMINISTRATOR = "administrator"
    US = "us"
    BITRIX24 = "bitrix24"


class Ran(StrEnum):
    """What an answer proves about the call: `no` = certainly without effect, `maybe` = it may have taken effect."""

    NO = "no"
    MAYBE = "maybe"


class LeadswitchError(Exception):
    """Something did not work."""

    key: str = "error"
    who: Who = Who.US
    what: ClassVar[str] = N_("Something did not work.")
    kept: ClassVar[str] = ""
    todo: ClassVar[str] = ""

    def __init__(self, message: str = "", **details: object) -> None:
        self.message = redact_text(message)
        self.details: dict[str, object] = {
            name: redact_text(value) if isinstance(value, str) else value for name, value in details.items()
        }
        super().__init__(self.message)

    def parts(self) -> tuple[str, str, str]:
        """What happened, what was not lost, what to do next, as untranslated message ids with %(name)s places."""
        return self.what, self.kept, self.todo

    def params(self) -> Mapping[str, object]:
        """Values for the places in `parts()`; a missing one shows as an empty string."""
        return _Lenient(self.details)

    def told(self) -> dict[str, Any]:
        """What the error says, to be stored and said later by `sentences`: `{"key", "what", "kept", "todo", "params"}`."""
        return told(self.key, self.parts(), self.details)

    def user_message(self) -> str:
        """The three sentences in English, filled in."""
        return " ".join(part % self.params() for part in self.parts() if part)

    def __str__(self) -> str:
        text = (self.what % self.params()).rstrip()
        return f"{text} ({self.message})" if self.message else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders (job engine, spawn pools); keyword-only constructors need help to be pickled.
        return _rebuild, (type(self), self.__dict__.copy())


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def _rebuild(kind: type[LeadswitchError], state: dict[str, Any]) -> LeadswitchError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message", ""))
    error.__dict__.update(state)
    return error


class Cancelled(LeadswitchError):
    """The caller asked to stop; nothing was sent after that."""

    key = "cancelled"
    who = Who.NOBODY
    what = N_("Stopped on request.")
    kept = N_("Everything done so far is recorded.")
    todo = N_("It can be resumed.")
