"""The market page and the page that opens an app in a frame, as Bitrix24 does. Nothing is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, render_template, request

from connector.sandbox.launch import DEFAULT_PLACEMENT, Address, Apps, Launch, LaunchRefused
from connector.sandbox.portal_page.context import widgets
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import App, World


def _options(prefix: str) -> dict[str, str]:
    """`options[ID]=5` of the query as a map."""
    found = {}
    for key, value in request.args.items():
        if key.startswith(f"{prefix}[") and key.endswith("]"):
            found[key[len(prefix) + 1 : -1]] = value
    return found


def blueprint(world: World, lifecycle: Apps) -> Blueprint:
    """Routes below /marketplace/."""
    pages = Blueprint("market", __name__)

    @pages.route("/marketplace/")
    @pages.route("/market/")
    def market() -> str:
        return render_template("market.html", section="market", apps=list(world.apps.values()))

    @pages.route("/marketplace/app/<int:app_id>/")
    def by_id(app_id: int) -> Any:
        app = next((app for app in world.apps.values() if app.id == app_id), None) or abort(404)
        placement = request.args.get("placement", DEFAULT_PLACEMENT)
        position = request.args.get("n", "")
        handler = ""
        if placement != DEFAULT_PLACEMENT:
            row = world.placements[int(position)] if _known(world, position) else None
            if row is None or row.get("client_id") != app.client_id or row.get("placement") != placement:
                abort(404)
            handler = str(row["handler"])
        return _open(app, placement, _options("options"), handler)

    @pages.route("/marketplace/view/<code>/")
    def by_code(code: str) -> Any:
        """REST_APP_URI links: `params[…]` arrive in PLACEMENT_OPTIONS (widgets/universal/app-url.md)."""
        wanted = [app for app in world.apps.values() if code in (app.code, app.client_id)]
        app = wanted[0] if wanted else abort(404)
        rows = [row for row in world.placements if row.get("placement") == "REST_APP_URI"]
        bound = [str(row["handler"]) for row in rows if row.get("client_id") == app.client_id]
        if bound:
            return _open(app, "REST_APP_URI", _options("params"), bound[0])
        return _open(app, DEFAULT_PLACEMENT, _options("params"), "")

    def _open(app: App, placement: str, options: Mapping[str, str], handler: str) -> Any:
        who = visitor(world)
        address = Address(request.host, request.scheme)
        more: dict[str, Any] = dict(options)
        referrer = urlsplit(request.referrer or "")
        if referrer.netloc == request.host and placement != DEFAULT_PLACEMENT:
            more["URI"] = referrer.path
        if request.args.get("IFRAME") == "Y":
            more |= {"IFRAME": "Y", "IFRAME_TYPE": "SIDE_SLIDER"}
        try:
            launch = lifecycle.open(
                app.client_id,
                who.user,
                who.reads,
                address,
                placement=placement,
                options=more,
                handler=handler,
            )
        except LaunchRefused as refused:
            return render_template("app.html", app=app, refused=refused.key, section=_section(app, placement))
        return render_template(
            "app.html",
            app=app,
            refused="",
            launch=launch,
            section=_section(app, placement),
            frame_name=f"{request.host}|{1 if request.is_secure else 0}|{launch.app_sid}",
            frame_origin="{0.scheme}://{0.netloc}".format(urlsplit(launch.action)),
            init=_init(app, launch, address, placement, more),
        )

    def _init(
        app: App, launch: Launch, address: Address, placement: str, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The answer to `getInitData` of the frame protocol, with the keys that b24jssdk 2.2.0 reads."""
        who = visitor(world)
        key = (app.client_id, who.user.id)
        return {
            "DOMAIN": address.host,
            "PROTOCOL": 1 if address.scheme == "https" else 0,
            "PATH": "/rest",
            "LANG": who.reads,
            "AUTH_ID": launch.fields["AUTH_ID"],
            "REFRESH_ID": launch.fields["REFRESH_ID"],
            "AUTH_EXPIRES": int(launch.fields["AUTH_EXPIRES"]),
            "MEMBER_ID": world.member_id,
            "IS_ADMIN": who.user.is_admin,
            "APP_OPTIONS": dict(world.app_options.get(app.client_id, {})),
            "USER_OPTIONS": dict(world.user_options.get(key, {})),
            "PLACEMENT": DEFAULT_PLACEMENT if launch.installing else placement,
            "PLACEMENT_OPTIONS": dict(options),
            "INSTALL": launch.installing,
            "FIRST_RUN": lifecycle.first_run(app.client_id, who.user),
            "APP_SID": launch.app_sid,
            "APP_ID": app.id,
        }

    def _section(app: App, placement: str) -> str:
        position = request.args.get("n", "")
        known = {item["section"] for item in widgets(world, placement, "en")}
        section = f"placement-{position}"
        return section if section in known else f"app-{app.id}"

    return pages


def _known(world: World, position: str) -> bool:
    return position.isdecimal() and int(position) < len(world.placements)
