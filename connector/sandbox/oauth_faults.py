"""Faults of the token endpoint: acts them out around the pages that answer it. Decides nothing about tokens.

`drop_after` is the one that matters most: the old pair has ended and nobody has the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from connector.sandbox.errors import RestError
from connector.sandbox.rest.dispatch import Dispatcher
from connector.sandbox.rest.php import encode
from connector.sandbox.rest.wsgi import HTML_PAGE, drop

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHOD = "oauth.token"
"""The name the endpoint has in a fault rule."""
_UNDONE = {"drop_before", "html", "redirect"}


class OAuthFaults:
    """The pages of the portal with the faults of `/oauth/token/` around them."""

    def __init__(self, pages: WSGIApplication, dispatcher: Dispatcher) -> None:
        self._pages = pages
        self._dispatcher = dispatcher

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").rstrip("/") != "/oauth/token":
            return self._pages(environ, start_response)
        try:
            met = {fault.kind: fault for fault in self._dispatcher.meet(METHOD)}
        except RestError as error:
            return _json(error)(environ, start_response)
        if not met:
            return self._pages(environ, start_response)
        answer = Response("", status=500)
        if not _UNDONE & met.keys():
            answer = Response.from_app(self._pages, environ, buffered=True)
        if "redirect" in met:
            location = met["redirect"].location.rstrip("/") + "/oauth/token/"
            answer = Response("", status=302, headers={"Location": location})
        for kind in ("html", "html_after"):
            if kind in met:
                answer = Response(HTML_PAGE, status=met[kind].status, content_type="text/html")
        if "error_after" in met:
            late = met["error_after"]
            answer = _json(RestError(late.code, late.description, late.status))
        if "truncated" in met:
            answer.set_data(answer.get_data()[: len(answer.get_data()) // 2])
        if {"drop_before", "drop_after"} & met.keys():
            drop(environ)
        return answer(environ, start_response)


def _json(error: RestError) -> Response:
    return Response(encode(error.body()), status=error.status, content_type="application/json")
