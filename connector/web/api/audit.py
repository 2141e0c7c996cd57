"""Who did what on the portal. Must never show a line of another portal."""

from datetime import datetime
from typing import Any

from pydantic import Field

from connector.portals import audit as log
from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.operation import Headers, operation
from connector.web.api.paging import Page, PageQuery, links, onward, resume
from connector.web.api.shapes import Shape, Who, who_of
from connector.web.context import web


class AuditLine(Shape):
    """One thing that somebody did."""

    id: int
    at: datetime
    who: Who
    action: str = Field(description="What was done, as a stable code such as run.started.")
    detail: dict[str, Any]


class AuditLines(Page, Shape):
    """Lines of the audit log, the newest first."""

    data: list[AuditLine]


@operation("GET", "/audit", tag="audit", scope=Scope.AUDIT_READ, answer=AuditLines)
def list_audit(query: PageQuery) -> tuple[AuditLines, Headers]:
    """The audit log: who did what, from where, when."""
    found = log.entries(web().db, caller().portal.id, before=resume(query), limit=query.limit + 1)
    rows = found[: query.limit]
    following = onward(query, rows[-1].id if len(found) > query.limit else None)
    return AuditLines(data=[line_of(one) for one in rows], next=following), links(query, following)


def line_of(entry: log.Entry) -> AuditLine:
    """A line as the API shows it."""
    return AuditLine(
        id=entry.id, at=entry.at, who=who_of(entry.who), action=entry.action, detail=dict(entry.detail)
    )
