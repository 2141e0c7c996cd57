"""The CRM pages: start, lists, kanban and cards, at the addresses real portals have. They change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request

from connector.sandbox.native import active_leads
from connector.sandbox.portal_page.card import CardReader
from connector.sandbox.portal_page.context import widgets
from connector.sandbox.portal_page.data import KINDS, PLURAL, Filters, Reader, category_list
from connector.sandbox.portal_page.session import visitor
from connector.sandbox.world import SIMPLE, World

KIND = "any(lead, deal, contact, company)"
STAGED = "any(lead, deal)"


def _number(name: str) -> int | None:
    value = request.args.get(name, "")
    return int(value) if value.isdecimal() else None


def _filters(kind: str, *, one_pipeline: bool = False) -> Filters:
    category = _number("category") if kind == "deal" else None
    state = request.args.get("state", "")
    return Filters(
        q=request.args.get("q", "")[:100],
        category=0 if one_pipeline and kind == "deal" and category is None else category,
        state=state if state in ("P", "S", "F") else "",
        responsible=_number("responsible"),
    )


def blueprint(world: World) -> Blueprint:
    """Routes /portal/ and /crm/…; static files below /portal/static/."""
    static = Path(__file__).parent / "static"
    pages = Blueprint("portal", __name__, static_folder=str(static), static_url_path="/portal/static")

    def reader() -> Reader:
        who = visitor(world)
        return Reader(world, who.user, who.language)

    def section(kind: str, view: str, filters: Filters) -> dict[str, Any]:
        language = visitor(world).language
        return {
            "kind": kind,
            "view": view,
            "section": kind,
            "filters": filters,
            "categories": category_list(world),
            "users": [user for user in world.users.values() if user.active],
            "toolbar": widgets(world, f"CRM_{kind.upper()}_LIST_TOOLBAR", language),
            "row_menu": widgets(world, f"CRM_{kind.upper()}_LIST_MENU", language),
        }

    @pages.route("/portal/")
    def start() -> str:
        who, read = visitor(world), reader()
        cards: list[dict[str, Any]] = []
        if world.mode != SIMPLE:
            active = len(active_leads(world, who.actor))
            cards.append(_card(who, "lead", active, who.text("start.active_leads")))
        cards.append(_card(who, "deal", read.count("deal", "P"), who.text("start.active_deals")))
        cards += [
            _card(who, kind, read.count(kind), who.text("start.total")) for kind in ("contact", "company")
        ]
        kind = "deal" if world.mode == SIMPLE else "lead"
        lanes = read.lanes(kind, Filters(category=0))
        board = {
            "kind": kind,
            "lanes": lanes,
            "most": max((lane.count for lane in lanes), default=0) or 1,
            "rows": read.page(kind, Filters(), 1).rows[:6],
        }
        ready = [app for app in world.apps.values() if not app.present and app.app_url]
        return render_template(
            "start.html", section="start", cards=cards, board=board, installable=ready[0] if ready else None
        )

    def _card(who: Any, kind: str, value: int, note: str) -> dict[str, Any]:
        label = who.text(f"nav.{kind}")
        url = f"/crm/{kind}/list/"
        return {"name": PLURAL[kind], "icon": kind, "label": label, "value": value, "note": note, "url": url}

    @pages.route("/portal/notifications/")
    def notifications() -> str:
        return render_template("_notes.html")

    @pages.route("/crm/")
    def crm() -> Any:
        return redirect("/crm/lead/list/" if world.mode != SIMPLE else "/crm/deal/list/")

    @pages.route(f"/crm/<{KIND}:kind>/")
    def crm_kind(kind: str) -> Any:
        return redirect(f"/crm/{kind}/list/")

    @pages.route(f"/crm/<{KIND}:kind>/list/")
    def records(kind: str) -> str:
        filters = _filters(kind)
        page = reader().page(kind, filters, max(1, _number("page") or 1))
        return render_template("list.html", page=page, **section(kind, "list", filters))

    @pages.route(f"/crm/<{STAGED}:kind>/kanban/")
    def kanban(kind: str) -> str:
        filters = _filters(kind, one_pipeline=True)
        lanes = reader().lanes(kind, filters)
        return render_template("kanban.html", lanes=lanes, **section(kind, "kanban", filters))

    @pages.route("/crm/deal/kanban/category/<int:category>/")
    def pipeline(category: int) -> Any:
        return redirect(f"/crm/deal/kanban/?category={category}")

    @pages.route(f"/crm/<{KIND}:kind>/details/<int:row_id>/")
    def details(kind: str, row_id: int) -> Any:
        who, read = visitor(world), reader()
        row = world.entities(KINDS[kind]).get(row_id)
        if row is None or not read.may_see(row):
            page = render_template(
                "message.html", title_key=f"nav.{kind}", text_key="card.not_found", section=kind
            )
            return page, 404
        card = CardReader(world, read, who.text, who.language).read(kind, row)
        code = f"CRM_{kind.upper()}_DETAIL"
        return render_template(
            "details.html",
            kind=kind,
            section=kind,
            record=card,
            toolbar=widgets(world, f"{code}_TOOLBAR", who.reads),
            detail_tabs=widgets(world, f"{code}_TAB", who.reads),
        )

    @pages.app_errorhandler(404)
    def missing(_error: Exception) -> Any:
        if request.path.startswith("/portal/api"):
            return {"error": "NOT_FOUND"}, 404
        return render_template("message.html", title_key="portal.name", text_key="common.not_found"), 404

    @pages.route("/crm/configs/", defaults={"rest": ""})
    @pages.route("/crm/configs/<path:rest>")
    def settings(rest: str) -> Any:
        # The dialog is opened from the lists; a link to the settings leads to the list that has it.
        if rest and not rest.startswith("mode"):
            abort(404)
        return redirect(f"/crm/{'lead' if world.mode != SIMPLE else 'deal'}/list/#mode")

    return pages
