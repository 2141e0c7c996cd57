"""Files as answers: a plan or a run in the formats of `connector.reports`, streamed, and recorded as taken home."""

import tempfile
from collections.abc import Mapping
from typing import BinaryIO, cast

from flask import Response

from connector.portals import audit
from connector.reports.formats import FORMATS
from connector.web.api.caller import caller
from connector.web.context import web
from connector.web.downloads import MEMORY, PLAN_FILE, Made, pieces

REPORTS: Mapping[str, str] = {name: one.media_type.split(";")[0] for name, one in FORMATS.items()}
FILES: Mapping[str, str] = {**REPORTS, "plan": PLAN_FILE}
"""Format → media type."""


def sent(made: Made, what: Mapping[str, str], etag: str = "") -> Response:
    """The file as an answer. It is written whole before the first byte goes out, so that an error is an error."""
    file = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - closed when it has been sent
    made.write(cast(BinaryIO, file))
    with web().db.begin() as session:
        audit.record(
            session,
            caller().portal.id,
            at=web().clock.now(),
            who=caller().actor,
            action=audit.Did.DOWNLOADED,
            detail=what,
        )
    file.seek(0)
    answer = Response(pieces(file), content_type=made.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    if etag:
        answer.set_etag(etag)
    return answer
