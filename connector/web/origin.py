"""Refuses posts that another site sends. Must never be the only guard: what acts needs the bearer token too.

A form on a foreign page cannot know the token, so there is nothing to forge; this check stops it one step earlier and costs nothing.
Browsers say where a request comes from in `Sec-Fetch-Site`, a header that no page can set. Older ones send `Origin` only, and with our
`Referrer-Policy: no-referrer` that may read `null`. Launch, install and event posts do come from the portal, and are judged by the
OAuth server instead.
"""

from urllib.parse import urlsplit

from flask import Request


def same_site(request: Request) -> bool:
    """Whether the browser does not say that another site sent this request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    try:
        return origin == "null" or urlsplit(origin).netloc == request.host
    except ValueError:
        return False
