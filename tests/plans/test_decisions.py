"""Decisions about a plan stand beside it: the plan and its digest never change, files carry them, and a run obeys them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.errors import DecisionUnfit, DigestMismatch, PlanAlreadyApplied, PlanNotFound
from connector.planning.encode import lead_from_json
from connector.plans import decisions, queries, service
from connector.portals import audit
from connector.sandbox.server import SandboxServer
from connector.store.database import Database
from connector.switching import service as switching
from connector.switching.queries import leads as run_leads
from tests.plans.portals import ACTOR, Connected, connect


@pytest.fixture
def portal(sandbox: Callable[..., SandboxServer], database: Database) -> Connected:
    return connect(sandbox, database, leads=40)


def code_of(portal: Connected, plan_id: str, severity: str = "data-loss") -> str:
    """The most frequent finding of leads with this severity."""
    found = [f for f in queries.findings(portal.db, plan_id) if f.scope == "lead" and f.severity == severity]
    return max(found, key=lambda f: f.leads).code


def having(portal: Connected, plan_id: str, code: str) -> set[int]:
    """Leads with this finding."""
    documents = map(lead_from_json, queries.documents(portal.db, plan_id))
    return {lead.id for lead in documents if any(f.code == code for f in lead.findings)}


def left_out(portal: Connected, plan_id: str) -> set[int]:
    return {row.id for row in queries.leads(portal.db, plan_id, excluded=True, limit=500).rows}


def test_the_plan_and_its_digest_stay_and_the_decisions_have_their_own(portal: Connected) -> None:
    plan_id = portal.plan()
    before, lines = queries.header(portal.db, plan_id), list(queries.documents(portal.db, plan_id))
    code = code_of(portal, plan_id)
    decisions.leave_out_finding(portal.db, plan_id, code, ACTOR)
    after = queries.header(portal.db, plan_id)
    assert (after.digest, after.head, after.counts) == (before.digest, before.head, before.counts)
    assert list(queries.documents(portal.db, plan_id)) == lines
    assert before.decided == ""
    assert len(after.decided) == 64
    assert left_out(portal, plan_id) == having(portal, plan_id, code)


def test_counts_leave_out_who_is_left_out_and_come_back(portal: Connected) -> None:
    plan_id = portal.plan()
    whole = queries.header(portal.db, plan_id)
    code = code_of(portal, plan_id)
    decisions.leave_out_finding(portal.db, plan_id, code, ACTOR)
    decisions.leave_out_finding(portal.db, plan_id, code, ACTOR)
    some = decisions.counts(queries.header(portal.db, plan_id))
    gone = len(having(portal, plan_id, code))
    assert some["convertible"] == whole.counts["convertible"] - gone
    assert some["managed"]["deals"] == whole.counts["managed"]["deals"] - gone
    assert sum(row["leads"] for row in some["flow"]) == some["convertible"]
    decisions.take_back(portal.db, plan_id, decisions.CODES, code, ACTOR)
    again = queries.header(portal.db, plan_id)
    assert decisions.counts(again) == whole.counts
    assert again.decided == ""
    assert left_out(portal, plan_id) == set()


def test_a_lead_left_out_by_the_options_stays_left_out(portal: Connected) -> None:
    lead = next(queries.documents(portal.db, portal.plan()))["id"]
    plan_id = portal.plan(leads={"exclude": [lead]})
    decisions.leave_out_lead(portal.db, plan_id, lead, ACTOR)
    assert queries.header(portal.db, plan_id).decisions["left_out"] == 0
    decisions.take_back(portal.db, plan_id, decisions.LEADS, str(lead), ACTOR)
    assert left_out(portal, plan_id) == {lead}


def test_only_what_the_plan_has_can_be_decided(portal: Connected) -> None:
    plan_id = portal.plan()
    for wrong in (
        lambda: decisions.accept(portal.db, plan_id, ["no-such-finding"], ACTOR),
        lambda: decisions.accept(portal.db, plan_id, ["stage-not-mapped"], ACTOR),
        lambda: decisions.leave_out_finding(portal.db, plan_id, "robots-fire", ACTOR),
        lambda: decisions.leave_out_lead(portal.db, plan_id, 10**9, ACTOR),
        lambda: decisions.take_back(portal.db, plan_id, "everything", "", ACTOR),
    ):
        with pytest.raises(DecisionUnfit):
            wrong()
    with pytest.raises(PlanNotFound):
        decisions.accept(portal.db, "0" * 32, ["robots-fire"], ACTOR)
    assert queries.header(portal.db, plan_id).decided == ""


def test_every_decision_stands_in_the_audit_log_once(portal: Connected) -> None:
    plan_id = portal.plan()
    for _ in range(2):
        decisions.accept(portal.db, plan_id, ["robots-fire"], ACTOR)
    decisions.take_back(portal.db, plan_id, decisions.ACCEPTED, "robots-fire", ACTOR)
    decisions.take_back(portal.db, plan_id, decisions.ACCEPTED, "robots-fire", ACTOR)
    lines = audit.entries(portal.db, portal.ref.id, wanted=audit.Wanted(action=audit.Did.DECIDED))
    assert len(lines) == 2


def test_a_run_leaves_them_alone_and_says_which_decisions_it_obeyed(portal: Connected) -> None:
    plan_id = portal.plan()
    code = code_of(portal, plan_id)
    lead = next(
        d["id"] for d in queries.documents(portal.db, plan_id) if d["id"] not in having(portal, plan_id, code)
    )
    decisions.leave_out_finding(portal.db, plan_id, code, ACTOR)
    decisions.leave_out_lead(portal.db, plan_id, lead, ACTOR)
    gone = having(portal, plan_id, code) | {lead}
    run_id = switching.start(portal.db, plan_id, ACTOR)
    states = {row.lead_id: (row.state, row.reason) for row in run_leads(portal.db, run_id, limit=500)}
    assert {id_ for id_, state in states.items() if state == ("skipped", "excluded")} == gone
    assert {state for id_, (state, _) in states.items() if id_ not in gone} == {"pending"}
    started = audit.entries(portal.db, portal.ref.id)[0]
    assert started.detail["decided"] == queries.header(portal.db, plan_id).decided[:12]
    with pytest.raises(PlanAlreadyApplied):
        decisions.take_back(portal.db, plan_id, decisions.CODES, code, ACTOR)


def test_a_file_carries_them_and_the_same_plan_without_them_is_another(
    portal: Connected, tmp_path: Path
) -> None:
    plan_id = portal.plan()
    plain, decided = tmp_path / "plain.jsonl", tmp_path / "decided.jsonl"
    service.save_file(portal.db, plan_id, plain)
    code = code_of(portal, plan_id)
    decisions.leave_out_finding(portal.db, plan_id, code, ACTOR)
    decisions.accept(portal.db, plan_id, ["robots-fire"], ACTOR)
    service.save_file(portal.db, plan_id, decided)
    assert plain.read_bytes().splitlines()[:-1] == decided.read_bytes().splitlines()[:-1]
    assert "decisions" not in json.loads(plain.read_bytes().splitlines()[-1])

    assert service.load_file(portal.db, portal.ref, decided) == plan_id
    other = service.load_file(portal.db, portal.ref, plain)
    assert other != plan_id
    assert left_out(portal, other) == set()

    decisions.take_back(portal.db, plan_id, decisions.CODES, code, ACTOR)
    loaded = service.load_file(portal.db, portal.ref, decided, actor=ACTOR)
    assert loaded not in (plan_id, other)
    assert left_out(portal, loaded) == having(portal, plan_id, code)


@pytest.mark.parametrize("damage", ["leads", "codes", "digest", "none", "kind"])
def test_decisions_that_were_changed_by_hand_are_refused(
    portal: Connected, tmp_path: Path, damage: str
) -> None:
    from connector.errors import NotAPlan

    plan_id = portal.plan()
    decisions.accept(portal.db, plan_id, ["robots-fire"], ACTOR)
    path = tmp_path / "plan.jsonl"
    service.save_file(portal.db, plan_id, path)
    *lines, last = path.read_bytes().splitlines()
    summary = json.loads(last)
    changed = {
        "leads": {"leads": [1]},
        "codes": {"codes": ["no-name"]},
        "digest": {"digest": "0" * 64},
        "none": {"accepted": []},
        "kind": {"leads": ["x"]},
    }
    summary["decisions"] |= changed[damage]
    path.write_bytes(b"\n".join([*lines, json.dumps(summary).encode()]) + b"\n")
    with pytest.raises((DigestMismatch, NotAPlan)):
        service.load_file(portal.db, portal.ref, path)
