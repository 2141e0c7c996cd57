"""The head of a plan: totals that add up, what is created first, and what is true of the whole."""

from dataclasses import replace
from typing import Any

from connector.planning.catalogue import CATALOGUE, render
from connector.planning.findings_classic import CLASSIC_GROUPS, CLASSIC_ROWS
from connector.planning.model import CrmMode, Do, PlanHead, PortalFacts
from connector.planning.options import Automation, Options
from connector.planning.planner import plan_leads
from connector.planning.summary import make_head
from connector.planning.tally import Tally
from tests.planning.portal import FACTS, activity, facts, lead, mandatory


def head(*leads: Any, portal: PortalFacts = FACTS, notes: tuple[str, ...] = (), **options: Any) -> PlanHead:
    chosen = Options(**options)
    tally = Tally(quiet=chosen.automation is Automation.QUIET)
    for plan in plan_leads(portal, chosen, leads):
        tally.add(plan)
    return make_head(portal, chosen, tally, "2026-11-23T09:00:00+00:00", notes)


def codes(found: PlanHead) -> set[str]:
    return {f.code for f in found.findings}


def test_totals_add_up() -> None:
    found = head(
        lead(1, name="Jan", _activities=[activity(5), activity(6)]),
        lead(2, isReturnCustomer="Y", contactIds=[3]),
        lead(3, currencyId="GBP"),
        lead(4, name="Ewa"),
        create="both",
        leads={"exclude": [4]},
    ).counts
    assert (found["leads"], found["convertible"], found["errors"], found["excluded"]) == (4, 2, 1, 1)
    assert (found["new"], found["repeat"]) == (3, 1)
    assert found["managed"]["deals"] == 2
    assert found["managed"]["activities_moved"] == 2
    assert sum(row["leads"] for row in found["flow"]) == 2
    assert sum(found["leads_by_severity"].values()) == 4
    assert found["native"]["deals"] == 4


def test_calls_grow_with_the_leads_and_time_with_the_limits() -> None:
    few, many = Tally(), Tally()
    plans = plan_leads(FACTS, Options(), [lead(i, name="Jan") for i in range(1, 4)])
    for plan in plans:
        few.add(plan)
    for _ in range(5_000):
        many.add(plans[0])
    assert few.counts()["calls"] == {"commands": 15, "requests": 1, "seconds": 0}
    calls = many.counts()["calls"]
    assert calls["requests"] == calls["commands"] / 50 == 500
    assert calls["seconds"] >= (500 - 50) / 2


def test_what_takes_more_than_an_hour_is_said() -> None:
    tally = Tally()
    (plan,) = plan_leads(FACTS, Options(), [lead(1, name="Jan")])
    for _ in range(20_000):
        tally.add(plan)
    assert "long" in {f.code for f in make_head(FACTS, Options(), tally, "").findings}


def test_a_new_pipeline_is_made_from_the_lead_stages_only_when_it_is_needed() -> None:
    found = head(lead(1, name="Jan"), pipeline="new", pipeline_name="Leady")
    (action,) = found.setup
    assert action.do is Do.CREATE_PIPELINE
    assert action.params["name"] == "Leady"
    stages = action.params["stages"]
    assert [s["code"] for s in stages] == ["NEW", "IN_PROCESS", "UC_CALL", "PROCESSED", "WON", "LOSE"]
    assert [s["semantics"] for s in stages] == ["P", "P", "P", "P", "S", "F"]
    assert stages[0]["color"] == "#39A8EF"
    assert [s["sort"] for s in stages] == sorted(s["sort"] for s in stages)
    assert "pipeline-new" in codes(found)
    assert head(pipeline="new").setup == ()


def test_missing_fields_are_made_when_a_lead_uses_them() -> None:
    found = head(lead(1, name="Jan", ufCrm_108="ważne", ufCrm_111="IT"), missing_fields="create-missing")
    made = {a.params["fields"]["LABEL"]: a for a in found.setup}
    assert set(made) == {"Bez odpowiednika", "Typ"}
    action = made["Bez odpowiednika"]
    assert action.do is Do.CREATE_FIELD
    assert action.params["fields"]["USER_TYPE_ID"] == "string"
    assert made["Typ"].params["fields"]["SETTINGS"] == {"ENTITY_TYPE": "INDUSTRY"}
    (plan,) = plan_leads(
        FACTS, Options(missing_fields="create-missing"), [lead(1, name="Jan", ufCrm_108="ważne")]
    )
    deal = next(a for a in plan.managed if a.do is Do.CREATE_DEAL).params["fields"]
    assert deal[f"ufCrm_{action.params['fields']['FIELD_NAME']}"] == "ważne"
    assert "field-dropped" not in {f.code for f in plan.findings}


