"""What the page's own scripts send: reading it, and refusing what another site's page started.

Internal to the page, as list.ajax.php is to Bitrix24: no REST, no documentation, the visitor's cookie decides who acts.
A cookie alone proves nothing, so a request from another site is refused (Sec-Fetch-Site; absent outside browsers).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request

SAME = ("same-origin", "none")


def page_api(name: str) -> Blueprint:
    """A blueprint below /portal/api whose writes only the portal's own pages may start."""
    api = Blueprint(name, __name__, url_prefix="/portal/api")

    api.before_request(same_site)
    return api


def same_site() -> None:
    """Refuse a POST that another site's page started."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in SAME:
        abort(403)


def body() -> dict[str, Any]:
    """The JSON object of the request; empty when there is none."""
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}
