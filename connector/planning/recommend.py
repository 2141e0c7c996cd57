"""Which CRM mode a portal's own figures speak for, and why. Pure; says nothing when the figures are too few.

The thresholds are a rule of thumb of ours, after what Bitrix24's user guide says each mode is for: Classic CRM where many requests of
mixed quality are sorted first, Simple CRM where a small team answers every request. Bitrix24 publishes no figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .model import CrmMode
from .words import N_

DAYS = 90
ENOUGH = 30
"""Requests in `DAYS` below which nothing is concluded."""
ENOUGH_CONVERTED = 10
JUNK_MANY, JUNK_FEW = 0.35, 0.15
PER_PERSON_MANY, PER_PERSON_FEW = 40, 15
"""Requests of one person in a month."""
WORKED_LONG, AT_ONCE = 3.0, 0.5
"""Days from a lead to its deal."""
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests of the last `DAYS`: leads in Classic CRM, deals in Simple CRM. `people` have their names on the newest of them.

    `days_to_deal` is the median of the newest converted leads, None where fewer than `ENOUGH_CONVERTED` were seen.
    """

    mode: CrmMode
    requests: int
    lost: int
    people: int
    days_to_deal: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One figure in words, and the mode that it speaks for; None where it speaks for neither. `time` among the params is in seconds."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    towards: CrmMode | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """`mode` is the one that fits better, None when the figures are too few (`thin`) or do not agree."""

    mode: CrmMode | None
    thin: bool
    reasons: tuple[Reason, ...]


def recommend(figures: Figures) -> Advice:
    """Each figure speaks for one mode or for none; the majority decides, and a draw decides nothing."""
    if figures.requests < ENOUGH:
        thin = Reason(
            N_("Only %(count)s requests came in during the last %(days)s days."),
            {"count": figures.requests, "days": DAYS},
        )
        return Advice(None, True, (thin,))
    reasons = tuple(reason for reason in (_lost(figures), _load(figures), _time(figures)) if reason)
    votes = [reason.towards for reason in reasons if reason.towards]
    classic, simple = votes.count(CrmMode.CLASSIC), votes.count(CrmMode.SIMPLE)
    mode = None if classic == simple else CrmMode.CLASSIC if classic > simple else CrmMode.SIMPLE
    return Advice(mode, False, reasons)


def _lost(figures: Figures) -> Reason:
    share = figures.lost / figures.requests
    params = {"percent": round(share * 100)}
    if share >= JUNK_MANY:
        return Reason(
            N_("%(percent)s%% of your requests come to nothing: sorting them first keeps your deals clean."),
            params,
            CrmMode.CLASSIC,
        )
    if share <= JUNK_FEW:
        return Reason(
            N_("Only %(percent)s%% of your requests come to nothing: there is little to sort."),
            params,
            CrmMode.SIMPLE,
        )
    return Reason(N_("%(percent)s%% of your requests come to nothing: that is usual in both modes."), params)


def _load(figures: Figures) -> Reason | None:
    if not figures.people:
        return None
    each = round(figures.requests / figures.people * 30 / DAYS)
    params = {"count": each, "people": figures.people}
    if each >= PER_PERSON_MANY:
        text = N_(
            "About %(count)s requests a month for each of %(people)s people: more than can all be deals."
        )
        return Reason(text, params, CrmMode.CLASSIC)
    if each <= PER_PERSON_FEW:
        text = N_(
            "About %(count)s requests a month for each of %(people)s people: each can be answered at once."
        )
        return Reason(text, params, CrmMode.SIMPLE)
    return Reason(N_("About %(count)s requests a month for each of %(people)s people."), params)


def _time(figures: Figures) -> Reason | None:
    days = figures.days_to_deal
    if days is None:
        return None
    params = {"time": max(days * DAY, 60.0)}
    if days <= AT_ONCE:
        text = N_("Half of your leads become deals within %(time)s: the step in between adds little.")
        return Reason(text, params, CrmMode.SIMPLE)
    if days >= WORKED_LONG:
        text = N_("Half of your leads are worked on for more than %(time)s before they become deals.")
        return Reason(text, params, CrmMode.CLASSIC)
    return Reason(N_("Half of your leads become deals within %(time)s."), params)