def test_a_new_enumeration_keeps_its_text() -> None:
    fields = {**FACTS.user_fields, "deal": ()}
    portal = facts(user_fields=fields)
    (plan,) = plan_leads(
        portal,
        Options(missing_fields="create-missing"),
        [lead(1, name="Jan", ufCrm_102=13, ufCrm_103=[21, 22])],
    )
    deal = next(a for a in plan.managed if a.do is Do.CREATE_DEAL).params["fields"]
    assert {"Rolnictwo"} <= {v for v in deal.values() if isinstance(v, str)}
    assert ["Sklep", "Hurt"] in [v for v in deal.values() if isinstance(v, list)]
    found = head(lead(1, name="Jan", ufCrm_102=13), portal=portal, missing_fields="create-missing")
    assert "field-new-text" in codes(found)


def test_a_required_field_is_made_optional_and_said() -> None:
    portal = facts(user_fields=mandatory("lead.UF_CRM_108"))
    found = head(lead(1, name="Jan", ufCrm_108="x"), portal=portal, missing_fields="create-missing")
    assert {"field-new", "field-mandatory"} <= codes(found)
    assert found.setup[0].params["fields"]["MANDATORY"] == "N"


def test_who_is_no_administrator_gets_an_error() -> None:
    assert "maybe-incomplete" in codes(head(portal=facts(i_am_admin=False)))


def test_leads_that_were_counted_and_not_read_are_an_error() -> None:
    assert "count-differs" in codes(head(lead(1), portal=facts(active_total=2)))
    assert "count-differs" not in codes(head(lead(1), portal=facts(active_total=1)))


def test_leads_left_out_are_counted() -> None:
    found = head(lead(1), lead(2), portal=facts(active_total=7), leads={"exclude": [2]})
    left = next(f for f in found.findings if f.code == "leads-left-out")
    assert left.params["count"] == 6


def test_leftovers_can_be_named_with_their_native_prediction() -> None:
    options = Options(leftovers="let-bitrix24-convert", leads={"stages": ["NEW"]})
    plans = plan_leads(FACTS, options, [lead(1, stageId="NEW"), lead(2, stageId="IN_PROCESS")])
    assert [bool(p.managed) for p in plans] == [True, False]
    assert plans[1].native.deal is not None
    assert "excluded" in {f.code for f in plans[1].findings}


def test_workflows_that_fire_are_named() -> None:
    rows = (
        {
            "ID": "1",
            "NAME": "Powitanie",
            "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"],
            "AUTO_EXECUTE": "1",
        },
        {
            "ID": "2",
            "NAME": "Lead BP",
            "DOCUMENT_TYPE": ["crm", "CCrmDocumentLead", "LEAD"],
            "AUTO_EXECUTE": "3",
        },
        {
            "ID": "4",
            "NAME": "Lead ręczny",
            "DOCUMENT_TYPE": ["crm", "CCrmDocumentLead", "LEAD"],
            "AUTO_EXECUTE": "0",
        },
        {
            "ID": "3",
            "NAME": "Ręczny",
            "DOCUMENT_TYPE": ["crm", "CCrmDocumentContact", "CONTACT"],
            "AUTO_EXECUTE": "0",
        },
    )
    found = head(lead(1, name="Jan"), portal=facts(workflows=rows))
    fires = [f for f in found.findings if f.code == "workflows-fire"]
    assert [f.params["names"] for f in fires] == [["Powitanie"]]
    (stops,) = (f for f in found.findings if f.code == "ready-lead-workflows")
    assert stops.params["names"] == ["Lead BP", "Lead ręczny"]
    assert "workflows-unknown" in codes(head(lead(1, name="Jan"), portal=facts(workflows=None)))


def test_a_quiet_plan_says_what_runs_all_the_same() -> None:
    rows = tuple(
        {"ID": str(n), "NAME": name, "DOCUMENT_TYPE": ["crm", document, "X"], "AUTO_EXECUTE": when}
        for n, (name, document, when) in enumerate(
            (
                ("Powitanie", "CCrmDocumentDeal", "1"),
                ("Zmiana deala", "CCrmDocumentDeal", "2"),
                ("Zmiana kontaktu", "CCrmDocumentContact", "2"),
            )
        )
    )
    plain, sold = lead(1, name="Jan"), lead(2, name="Ewa", _products=[{"id": 1, "price": 1, "quantity": 1}])
    loud = codes(head(plain, sold, portal=facts(workflows=rows)))
    assert {"workflows-fire", "robots-fire", "lead-robots-fire", "workflows-on-change"} <= loud
    found = head(plain, sold, portal=facts(workflows=rows), automation="quiet")
    assert not {"workflows-fire", "robots-fire", "history-not-carried"} & codes(found)
    assert {"quiet", "lead-robots-fire", "history-not-imported"} <= codes(found)
    (changes,) = (f for f in found.findings if f.code == "workflows-on-change")
    assert changes.params == {"entity": "deal", "names": ["Zmiana deala"]}
    quiet = head(plain, portal=facts(workflows=rows), automation="quiet")
    assert "workflows-on-change" not in codes(quiet)


