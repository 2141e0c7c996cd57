"""The headers of every answer: what the page may load, and who may frame it. Must never allow an inline script or a foreign host.

`frame-ancestors` names the one portal that this answer is for, as the OAuth server confirmed it; X-Frame-Options cannot say that and
would forbid the frame. A page for nobody in particular may be framed by nobody.
"""

import re

from flask import Response, g, request

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
# What a header can carry, too: a server that has to encode anything else sends no page at all. Foreign letters come as `xn--`.
_ORIGIN = re.compile(
    r"(https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)(?:/[!-~]*)?\Z"
)
_ALWAYS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def allow_frame(origin: str) -> None:
    """This answer may be framed by the portal at `origin` (`https://host`); anything that is not a plain origin is ignored."""
    found = _ORIGIN.match(origin)
    if found is not None:
        g.frame_origin = found[1]


def harden(response: Response) -> Response:
    """Adds the headers; static files may be kept by the browser for ever, since their address changes with their content."""
    ancestors = g.get("frame_origin") or "'none'"
    response.headers["Content-Security-Policy"] = _POLICY.format(ancestors=ancestors)
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
