"""Open channels and telephone lines that create leads, where a connection has the scopes to see them. Must never call the portal.

The app asks for neither scope; a webhook may have them (imopenlines.config.list.get, telephony.externalLine.get).
"""

from collections.abc import Callable, Mapping
from typing import Any

from connector.bitrix.batch import Outcome


def lead_sources(open_lines: Outcome, telephony: Outcome) -> dict[str, tuple[str, ...] | None]:
    """Names by kind; None where the lines could not be read."""
    return {
        "open_lines": _names(open_lines, "LINE_NAME", _creates_by_chat),
        "telephony": _names(telephony, "NAME", _creates_by_call),
    }


def _names(
    outcome: Outcome, name: str, creates: Callable[[Mapping[str, Any]], bool]
) -> tuple[str, ...] | None:
    if not outcome.ok or not isinstance(outcome.result, list):
        return None
    return tuple(
        str(row.get(name) or row.get("NUMBER") or row.get("ID"))
        for row in outcome.result
        if isinstance(row, Mapping) and creates(row)
    )


def _creates_by_chat(row: Mapping[str, Any]) -> bool:
    return (
        row.get("ACTIVE") != "N" and row.get("CRM") != "N" and str(row.get("CRM_CREATE") or "none") != "none"
    )


def _creates_by_call(row: Mapping[str, Any]) -> bool:
    return row.get("CRM_AUTO_CREATE") in ("Y", True)
