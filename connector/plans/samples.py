"""One example of each finding about leads, so that a page can say what it means in this plan. Reads only."""

from collections.abc import Mapping
from operator import itemgetter

from sqlalchemy import select

from connector.planning.encode import finding_from_json
from connector.planning.model import Finding
from connector.plans.queries import header
from connector.store.database import Database
from connector.store.models import PlanLead


def sample_findings(db: Database, plan_id: str) -> Mapping[str, Finding]:
    """By code, the finding of the first lead that has it, with its particulars; differences of the native switch too.

    The plan itself names those leads (`counts.samples`), so this reads a few documents, whatever the size of the plan.
    """
    first = set(header(db, plan_id).counts.get("samples", {}).values())
    # Sorted here: asked for in order, SQLite goes through all leads of the plan to find these few.
    documents = select(PlanLead.position, PlanLead.document).where(
        PlanLead.plan_id == plan_id, PlanLead.lead_id.in_(first)
    )
    found: dict[str, Finding] = {}
    with db.read() as session:
        for _, lead in sorted(session.execute(documents).all(), key=itemgetter(0)):
            for raw in (*lead["findings"], *lead["native"]["differences"]):
                found.setdefault(raw["code"], finding_from_json(raw))
    return found
