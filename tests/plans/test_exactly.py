"""Plan → apply in the sandbox gives exactly the planned records, field by field: nothing less, nothing of the lead beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.planning import channels
from connector.planning.customfields import is_empty
from connector.planning.model import Do
from connector.planning.options import OPTIONS, Options
from connector.plans import queries
from connector.portals.webhook import register_webhook
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from connector.switching.runner import SliceResult
from tests.switching.harness import Stage, settings_in

TYPES = {"deal": 2, "contact": 3, "company": 4}
MARKS = {"originatorId", "originId"}


@pytest.fixture
def stage(sandbox: Callable[..., SandboxServer], database: Database, tmp_path: Path) -> Callable[..., Stage]:
    def make(**options: Any) -> Stage:
        portal = sandbox(**options)
        settings = settings_in(tmp_path)
        return Stage(
            portal, database, settings, register_webhook(database, settings, portal.ready["webhook"])
        )

    return make


def records(portal: Stage, entity: str) -> dict[int, dict[str, Any]]:
    rows = portal.client().list("crm.item.list", {"entityTypeId": TYPES[entity], "select": ["*"]})
    return {int(str(row["id"])): dict(row) for row in rows}


def rows_of_deals(portal: Stage, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in portal.client().children(
        "crm.item.productrow.list", ids, parent_filter="=ownerId", params={"filter": {"=ownerType": "D"}}
    ):
        found.setdefault(int(str(row["ownerId"])), []).append(dict(row))
    return found


def resolve(value: Any, ids: Mapping[str, int], pipeline: int) -> Any:
    if isinstance(value, Mapping) and "ref" in value:
        if value["ref"] == "pipeline":
            return f"C{pipeline}:{value['stage']}" if "stage" in value else pipeline
        return ids[value["ref"]]
    if isinstance(value, list):
        return [resolve(v, ids, pipeline) for v in value]
    return value


def fm(entries: Any) -> list[tuple[str, str]]:
    return sorted((e["typeId"], e["value"]) for e in entries)


def compare(where: str, planned: Mapping[str, Any], real: Mapping[str, Any]) -> list[str]:
    wrong = []
    for name, value in planned.items():
        if name in MARKS:
            continue
        ours, theirs = (fm(value), fm(real["fm"])) if name == "fm" else (value, real.get(name))
        if ours != theirs:
            wrong.append(f"{where}.{name}: planned {ours!r}, is {theirs!r}")
    custom = [n for n, v in real.items() if n.startswith("ufCrm") and not is_empty(v) and v != "N"]
    wrong += [f"{where}.{n}: not planned, is {real[n]!r}" for n in custom if n not in planned]
    return wrong


CHOICES: dict[str, dict[str, Any]] = {
    "both": {"create": "both"},
    "contact-new-pipeline-and-fields": {
        "create": "contact",
        "missing_fields": "create-missing",
        "pipeline": "new",
        "pipeline_name": "Z leadów",
    },
    "company-complete": {"create": "company", "activities": "complete", "clients": "always-create"},
    "quiet": {"create": "both", "automation": "quiet"},
    "left-as-it-is": {
        "create": "both",
        "clients": "report-only",
        "company_title": "only-when-given",
        "contact_name": "Bez nazwy",
        "related": "move",
        "timeline": "leave",
        "created_field": "timeline",
        "leads": {"stages": ["NEW", "IN_PROCESS"]},
        "stages": {"NEW": "EXECUTING"},
        "responsible": 1,
    },
}


@pytest.mark.parametrize("options", CHOICES.values(), ids=CHOICES)
def test_apply_makes_what_the_plan_says(stage: Callable[..., Stage], options: dict[str, Any]) -> None:
    portal = stage(leads=90)
    before = {entity: records(portal, entity) for entity in ("contact", "company")}
    run_id = portal.start(**options)
    assert portal.drive(run_id) is SliceResult.WAITING
    plan_id = portal.run(run_id).plan_id
    done = {lead.lead_id: lead for lead in portal.leads(run_id) if lead.state == "done"}
    documents = list(queries.documents(portal.db, plan_id))
    assert set(done) == {d["id"] for d in documents if d["managed"]}
    after = {entity: records(portal, entity) for entity in TYPES}
    rows = rows_of_deals(portal, [lead.deal_id for lead in done.values() if lead.deal_id])
    pipeline = max((int(r["categoryId"]) for r in after["deal"].values()), default=0)
    wrong: list[str] = []
    for document in documents:
        if not document["managed"]:
            continue
        lead = done[document["id"]]
        ids = {"deal": lead.deal_id, "contact": lead.contact_id, "company": lead.company_id}
        where = f"lead {document['id']}"
        for action in document["managed"]:
            key, params = action["key"], action["params"]
            if action["do"] in (Do.CREATE_DEAL, Do.CREATE_CONTACT, Do.CREATE_COMPANY):
                planned = {n: resolve(v, ids, pipeline) for n, v in params["fields"].items()}  # type: ignore[arg-type]
                real = after[key][ids[key]]  # type: ignore[index]
                if key != "deal":
                    # Later leads of the plan may have added to it.
                    real = {
                        **real,
                        "fm": [
                            e for e in real["fm"] if (e["typeId"], e["value"]) in fm(planned.get("fm", ()))
                        ],
                    }
                    planned.setdefault("fm", [])
                    wrong += [w for w in compare(f"{where} {key}", planned, real) if "not planned" not in w]
                else:
                    copies = {a["params"]["target"] for a in document["managed"] if a["do"] == Do.COPY_FILES}
                    real = {name: value for name, value in real.items() if name not in copies}
                    wrong += compare(f"{where} {key}", planned, real)
            elif action["do"] in (Do.LINK_CONTACT, Do.LINK_COMPANY):
                real, old = after[key][params["id"]], before[key][params["id"]]
                fill = {n: resolve(v, ids, pipeline) for n, v in params["fill"].items()}  # type: ignore[arg-type]
                wrong += [
                    f"{where} {key} #{params['id']}.{n}: {real.get(n)!r} instead of {v!r}"
                    for n, v in fill.items()
                    if real.get(n) != v
                ]
                have = {channels.key_of(e, "PL") or e["value"] for e in real["fm"]}
                wrong += [
                    f"{where} {key}: {e['value']} not added"
                    for e in params["add_fm"]
                    if (channels.key_of(e, "PL") or e["value"]) not in have
                ]
                kept = {
                    n: v for n, v in old.items() if not is_empty(v) and n not in fill and n not in VOLATILE
                }
                wrong += [
                    f"{where} {key}.{n}: {v!r} became {real.get(n)!r}"
                    for n, v in kept.items()
                    if real.get(n) != v
                ]
            elif action["do"] == Do.COPY_FILES:
                copied = portal.world.deals.rows[ids["deal"]][params["target"].replace("ufCrm", "UF_CRM")]
                files = portal.world.files.rows
                wrong += [
                    f"{where}: file {old} is not {new}"
                    for old, new in zip(params["files"], [copied], strict=True)
                    if [files[old][n] for n in ("NAME", "CONTENT")]
                    != [files[new][n] for n in ("NAME", "CONTENT")]
                ]
            elif action["do"] == Do.SET_PRODUCTS:
                real_rows = sorted(rows[ids["deal"]], key=lambda r: (r["sort"], r["id"]))  # type: ignore[index]
                for planned_row, real_row in zip(params["rows"], real_rows, strict=True):
                    wrong += compare(
                        f"{where} row", planned_row, {k: v for k, v in real_row.items() if k != "fm"}
                    )
    assert not wrong, "\n".join(wrong[:40])


NOT_SENT = {"to", "variant", "leftovers"}
"""Options that change no record: where to, what is predicted, and when the mode may change."""


def test_every_word_of_every_option_is_applied() -> None:
    chosen = [Options(**options) for options in CHOICES.values()]
    for row in OPTIONS:
        if row.values and row.name not in NOT_SENT:
            assert set(row.values) <= {str(getattr(one, row.name)) for one in chosen}, row.name


VOLATILE = {
    "updatedTime",
    "updatedBy",
    "lastActivityTime",
    "lastActivityBy",
    "fm",
    "searchContent",
    "contactIds",
    "companyIds",
    "hasPhone",
    "hasEmail",
}
VOLATILE |= {
    "phone",
    "email",
    "phoneWork",
    "phoneMobile",
    "emailWork",
    "emailHome",
    "phoneMailing",
    "emailMailing",
}


def test_a_lead_stage_with_the_longest_code_gets_its_stage_in_the_new_pipeline(
    stage: Callable[..., Stage],
) -> None:
    portal = stage(leads=6)
    client = portal.client()
    code = "A_STAGE_OF_21_LETTERS"
    assert len(code) == 21
    kept = {"ENTITY_ID": "STATUS", "STATUS_ID": code, "NAME": "Looking around", "SORT": 15}
    client.call("crm.status.add", {"fields": kept})
    lead = next(row["ID"] for row in portal.world.leads if row["STATUS_SEMANTIC_ID"] == "P")
    client.call("crm.lead.update", {"id": lead, "fields": {"STATUS_ID": code}})
    run_id = portal.start(pipeline="new")
    assert portal.drive(run_id) is SliceResult.WAITING
    (converted,) = [one for one in portal.leads(run_id) if one.lead_id == lead]
    assert converted.state == "done"
    assert converted.deal_id is not None
    deal = records(portal, "deal")[converted.deal_id]
    rows: Any = client.call(
        "crm.status.list", {"filter": {"ENTITY_ID": f"DEAL_STAGE_{deal['categoryId']}"}}
    ).result
    assert {row["STATUS_ID"]: row["NAME"] for row in rows}[str(deal["stageId"])] == "Looking around"
