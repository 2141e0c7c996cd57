"""Files to take home: a plan, a run or the audit log in the formats of `connector.reports`.

A post of a signed-in person buys a link that is good once; the link itself carries no session. Must never serve a file under another
portal's ticket.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask_babel import get_timezone

from connector import i18n
from connector.errors import PlanNotReady
from connector.i18n import N_, _
from connector.plans import decisions, document, queries
from connector.portals import audit, tickets
from connector.portals.rights import Action, require
from connector.reports.auditlog import audit_report
from connector.reports.formats import FORMATS
from connector.reports.plans import PlanSource, plan_report
from connector.reports.runs import run_report_of
from connector.store.database import Database
from connector.web import auditview
from connector.web.context import web
from connector.web.guard import actor, me, portal, signed_in

downloads = Blueprint("downloads", __name__)

LABELS: Mapping[str, str] = {
    "xlsx": N_("Excel"),
    "csv": N_("CSV"),
    "html": N_("Web page"),
    "json": N_("JSON"),
    "plan": N_("Plan file"),
}
PLAN_FILE = "application/jsonl"
AUDIT = "audit"
AUDIT_FORMATS = ("xlsx", "csv", "json")
MEMORY = 2_000_000
PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Download:
    """A button that starts a download."""

    format: str
    label: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)


def plan_downloads(plan_id: str) -> list[Download]:
    """What a plan can be taken home as."""
    return [_button("plan", plan_id, name) for name in LABELS]


def run_downloads(run_id: str) -> list[Download]:
    """What a run can be taken home as."""
    return [_button("run", run_id, name) for name in LABELS if name in FORMATS]


def audit_downloads(fields: Mapping[str, str]) -> list[Download]:
    """What the audit log can be taken home as, narrowed as the page is."""
    return [_button(AUDIT, "log", name, fields) for name in AUDIT_FORMATS]


@downloads.route("/app/downloads/<kind>/<id_>/<form>", methods=["POST", "GET"])
@signed_in(Action.DOWNLOAD)
def prepare(kind: str, id_: str, form: str) -> Any:
    """Check that there is such a file for this person, then send the browser to a link that is good once."""
    if kind not in _MAKERS or form not in LABELS:
        abort(404)
    require(me(), _RIGHTS.get(kind, Action.DOWNLOAD))
    narrowed = {name: request.form[name] for name in auditview.FIELDS if request.form.get(name)}
    what: dict[str, Any] = {"kind": kind, "id": id_, "format": form, "lang": i18n.language()}
    if kind == AUDIT:
        what |= {"wanted": narrowed, "tz": str(get_timezone())}
    _MAKERS[kind](web().db, what, portal().id)
    token = tickets.issue(web().db, portal().id, me().user_id, what, web().clock)
    with web().db.begin() as session:
        audit.record(
            session, portal().id, at=web().clock.now(), who=actor(), action=audit.Did.DOWNLOADED, detail=what
        )
    return redirect(url_for("downloads.fetch", token=token), 303)


@downloads.get("/downloads/<token>")
def fetch(token: str) -> Response:
    """The file itself. HEAD does not use the ticket up."""
    if request.method == "HEAD":
        return Response(status=200)
    ticket = tickets.redeem(web().db, token, web().clock)
    what = ticket.what
    with i18n.speaking(what["lang"]):
        made = _MAKERS[what["kind"]](web().db, what, ticket.portal_id)
        file = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed when it has been sent
        made.write(cast(BinaryIO, file))
    file.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(
        pieces(file), mimetype=made.media_type.split(";")[0], headers=headers, content_type=made.media_type
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is about to be written."""

    name: str
    media_type: str
    write: Callable[[BinaryIO], object]


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A file bit by bit, closed at its end."""
    with file:
        while piece := file.read(PIECE):
            yield piece


def _button(kind: str, id_: str, form: str, fields: Mapping[str, str] | None = None) -> Download:
    path = url_for("downloads.prepare", kind=kind, id_=id_, form=form)
    return Download(form, _(LABELS[form]), path, fields or {})


def plan_file(db: Database, what: Mapping[str, Any], portal_id: int) -> Made:
    """A plan of this portal as a file; `what` is `{"id", "format"}`. Raises `PlanNotFound`, `PlanNotReady`."""
    id_, form = what["id"], what["format"]
    plan = queries.header(db, id_, portal_id=portal_id)
    if plan.head is None:
        raise PlanNotReady(state=plan.state)
    head = plan.head
    name = f"leadswitch-plan-{plan.created_at:%Y-%m-%d}-{id_[:8]}"
    if form == "plan":
        return Made(
            f"{name}.jsonl",
            PLAN_FILE,
            lambda out: document.write(out, head, queries.documents(db, id_), decisions.exported(plan)),
        )
    report = plan_report(
        PlanSource(
            head, plan.digest, lambda: queries.documents(db, id_), int(plan.decisions.get("left_out", 0))
        )
    )
    chosen = FORMATS[form]
    return Made(f"{name}.{chosen.suffix}", chosen.media_type, lambda out: chosen.write(report, out))


def run_file(db: Database, what: Mapping[str, Any], portal_id: int) -> Made:
    """A run of this portal as a file; `what` is `{"id", "format"}`. Raises `RunNotFound`."""
    id_, form = what["id"], what["format"]
    if form not in FORMATS:
        abort(404)
    report, chosen = run_report_of(db, id_, portal_id=portal_id), FORMATS[form]
    return Made(
        f"leadswitch-run-{id_[:8]}.{chosen.suffix}", chosen.media_type, lambda out: chosen.write(report, out)
    )


def _audit(db: Database, what: Mapping[str, Any], portal_id: int) -> Made:
    if what["format"] not in AUDIT_FORMATS:
        abort(404)
    wanted = auditview.wanted_of(what["wanted"], ZoneInfo(what["tz"]))
    report, chosen = audit_report(db, portal_id, wanted), FORMATS[what["format"]]
    return Made(f"leadswitch-audit.{chosen.suffix}", chosen.media_type, lambda out: chosen.write(report, out))


_MAKERS: Mapping[str, Callable[[Database, Mapping[str, Any], int], Made]] = {
    "plan": plan_file,
    "run": run_file,
    AUDIT: _audit,
}
_RIGHTS: Mapping[str, Action] = {AUDIT: Action.READ_AUDIT}
