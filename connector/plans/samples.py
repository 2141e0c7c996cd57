"""One example of each finding about leads, so that a page can say what it means in this plan. Reads only."""

from collections.abc import Mapping

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
    documents = (
        select(PlanLead.document)
        .where(PlanLead.plan_id == plan_id, PlanLead.lead_id.in_(first))
        .order_by(PlanLead.position)
    )
    found: dict[str, Finding] = {}
    with db.read() as session:
        for lead in session.scalars(documents):
            for raw in (*lead["findings"], *lead["native"]["differences"]):
                found.setdefault(raw["code"], finding_from_json(raw))
    return found
