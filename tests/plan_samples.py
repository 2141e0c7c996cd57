"""A small plan made by hand, for tests that need one without a portal: three leads, one of each kind of outcome."""

from dataclasses import replace
from pathlib import Path

from connector.planning.catalogue import finding
from connector.planning.encode import lead_to_json
from connector.planning.model import (
    Action,
    Activity,
    ClientMatch,
    CrmMode,
    Do,
    LeadKind,
    LeadPlan,
    LeadSnapshot,
    NativeOutcome,
    PlanHead,
    StageLink,
)
from connector.planning.options import Options
from connector.plans import document

HOST = "acme.bitrix24.example"

HEAD = PlanHead(
    portal=HOST,
    host=HOST,
    to=CrmMode.SIMPLE,
    options=Options().model_dump(mode="json"),
    created="2026-11-23T09:00:00+00:00",
    stage_map=(
        StageLink("NEW", "New", "C2:NEW", "First", "position"),
        StageLink("IN_PROCESS", "In work", "C2:PREPARATION", "Second", "position"),
    ),
    findings=(finding("no-leads"),),
    counts={
        "leads": 3,
        "convertible": 2,
        "errors": 1,
        "managed": {"deals": 1, "contacts": 1},
        "findings": {"no-name": 1, "value-dropped": 1, "stage-not-mapped": 1},
        "flow": [{"stage": "NEW", "deal_stage": "C2:NEW", "leads": 2}],
        "calls": {"commands": 8, "requests": 1, "seconds": 0},
    },
)


def _lead(id_: int, title: str, stage: str, deal_stage: str, fields: dict[str, object]) -> LeadPlan:
    row = {"id": id_, "title": title, "stageId": stage, "opportunity": 100.5, "currencyId": "PLN", **fields}
    return LeadPlan(
        id=id_,
        title=title,
        kind=LeadKind.NEW,
        stage=stage,
        deal_stage=deal_stage,
        snapshot=LeadSnapshot(id=id_, fields=row),
        managed=(),
        native=NativeOutcome(
            "documented", {"title": title, "stageId": "C2:NEW"}, {"name": "Ala"}, None, (7,)
        ),
        findings=(),
    )


NEW_LEAD = replace(
    _lead(1, "=cmd|' /C calc'!A0", "NEW", "C2:NEW", {"name": "Zażółć", "lastName": "Gęślą"}),
    managed=(
        Action("contact", Do.CREATE_CONTACT, {"fields": {"name": "Zażółć", "lastName": "Gęślą"}}),
        Action(
            "deal",
            Do.CREATE_DEAL,
            {"fields": {"title": "A deal", "stageId": "C2:NEW", "contactIds": [{"ref": "contact"}]}},
        ),
        Action("products", Do.SET_PRODUCTS, {"rows": [{"productName": "x"}]}),
        Action("activity:7", Do.BIND_ACTIVITY, {"activity": 7}),
        Action("close", Do.CLOSE_LEAD, {"stage": "CONVERTED"}),
    ),
    findings=(finding("no-name", name="No name"),),
)
KNOWN_CLIENT = replace(
    _lead(2, "Привет 👋", "NEW", "C2:NEW", {}),
    snapshot=LeadSnapshot(
        id=2,
        fields={"id": 2, "title": "Привет 👋", "stageId": "NEW"},
        activities=(Activity(9, 2, "VOXIMPLANT_CALL", "CALL", "Call", False, "", 1, 1, 2, ((1, 2),)),),
        matches=(ClientMatch("contact", 44, "Jan Kowalski", ("+48600100200",), {}),),
    ),
    managed=(Action("contact", Do.LINK_CONTACT, {"id": 44, "fill": {}, "add_fm": []}),),
    findings=(finding("value-dropped", field="Colour", value="red"), finding("no-contact-data")),
)
BROKEN = replace(
    _lead(3, "<script>alert(1)</script>", "IN_PROCESS", "", {}),
    findings=(finding("stage-not-mapped", stage="IN_PROCESS"),),
)
LEADS = (NEW_LEAD, KNOWN_CLIENT, BROKEN)


def write_plan(path: Path, head: PlanHead = HEAD, leads: tuple[LeadPlan, ...] = LEADS) -> str:
    """Write a plan file; answers its digest."""
    with path.open("wb") as out:
        return document.write(out, head, (lead_to_json(lead) for lead in leads))
