"""Plans over a real portal and a real database: made, stored, written to a file, taken in again, asked about."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.errors import Cancelled, DigestMismatch, NotAPlan, OptionsUnfit, PlanNotFound, WrongPortal
from connector.planning.catalogue import render
from connector.planning.model import Do
from connector.planning.options import Options
from connector.plans import queries, service
from connector.plans.samples import sample_findings
from connector.portals.refs import PortalRef
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from connector.store.models import Portal
from tests.plans.portals import ACTOR, Connected, connect

Sandbox = Callable[..., SandboxServer]


@pytest.fixture
def portal(sandbox: Sandbox, database: Database) -> Connected:
    return connect(sandbox, database, leads=120)


def active(portal: Connected) -> list[int]:
    return sorted(i for i, r in portal.server.world.leads.rows.items() if r["STATUS_SEMANTIC_ID"] == "P")


def test_every_active_lead_is_in_the_plan_once_and_the_portal_is_untouched(portal: Connected) -> None:
    before = dict(portal.server.world.leads.rows), len(portal.server.world.deals.rows)
    plan_id = portal.plan(create="both")
    assert [d["id"] for d in queries.documents(portal.db, plan_id)] == active(portal)
    header = queries.header(portal.db, plan_id)
    assert header.state == "ready"
    assert header.counts["leads"] == len(active(portal))
    assert header.head is not None
    assert not [f for f in header.head.findings if f.severity == "error"]
    assert (dict(portal.server.world.leads.rows), len(portal.server.world.deals.rows)) == before


def test_planning_twice_gives_the_same_leads(portal: Connected) -> None:
    first, second = portal.plan(), portal.plan()
    assert list(queries.documents(portal.db, first)) == list(queries.documents(portal.db, second))


def test_open_activities_of_the_portal_all_have_a_place(portal: Connected) -> None:
    leads = set(active(portal))
    wanted = {
        row["ID"]
        for row in portal.server.world.activities.rows.values()
        if not row["COMPLETED"]
        and row["BINDINGS"][0][0] == 1
        and row["BINDINGS"][0][1] in leads
        and row["TYPE_ID"] != 3
    }
    plan_id = portal.plan()
    moved = {
        action["params"]["activity"]
        for d in queries.documents(portal.db, plan_id)
        for action in d["managed"]
        if action["do"] == Do.UNBIND_ACTIVITY
    }
    assert moved == wanted
    assert wanted


def test_a_selection_is_read_and_the_rest_is_named(portal: Connected) -> None:
    ids = active(portal)[:3]
    plan_id = portal.plan(leads={"ids": ids})
    assert [d["id"] for d in queries.documents(portal.db, plan_id)] == ids
    assert queries.findings(portal.db, plan_id)
    left = next(f for f in queries.header(portal.db, plan_id).head.findings if f.code == "leads-left-out")  # type: ignore[union-attr]
    assert left.params["count"] == len(active(portal)) - 3


@pytest.mark.parametrize(
    ("narrow", "holds"),
    [
        ({"stages": ["NEW"]}, lambda r: r["STATUS_ID"] == "NEW"),
        ({"responsible": [1]}, lambda r: r["ASSIGNED_BY_ID"] == 1),
        ({"sources": ["WEB", "CALL"]}, lambda r: r["SOURCE_ID"] in ("WEB", "CALL")),
    ],
)
def test_selections_mean_what_they_say(
    portal: Connected, narrow: dict[str, list[str]], holds: Callable[..., bool]
) -> None:
    rows = portal.server.world.leads.rows
    plan_id = portal.plan(leads=narrow)
    assert [d["id"] for d in queries.documents(portal.db, plan_id)] == [
        i for i in active(portal) if holds(rows[i])
    ]


def test_to_classic_nothing_is_converted(sandbox: Sandbox, database: Database) -> None:
    portal = connect(sandbox, database, leads=10, mode="simple")
    plan_id = portal.plan(to="classic")
    header = queries.header(portal.db, plan_id)
    assert header.counts["leads"] == 0
    assert header.head is not None
    assert "classic-nothing-converted" in {f.code for f in header.head.findings}


def test_an_unknown_pipeline_is_refused_with_those_that_exist(portal: Connected) -> None:
    with pytest.raises(OptionsUnfit) as refused:
        portal.plan(pipeline=999)
    assert "General" in refused.value.user_message()
    assert queries.recent(portal.db, portal.ref.id)[0].state == "failed"


def test_a_cancelled_plan_leaves_no_leads(portal: Connected) -> None:
    plan_id = service.create(portal.db, portal.ref, Options(), ACTOR)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(service, "EVERY", 10)
    with pytest.raises(Cancelled):
        service.build(portal.db, portal.client, plan_id, cancel=lambda: True)
    monkey.undo()
    assert queries.header(portal.db, plan_id).state == "failed"
    assert not list(queries.documents(portal.db, plan_id))


def test_a_half_built_plan_is_built_anew(portal: Connected) -> None:
    plan_id = service.create(portal.db, portal.ref, Options(), ACTOR)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(service, "EVERY", 10)
    with pytest.raises(Cancelled):
        service.build(portal.db, portal.client, plan_id, cancel=lambda: True)
    monkey.undo()
    service.build(portal.db, portal.client, plan_id)
    assert [d["id"] for d in queries.documents(portal.db, plan_id)] == active(portal)


def test_a_file_goes_out_and_comes_in_as_the_same_plan(portal: Connected, tmp_path: Path) -> None:
    plan_id = portal.plan()
    path = tmp_path / "plan.jsonl"
    digest = service.save_file(portal.db, plan_id, path)
    assert digest == queries.header(portal.db, plan_id).digest
    lines = path.read_bytes().splitlines(keepends=True)
    assert hashlib.sha256(b"".join(lines[:-1])).hexdigest() == json.loads(lines[-1])["digest"] == digest
    assert service.load_file(portal.db, portal.ref, path) == plan_id
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob(".*jsonl*")) == []


def test_a_foreign_file_is_taken_in_whole(portal: Connected, database: Database, tmp_path: Path) -> None:
    plan_id = portal.plan()
    path = tmp_path / "plan.jsonl"
    digest = service.save_file(portal.db, plan_id, path)
    with database.begin() as session:
        session.execute(Portal.metadata.tables["plan"].delete())
    taken = service.load_file(portal.db, portal.ref, path, actor=ACTOR)
    assert taken != plan_id
    assert queries.header(portal.db, taken).digest == digest
    assert service.save_file(portal.db, taken, tmp_path / "again.jsonl") == digest
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_a_bad_file_stores_nothing(portal: Connected, tmp_path: Path) -> None:
    plan_id = portal.plan()
    path = tmp_path / "plan.jsonl"
    service.save_file(portal.db, plan_id, path)
    content = path.read_bytes()
    before = len(queries.recent(portal.db, portal.ref.id))
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((NotAPlan, DigestMismatch)):
        service.load_file(portal.db, portal.ref, path)
    path.write_bytes(content.replace(b'"managed":', b'"manged":'))
    with pytest.raises(NotAPlan, match="line 2"):
        service.load_file(portal.db, portal.ref, path)
    path.write_bytes(content)
    with pytest.raises(WrongPortal):
        service.load_file(portal.db, PortalRef(portal.ref.id, "other", "other.example.com"), path)
    assert len(queries.recent(portal.db, portal.ref.id)) == before


def test_pages_of_leads_meet_without_gap_or_overlap(portal: Connected) -> None:
    plan_id = portal.plan(create="both")
    for sort in (*queries.SORTS, *(f"-{s}" for s in queries.SORTS)):
        seen: list[int] = []
        after = ""
        while True:
            page = queries.leads(portal.db, plan_id, sort=sort, after=after, limit=7)
            seen += [row.id for row in page.rows]
            after = page.after
            if not after:
                break
        assert sorted(seen) == active(portal), sort


def test_filters_agree_with_the_documents(portal: Connected) -> None:
    plan_id = portal.plan(create="both")
    documents = list(queries.documents(portal.db, plan_id))

    def found(**narrow: str) -> list[int]:
        return [row.id for row in queries.leads(portal.db, plan_id, limit=500, **narrow).rows]  # type: ignore[arg-type]

    assert found(kind="repeat") == [d["id"] for d in documents if d["kind"] == "repeat"]
    assert found(stage="NEW") == [d["id"] for d in documents if d["stage"] == "NEW"]
    for item in queries.findings(portal.db, plan_id):
        if item.leads:
            having = [
                d["id"]
                for d in documents
                if item.code in {f["code"] for f in (*d["findings"], *d["native"]["differences"])}
            ]
            assert found(code=item.code) == having
            assert queries.leads(portal.db, plan_id, code=item.code).total == len(having) == item.leads
    title = documents[0]["title"].split()[0]
    assert documents[0]["id"] in found(search=title.upper())
    assert found(search="%") == [
        d["id"] for d in documents if "%" in json.dumps(d["snapshot"]["fields"].get("title"))
    ]


def test_a_cursor_that_is_not_ours_starts_from_the_beginning(portal: Connected) -> None:
    plan_id = portal.plan()
    first = queries.leads(portal.db, plan_id, limit=5)
    for after in ("x", "!!!", "e30", "WyJ0aXRsZSIsMSwyXQ"):
        assert queries.leads(portal.db, plan_id, limit=5, after=after) == first


def test_the_flow_adds_up(portal: Connected) -> None:
    plan_id = portal.plan()
    assert (
        sum(row.leads for row in queries.flow(portal.db, plan_id))
        == queries.header(portal.db, plan_id).counts["convertible"]
    )


def test_a_plan_of_another_portal_is_not_found(portal: Connected) -> None:
    plan_id = portal.plan()
    with pytest.raises(PlanNotFound):
        queries.header(portal.db, plan_id, portal_id=portal.ref.id + 1)
    with pytest.raises(PlanNotFound):
        queries.lead(portal.db, plan_id, 10**9)


def test_every_finding_has_an_example(portal: Connected) -> None:
    plan_id = portal.plan(create="both")
    examples = sample_findings(portal.db, plan_id)
    assert set(examples) == {f.code for f in queries.findings(portal.db, plan_id) if f.leads}
    assert all("…" not in render(item) for item in examples.values())
