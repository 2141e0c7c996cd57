"""Whether a rule acts on an event, and why. Pure: no clock, no store, no portal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.occurrences import Data, Kind, Level, ModeChanged
from webhooks.rules.model import Bounds, Conditions, RuleForm

ORDER = list(Level)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`matched` and, by condition, what was wanted and what was found: `{"code", "wanted", "found", "held"}`."""

    matched: bool
    reasons: tuple[Mapping[str, Any], ...]


def judge(form: RuleForm, kind: Kind, data: Data) -> Verdict | None:
    """None when the rule is switched off or does not listen to such events: then there is nothing to tell."""
    if not form.enabled or kind not in form.on:
        return None
    reasons = tuple(_reasons(form.when, data))
    return Verdict(all(reason["held"] for reason in reasons), reasons)


def _reasons(when: Conditions, data: Data) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    if when.from_ is not None:
        found.append(_equal("from", when.from_, getattr(data, "from_", None)))
    if when.to is not None:
        found.append(_equal("to", when.to, getattr(data, "to", None)))
    if when.severity is not None:
        held = ORDER.index(data.level) >= ORDER.index(when.severity)
        found.append(_reason("severity", when.severity.value, data.level.value, held))
    if when.ours is not None:
        ours = (data.run is not None) if isinstance(data, ModeChanged) else None
        found.append(_equal("ours", when.ours, ours))
    if when.kind is not None:
        found.append(_equal("kind", when.kind, getattr(data, "kind", None)))
    for name, bounds in when.counts.items():
        number = data.counts.get(name.value)
        wanted = bounds.model_dump(exclude_none=True)
        found.append(
            _reason(f"counts.{name.value}", wanted, number, number is not None and _within(bounds, number))
        )
    return found


def _within(bounds: Bounds, number: int) -> bool:
    low, high = bounds.at_least, bounds.at_most
    return (low is None or number >= low) and (high is None or number <= high)


def _equal(code: str, wanted: object, found: object) -> Mapping[str, Any]:
    return _reason(code, wanted, found, wanted == found)


def _reason(code: str, wanted: object, found: object, held: bool) -> Mapping[str, Any]:
    return {"code": code, "wanted": wanted, "found": found, "held": held}
