"""REST over HTTP: reads the request the way PHP does, authorises the caller, acts out faults, writes JSON.

A secret never leaves it: the call log keeps the method and parameters, without `auth` and without the path.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from connector.sandbox.clock import iso
from connector.sandbox.errors import RestError
from connector.sandbox.oauth import trusted_app_info
from connector.sandbox.rest import methods
from connector.sandbox.rest.call import Call, Download
from connector.sandbox.rest.dispatch import Answer, Dispatcher
from connector.sandbox.rest.php import encode, from_pairs, parse_query
from connector.sandbox.rest.xml import encode_xml
from connector.sandbox.world import Actor, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

methods.load()

_WEBHOOK = re.compile(r"^/rest/(?P<user>\d+)/(?P<code>[^/]+)/(?P<method>[^/]+?)/?$")
_OAUTH = re.compile(r"^/rest/(?P<method>[^/]+?)/?$")
_TRACKING = ("bx24_request_id", "bx24_sdk_ver", "bx24_sdk_type", "bx24_request_id", "bx24_sdk_version")
GATEWAY_TIMEOUT = (
    "<html><head><title>504 Gateway Time-out</title></head><body><h1>504 Gateway Time-out</h1></body></html>"
)
NOT_FOUND_PAGE = (
    "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1><hr>nginx</body></html>"
)
HTML_PAGE = "<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Service is not available</h1></body></html>"


class RestApp:
    """The WSGI application below `/rest`. `dispatcher` holds limits and faults, for the control surface."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dispatcher = Dispatcher(world)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        name, call, answer = "", None, None
        started = time.perf_counter()
        try:
            name, params, user, code = self._read(request)
            self._enter(request)
            if environ.get("sandbox.role") == "oauth":
                answer = self._oauth_host(name, params)
            else:
                call = self._authorise(params, user, code)
                answer = self.dispatcher.run(name, call)
        except RestError as error:
            answer = Answer(error.body(), error.status)
        self._log(name, call, answer, time.perf_counter() - started)
        return self._respond(answer, request, environ)(environ, start_response)

    def _enter(self, request: Request) -> None:
        with self.world.lock:
            self.world.count("requests")
            self.dispatcher.limits.enter(request.remote_addr or "")

    @staticmethod
    def _read(request: Request) -> tuple[str, dict[str, Any], int, str]:
        hook, user, code = _WEBHOOK.match(request.path), 0, ""
        if hook:
            name, user, code = hook["method"], int(hook["user"]), hook["code"]
        else:
            plain = _OAUTH.match(request.path)
            if plain is None:
                raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
            name = plain["method"]
        params = parse_query(request.query_string.decode("utf-8", "replace"))
        params.update(_body(request))
        for key in _TRACKING:
            params.pop(key, None)
        return name.lower().removesuffix(".json").removesuffix(".xml"), params, user, code

    def _authorise(self, params: dict[str, Any], user_id: int, code: str) -> Call:
        world = self.world
        with world.lock:
            connector = str(params.get("auth_connector") or "")
            if code:
                params.pop("auth", None)
                hook = world.webhooks.get(code)
                user = world.user(user_id)
                if hook is None or hook.user_id != user_id or user is None or not user.active:
                    raise RestError(
                        "INVALID_CREDENTIALS" if hook else "NO_AUTH_FOUND", "Invalid request credentials", 401
                    )
                actor = Actor(user_id, "rest", None, connector, hook.scopes)
                return Call(world, user, None, params, actor, scopes=hook.scopes, webhook_code=code)
            access = str(params.pop("auth", "") or "")
            if not access:
                raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
            token = world.tokens.get(access)
            app = world.apps.get(token.client_id) if token is not None else None
            if token is None or token.revoked or app is None or not app.present:
                raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
            if token.expires_at <= world.clock.now():
                raise RestError("expired_token", "The access token provided has expired.", 401)
            user = world.user(token.user_id)
            if user is None or not user.active:
                raise RestError("user_access_error", "The user does not have access to the application.", 403)
            actor = Actor(user.id, "rest", app.client_id, connector, token.scopes)
            return Call(world, user, app, params, actor, scopes=token.scopes, token=access)

    def _oauth_host(self, name: str, params: Mapping[str, Any]) -> Answer:
        """The REST of the OAuth server: only app.info (oauth/auto-renewal.md), for a valid token."""
        if name != "app.info":
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        met = self.dispatcher.meet("oauth.app.info")
        for fault in met:
            if fault.kind == "error_after":
                raise RestError(fault.code, fault.description, fault.status)
        with self.world.lock:
            token = self.world.tokens.get(str(params.get("auth") or ""))
            app = self.world.apps.get(token.client_id) if token is not None else None
            if token is None or token.revoked or app is None or not app.present:
                raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
            if token.expires_at <= self.world.clock.now():
                raise RestError("expired_token", "The access token provided has expired.", 401)
            now = self.world.clock.now()
            stamp = {"start": now, "finish": now, "duration": 0.0, "processing": 0.0}
            dates = {"date_start": iso(now), "date_finish": iso(now)}
            body = {"result": trusted_app_info(self.world, token), "time": {**stamp, **dates}}
            return Answer(body, faults=met)

    def _log(self, name: str, call: Call | None, answer: Answer, seconds: float) -> None:
        with self.world.lock:
            self.world.call_log.append(
                {
                    "moment": iso(self.world.clock.now()),
                    "method": name,
                    "user": call.user.id if call is not None else None,
                    "client": call.app.client_id if call is not None and call.app is not None else None,
                    "params": _loggable(call.params) if call is not None else None,
                    "status": answer.status,
                    "error": answer.body.get("error") if isinstance(answer.body, dict) else None,
                    "faults": [fault.kind for fault in answer.faults],
                    "ms": round(seconds * 1000, 2),
                }
            )
            if answer.status != 200:
                self.world.count(f"status.{answer.status}")

    def _respond(self, answer: Answer, request: Request, environ: WSGIEnvironment) -> Response:
        kinds = {fault.kind: fault for fault in answer.faults}
        if "drop_before" in kinds or "drop_after" in kinds:
            drop(environ)
            return Response("", status=500)
        if "redirect" in kinds:
            target = kinds["redirect"].location.rstrip("/") + request.full_path.rstrip("?")
            return Response("", status=302, headers={"Location": target})
        html = kinds.get("html") or kinds.get("html_after")
        if html is not None:
            return Response(HTML_PAGE, status=html.status, content_type="text/html; charset=utf-8")
        if answer.spent > self.world.settings.request_cap:
            return Response(GATEWAY_TIMEOUT, status=504, content_type="text/html")
        file = answer.body.get("result")
        if isinstance(file, Download):
            return _file(file, request)
        xml = request.path.rstrip("/").lower().endswith(".xml")
        body = encode_xml(answer.body) if xml else encode(answer.body)
        if "truncated" in kinds:
            body = body[: len(body) // 2]
        content_type = "text/xml" if xml else "application/json"
        return Response(body, status=answer.status, content_type=f"{content_type}; charset=utf-8")


def _body(request: Request) -> dict[str, Any]:
    if request.method not in {"POST", "PUT"}:
        return {}
    kind = request.mimetype
    if kind == "multipart/form-data":
        return from_pairs(request.form.items(multi=True))
    raw = request.get_data()
    if not raw.strip():
        return {}
    if kind == "application/json" or (
        kind != "application/x-www-form-urlencoded" and raw.lstrip()[:1] in b"{["
    ):
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise RestError("INVALID_REQUEST", "The request body is not valid JSON", 400) from error
        return body if isinstance(body, dict) else {str(i): value for i, value in enumerate(body or [])}
    return parse_query(raw.decode("utf-8", "replace"))


def _file(file: Download, request: Request) -> Response:
    """The file; without the headers a browser sends the portal's web server answers 404 (general-principles.md)."""
    disposition = f"attachment; filename*=utf-8''{quote(file.name)}"
    if not all(request.headers.get(name) for name in ("Accept", "Accept-Language", "Referer")):
        return Response(
            NOT_FOUND_PAGE, status=404, content_type="text/html", headers={"Content-Disposition": disposition}
        )
    return Response(
        file.content, content_type="application/octet-stream", headers={"Content-Disposition": disposition}
    )


def _loggable(params: Mapping[str, Any]) -> dict[str, Any]:
    """A copy for the call log: files and long texts are shortened."""
    return {
        key: value if not isinstance(value, str) or len(value) < 2_000 else value[:2_000] + "…"
        for key, value in params.items()
        if key not in {"auth", "client_secret", "refresh_token"}
    }


def drop(environ: WSGIEnvironment) -> None:
    """Close the client's connection without an answer."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