def test_where_creation_dates_are_kept_is_said() -> None:
    assert not {"created-noted", "created-kept"} & codes(head(lead(1, name="Jan")))
    assert "created-noted" in codes(head(lead(1, name="Jan"), created_field="timeline"))
    found = head(lead(1, name="Jan"), created_field="UF_CRM_299")
    (kept,) = (f for f in found.findings if f.code == "created-kept")
    assert kept.params == {"field": "Data leada"}


def test_robots_of_leads_are_named_as_what_stops() -> None:
    assert "ready-lead-robots" in codes(head())
    assert "ready-lead-robots" not in codes(head(portal=facts(mode=CrmMode.SIMPLE), to="classic"))


def test_imports_count_as_one_call_for_twenty() -> None:
    leads = [lead(n, name=f"Jan {n}") for n in range(1, 42)]
    loud, quiet = (head(*leads, automation=how).counts["calls"]["commands"] for how in ("run", "quiet"))
    assert loud - quiet == 2 * 41 - 2 * 3


def test_a_workflow_that_asks_for_parameters_stops_the_native_switch() -> None:
    rows = (
        {
            "ID": "1",
            "NAME": "P",
            "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"],
            "AUTO_EXECUTE": "1",
            "PARAMETERS": {"a": 1},
        },
    )
    (plan,) = plan_leads(facts(workflows=rows), Options(), [lead(1, name="Jan")])
    assert plan.native.fails == "workflow P"
    assert plan.managed


def test_what_creates_leads_is_named_where_it_can_be_read() -> None:
    found = head(portal=facts(lead_sources={"open_lines": ("Telegram",), "telephony": ()}))
    assert {"open-lines-create", "ready-forms"} <= codes(found)
    assert not {"ready-open-lines", "ready-telephony", "telephony-creates"} & codes(found)
    assert {"ready-open-lines", "ready-telephony"} <= codes(head())


def test_to_classic_says_what_changes() -> None:
    found = head(portal=facts(mode=CrmMode.SIMPLE, active_total=3), to="classic")
    assert {
        "classic-nothing-converted",
        "classic-leads-back",
        "classic-new-requests",
        "menu-reset",
        "flip-guided",
        "classic-stages",
        "classic-robots",
    } <= codes(found)
    assert found.setup == () == found.stage_map


def test_to_classic_names_what_works_again_and_what_is_counted() -> None:
    workflow = {"NAME": "Greet", "DOCUMENT_TYPE": ["crm", "CCrmDocumentLead", "LEAD"], "AUTO_EXECUTE": "1"}
    portal = facts(
        mode=CrmMode.SIMPLE,
        workflows=(workflow,),
        lead_sources={"open_lines": ("Telegram",), "telephony": ()},
        clients={"deal": 4, "contact": 3, "company": 2},
    )
    said = {item.code: render(item) for item in head(portal=portal, to="classic").findings}
    assert "Greet" in said["classic-workflows"]
    assert "Telegram" in said["classic-open-lines"]
    assert "classic-telephony" not in said
    assert "Deals (4), contacts (3) and companies (2)" in said["classic-records"]


def test_what_a_plan_to_classic_says_is_about_something_that_appears_changes_or_stays() -> None:
    about_the_plan = {"classic-none", "classic-unknown"}
    codes_ = {row[0] for row in CLASSIC_ROWS}
    assert codes_ - about_the_plan == set(CLASSIC_GROUPS) - {"menu-reset"}


def test_every_finding_about_a_plan_can_be_said() -> None:
    found = head(lead(1, name="Jan"), notes=("addresses-unread",), portal=facts(i_am_admin=False))
    for item in found.findings:
        assert "…" not in render(item)
        assert CATALOGUE[item.code].scope == "plan"
    assert "addresses-unread" in codes(found)


def test_what_stays_unread_or_is_left_by_choice_is_said() -> None:
    nameless = {id_: replace(person, name="") for id_, person in FACTS.people.items()}
    portal = facts(smart_listed=False, people=nameless, lead_sources={"telephony": ("Line 1",)})
    said = {
        item.code: render(item)
        for item in head(lead(1, name="Jan"), portal=portal, timeline="leave").findings
    }
    assert {"related-not-read", "people-unknown", "comments-left", "telephony-creates"} <= set(said)
    assert "comments-at-apply" not in said
    assert "Line 1" in said["telephony-creates"]


def test_to_classic_names_the_lines_that_will_create_leads() -> None:
    portal = facts(mode=CrmMode.SIMPLE, lead_sources={"telephony": ("Line 1",)})
    said = {item.code: render(item) for item in head(portal=portal, to="classic").findings}
    assert "Line 1" in said["classic-telephony"]
