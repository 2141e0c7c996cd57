"""Privacy policy and licence, for anybody and without signing in, as the Market asks. Must never show anything of a portal."""

from __future__ import annotations

from flask import Blueprint, request

from connector import i18n, resources
from connector.web.context import page, web

legal = Blueprint("legal", __name__)


@legal.get("/privacy")
def privacy() -> str:
    """What this installation keeps of a portal, why, for how long, and who to ask."""
    return _page("privacy")


@legal.get("/licence")
def licence() -> str:
    """Under which terms the app may be used."""
    return _page("licence")


def languages_of(text: str) -> tuple[str, ...]:
    """Codes of the languages that a legal text is written in."""
    return tuple(
        path.name.split(".")[1] for path in sorted(resources.templates_path().glob(f"legal/{text}.*.html"))
    )


def _page(text: str) -> str:
    wanted = i18n.pick(request.args.get("lang"), *request.accept_languages.values())
    i18n.speak(wanted)
    written = wanted if wanted in languages_of(text) else i18n.SOURCE
    settings = web().settings
    return page(
        "legal",
        text=text,
        written=written,
        operator=settings.operator,
        contact=settings.contact,
        retention_days=settings.retention_days,
        log_days=settings.rest_log_days,
    )
