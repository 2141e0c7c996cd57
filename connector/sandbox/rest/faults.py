"""Faults on request: which call of which method goes wrong, and how. Decides only; `wsgi.py` and `dispatch.py` act."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = (
    "error",  # answer `status` with `code`, nothing is done
    "delay",  # wait `seconds`, then go on
    "drop_before",  # close the connection, nothing is done
    "drop_after",  # do it, then close the connection
    "error_after",  # do it, then answer `status` with `code`
    "html",  # an HTML page instead of JSON, nothing is done
    "html_after",  # do it, answer an HTML page
    "truncated",  # do it, cut the JSON in half
    "short_page",  # a list page with one row missing
    "cursor_ignored",  # a list that starts from the beginning again
    "redirect",  # 302 to `location`
)


@dataclass(slots=True)
class Fault:
    """One rule. `method` is lower case or `*`. `nth`: the calls of that method since the rule was set (1 = the next);
    empty = every call. `times` ends the rule after so many hits (0 = never)."""

    method: str
    kind: str
    nth: tuple[int, ...] = ()
    times: int = 0
    status: int = 500
    code: str = "INTERNAL_SERVER_ERROR"
    description: str = "Internal server error"
    seconds: float = 0.0
    location: str = ""
    id: int = 0
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        self.method = self.method.lower()
        self.nth = tuple(int(n) for n in ([self.nth] if isinstance(self.nth, int) else self.nth))


@dataclass(slots=True)
class Faults:
    """The rules of one portal, in the order they were set."""

    rules: list[Fault] = field(default_factory=list)
    _last_id: int = 0

    def add(self, **options: Any) -> Fault:
        """Set a rule. Raises ValueError or TypeError for one that cannot be."""
        fault = Fault(**options)
        self._last_id += 1
        fault.id = self._last_id
        self.rules.append(fault)
        return fault

    def remove(self, rule_id: int) -> bool:
        """Take one rule away; whether it was there."""
        before = len(self.rules)
        self.rules = [rule for rule in self.rules if rule.id != rule_id]
        return len(self.rules) < before

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.rules.clear()

    def hit(self, method: str) -> list[Fault]:
        """The rules that this call of the method meets; counts the call."""
        met = []
        # The OAuth server is another host: `*` means the methods of the portal.
        names = {method} if method.startswith("oauth.") else {method, "*"}
        for rule in self.rules:
            if rule.method not in names or (rule.times and rule.hits >= rule.times):
                continue
            rule.seen += 1
            if not rule.nth or rule.seen in rule.nth:
                rule.hits += 1
                met.append(rule)
        return met

    def listing(self) -> list[dict[str, Any]]:
        """The rules as data."""
        return [asdict(rule) for rule in self.rules]
