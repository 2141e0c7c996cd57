"""HTTP routes of the OAuth server: the authorise page and the token endpoint; the portal proxies both.

Decides nothing: `oauth.py` does. The trusted `app.info` is REST and answered in `rest/wsgi.py`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from connector.sandbox.oauth import OAuthError, OAuthServer
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import World

GRANTS = {"authorization_code": "code", "refresh_token": "refresh_token"}
"""Grant type and the parameter that it needs."""


def _fail(error: OAuthError) -> tuple[Response, int]:
    return jsonify(error=error.code, error_description=error.description), error.status


def blueprint(world: World, server: OAuthServer) -> Blueprint:
    """Routes /oauth/authorize/ and /oauth/token/."""
    pages = Blueprint("oauth", __name__)

    @pages.route("/oauth/token/", methods=["GET", "POST"], strict_slashes=False)
    def token() -> Response | tuple[Response, int]:
        sent = request.values
        world.count("oauth.token")
        grant, client_id = sent.get("grant_type", ""), sent.get("client_id", "")
        try:
            if grant not in GRANTS:
                raise OAuthError("unsupported_grant_type" if grant else "invalid_request")
            proof, client_secret = sent.get(GRANTS[grant], ""), sent.get("client_secret", "")
            if not proof:
                raise OAuthError("invalid_request")
            take = server.exchange if grant == "authorization_code" else server.renew
            return jsonify(server.answer(take(client_id, client_secret, proof, sent.get("scope", ""))))
        except OAuthError as error:
            return _fail(error)

    @pages.route("/oauth/authorize/", strict_slashes=False)
    def authorize() -> Any:
        who = visitor(world)
        app = world.apps.get(request.args.get("client_id", ""))
        try:
            client_id, scope = app.client_id if app else "", request.args.get("scope", "")
            code = server.code_for(client_id, who.user.id, request.host, request.scheme, scope)
        except OAuthError as error:
            # Failures are shown to the person on the portal; no error redirect goes back (oauth/index.md).
            return render_template("authorize.html", app=app, error=error.code, code=""), error.status
        assert app is not None
        if not app.redirect_uri:
            return render_template("authorize.html", app=app, error="", code=code)
        query = {
            "code": code,
            "state": request.args.get("state", ""),
            "domain": request.host,
            "member_id": world.member_id,
            "scope": ",".join(app.scopes),
            "server_domain": urlsplit(world.oauth_url or world.base_url).netloc,
        }
        joint = "&" if urlsplit(app.redirect_uri).query else "?"
        return redirect(f"{app.redirect_uri}{joint}{urlencode(query)}")

    return pages
