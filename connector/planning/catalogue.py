"""Every finding that a plan can carry, as data: code, severity, scope, message, what to do. Must never translate or decide.

Messages are English templates with `%(name)s` places, marked for extraction; web and cli translate them with `render`.
Scope says what a finding is about: `plan`, `lead`, or `native` (a difference of Bitrix24's own switch, always a prediction).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import Said

from .findings_classic import CLASSIC_ROWS
from .findings_lead import LEAD_ROWS
from .findings_native import NATIVE_ROWS
from .findings_plan import PLAN_ROWS
from .model import Finding, Severity
from .vocabulary import AMOUNTS, in_words, word_for


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: `message` and `advice` are templates; `advice` says what to do and may be empty."""

    code: str
    severity: Severity
    scope: str
    message: str
    advice: str


def _rows(scope: str, rows: tuple[tuple[str, Severity, str, str], ...]) -> dict[str, Kind]:
    return {code: Kind(code, severity, scope, message, advice) for code, severity, message, advice in rows}


CATALOGUE: Mapping[str, Kind] = (
    _rows("plan", PLAN_ROWS)
    | _rows("plan", CLASSIC_ROWS)
    | _rows("lead", LEAD_ROWS)
    | _rows("native", NATIVE_ROWS)
)

ORDER: Mapping[Severity, int] = {severity: place for place, severity in enumerate(Severity)}


def finding(code: str, **params: Any) -> Finding:
    """A finding with the severity of its row; a KeyError means that the code is not in the catalogue."""
    return Finding(code, CATALOGUE[code].severity, params)


def worst(findings: tuple[Finding, ...]) -> Severity | None:
    """The weightiest severity among `findings`, or None when there are none."""
    return min((f.severity for f in findings), key=ORDER.__getitem__, default=None)


class _Gaps(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _fill(
    template: str, params: Mapping[str, Any], translate: Callable[[str], str], amount: Callable[[str], str]
) -> str:
    shown = {name: in_words(word_for(name, value), translate) for name, value in params.items()}
    return template % _Gaps(
        {n: amount(v) if n in AMOUNTS and isinstance(v, str) else v for n, v in shown.items()}
    )


def said(item: Finding) -> tuple[Said, ...]:
    """The message of a finding and what to do about it, as data that is translated where it is shown."""
    kind = CATALOGUE.get(item.code)
    if kind is None:
        return (Said(item.code),)
    params = {name: word_for(name, value) for name, value in item.params.items()}
    return tuple(Said(text, params) for text in (kind.message, kind.advice) if text)


def render(item: Finding, translate: Callable[[str], str] = str, amount: Callable[[str], str] = str) -> str:
    """The message of a finding in words; `translate` turns the English template into the reader's language, `amount` writes amounts
    (`1234.50 PLN`) as the reader does.

    A code of a newer version, met in a foreign plan file, is shown as it is.
    """
    kind = CATALOGUE.get(item.code)
    return _fill(translate(kind.message), item.params, translate, amount) if kind else item.code


def advice(item: Finding, translate: Callable[[str], str] = str) -> str:
    """What to do about a finding, or an empty text."""
    kind = CATALOGUE.get(item.code)
    return _fill(translate(kind.advice), item.params, translate, str) if kind and kind.advice else ""
