"""Bitrix24's own conversion and switch, against native_switch.md."""

from __future__ import annotations

import pytest

from connector.sandbox import native
from connector.sandbox.crm import activities, addresses, items, products, timeline, userfields
from connector.sandbox.native import ConversionError, NativeSwitch, Scheme, SwitchError
from connector.sandbox.world import CLASSIC, COMPANY, CONTACT, DEAL, LEAD, SIMPLE, Actor, World
from tests.sandbox.worlds import (
    ACTOR,
    ADMIN,
    EMPLOYEE,
    add_company,
    add_contact,
    add_field,
    add_lead,
    add_rows,
    second_pipeline,
    small_world,
)


@pytest.fixture
def world() -> World:
    return small_world()


def run(world: World, variant: str = "documented", **options: object) -> dict[str, object]:
    return NativeSwitch(world, ACTOR, variant, native.scheme_from(options)).run()


def add_todo(world: World, lead_id: int, subject: str = "Call back", **values: object) -> int:
    return activities.create(world, {"SUBJECT": subject, "BINDINGS": ((LEAD, lead_id),), **values}, ACTOR)


def test_only_leads_in_work_are_converted_in_id_order(world: World) -> None:
    first, second, third = (add_lead(world, TITLE=name) for name in ("a", "b", "c"))
    junk = add_lead(world, STATUS_ID="JUNK")
    done = add_lead(world, STATUS_ID="CONVERTED")
    items.update(world, LEAD, second, {"STATUS_ID": "PROCESSED"}, actor=ACTOR)
    report = run(world)
    assert [row["lead"] for row in report["converted"]] == [first, second, third]
    assert world.leads.rows[junk]["STATUS_ID"] == "JUNK"
    assert not world.deals.find("LEAD_ID", done)
    assert world.settings.mode == SIMPLE


def test_a_new_lead_becomes_contact_and_deal_by_the_field_map(world: World) -> None:
    lead_id = add_lead(
        world,
        TITLE="Garden",
        POST="Buyer",
        COMPANY_TITLE="Green",
        SOURCE_ID="WEB",
        COMMENTS="note",
        UTM_SOURCE="ad",
        OPPORTUNITY=120.5,
        CURRENCY_ID="EUR",
        ASSIGNED_BY_ID=EMPLOYEE,
        OBSERVERS=(ADMIN,),
        STATUS_DESCRIPTION="warm",
        FM=((900, "PHONE", "MOBILE", "+48 22 000 00 01"), (901, "EMAIL", "WORK", "ewa@example.com")),
    )
    made = run(world)["converted"][0]
    deal, contact = world.deals.rows[made["deal"]], world.contacts.rows[made["contact"]]
    assert made["company"] == 0
    assert (deal["TITLE"], deal["OPPORTUNITY"], deal["CURRENCY_ID"]) == ("Garden", 120.5, "EUR")
    assert (deal["STAGE_ID"], deal["CATEGORY_ID"], deal["TYPE_ID"]) == ("NEW", 0, "SALE")
    assert deal["LEAD_ID"] == contact["LEAD_ID"] == lead_id
    assert deal["CONTACT_IDS"] == (made["contact"],)
    assert deal["ASSIGNED_BY_ID"] == contact["ASSIGNED_BY_ID"] == EMPLOYEE
    assert deal["OBSERVERS"] == contact["OBSERVERS"] == ()
    assert (contact["POST"], contact["SOURCE_ID"], contact["UTM_SOURCE"]) == ("Buyer", "WEB", "ad")
    assert [(kind, sort, value) for _id, kind, sort, value in contact["FM"]] == [
        ("PHONE", "MOBILE", "+48 22 000 00 01"),
        ("EMAIL", "WORK", "ewa@example.com"),
    ]
    assert not deal["FM"]


def test_the_lead_is_closed_with_its_clients_and_does_not_become_a_repeat_lead(world: World) -> None:
    lead_id = add_lead(world)
    made = run(world, company=True)["converted"][0]
    lead = world.leads.rows[lead_id]
    assert (lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"]) == ("CONVERTED", "S")
    assert lead["CONTACT_IDS"] == (made["contact"],)
    assert lead["COMPANY_ID"] == made["company"]
    assert lead["DATE_CLOSED"]
    assert lead["IS_RETURN_CUSTOMER"] is False


@pytest.mark.parametrize(("given", "expected"), [("Green Ltd", "Green Ltd"), ("", "Request")])
def test_a_company_is_called_by_its_name_or_by_the_lead(world: World, given: str, expected: str) -> None:
    add_lead(world, COMPANY_TITLE=given)
    made = run(world, company=True)["converted"][0]
    assert world.companies.rows[made["company"]]["TITLE"] == expected
    assert world.contacts.rows[made["contact"]]["COMPANY_IDS"] == (made["company"],)


def test_a_lead_without_any_name_gives_a_contact_called_no_name(world: World) -> None:
    add_lead(world, NAME="", LAST_NAME=None)
    made = run(world)["converted"][0]
    assert world.contacts.rows[made["contact"]]["NAME"] == "No name"


def test_a_repeat_lead_becomes_a_deal_only_with_its_own_clients(world: World) -> None:
    contacts, company = (add_contact(world), add_contact(world)), add_company(world)
    add_lead(world, CONTACT_IDS=contacts, COMPANY_ID=company)
    before = len(world.contacts), len(world.companies)
    made = run(world, company=True)["converted"][0]
    deal = world.deals.rows[made["deal"]]
    assert (len(world.contacts), len(world.companies)) == before
    assert (deal["CONTACT_IDS"], deal["COMPANY_ID"]) == (contacts, company)
    assert (made["contact"], made["company"]) == (0, 0)


def test_the_deal_uses_the_default_requisite_of_its_company_else_of_its_contact(world: World) -> None:
    contact, company = add_contact(world), add_company(world)
    of_contact = addresses.add_requisite(world, CONTACT, contact, {"NAME": "Private"}, ACTOR)
    hidden = {"NAME": "Address", "ADDRESS_ONLY": True, "SORT": 1}
    addresses.add_requisite(world, COMPANY, company, hidden, ACTOR)
    addresses.add_requisite(world, COMPANY, company, {"NAME": "Second", "SORT": 600}, ACTOR)
    default = addresses.add_requisite(world, COMPANY, company, {"NAME": "Default", "SORT": 100}, ACTOR)
    world.bank_details.insert({"ID": 31, "ENTITY_ID": default, "NAME": "Bank", "ACTIVE": True})
    for clients in ({"CONTACT_IDS": (contact,), "COMPANY_ID": company}, {"CONTACT_IDS": (contact,)}, {}):
        add_lead(world, **clients)
    links = [world.deals.rows[made["deal"]]["REQUISITE_LINK"] for made in run(world)["converted"]]
    no_mine = {"MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    assert links == [
        {"REQUISITE_ID": default, "BANK_DETAIL_ID": 31, **no_mine},
        {"REQUISITE_ID": of_contact, "BANK_DETAIL_ID": 0, **no_mine},
        None,
    ]


def test_a_known_phone_is_not_looked_for(world: World) -> None:
    phone = (("PHONE", "WORK", "+48 22 000 00 02"),)
    known = add_contact(world, FM=tuple((i + 1, *entry) for i, entry in enumerate(phone)))
    add_lead(world, FM=tuple((i + 50, *entry) for i, entry in enumerate(phone)))
    assert run(world)["converted"][0]["contact"] != known


def test_the_contact_of_an_earlier_conversion_is_reused_unchanged(world: World) -> None:
    lead_id = add_lead(world, NAME="New")
    earlier = add_contact(world, NAME="Old", LEAD_ID=lead_id)
    assert run(world)["converted"][0]["contact"] == earlier
    assert world.contacts.rows[earlier]["NAME"] == "Old"


def test_the_chosen_pipeline_gets_the_deals_in_its_first_stage(world: World) -> None:
    pipeline = second_pipeline(world)
    add_lead(world)
    deal = world.deals.rows[run(world, category_id=pipeline)["converted"][0]["deal"]]
    assert (deal["CATEGORY_ID"], deal["STAGE_ID"]) == (pipeline, f"C{pipeline}:NEW")


@pytest.mark.parametrize(("keep", "open_after"), [(True, True), (False, False)])
def test_open_activities_stay_open_or_are_completed_as_chosen(
    world: World, keep: bool, open_after: bool
) -> None:
    lead_id = add_lead(world)
    todo = add_todo(world, lead_id)
    made = run(world, keep_activities=keep)["converted"][0]
    row = world.activities.rows[todo]
    assert row["COMPLETED"] is not open_after
    assert row["BINDINGS"] == ((LEAD, lead_id), (DEAL, made["deal"]), (CONTACT, made["contact"]))


def test_comments_are_shown_on_the_new_records_too(world: World) -> None:
    lead_id = add_lead(world)
    comment = timeline.add_comment(world, (LEAD, lead_id), "Prefers mornings", ACTOR)
    made = run(world)["converted"][0]
    assert (DEAL, made["deal"]) in world.comments.rows[comment]["BINDINGS"]
    assert (LEAD, lead_id) in world.comments.rows[comment]["BINDINGS"]


def test_product_rows_move_and_a_manual_amount_is_lost(world: World) -> None:
    lead_id = add_lead(world, OPPORTUNITY=9999.0, IS_MANUAL_OPPORTUNITY=True)
    add_rows(world, lead_id, ("Fence", 100.0, 3.0), ("Gate", 50.0, 1.0))
    deal_id = run(world)["converted"][0]["deal"]
    assert [row["PRODUCT_NAME"] for row in products.of_owner(world, "D", deal_id)] == ["Fence", "Gate"]
    assert world.deals.rows[deal_id]["OPPORTUNITY"] == 350.0
    assert world.deals.rows[deal_id]["IS_MANUAL_OPPORTUNITY"] is False


def test_rows_that_an_earlier_deal_of_the_lead_has_are_left_out(world: World) -> None:
    lead_id = add_lead(world)
    add_rows(world, lead_id, ("Fence", 100.0, 3.0), ("Gate", 50.0, 1.0))
    earlier = items.create(world, DEAL, {"TITLE": "Earlier", "LEAD_ID": lead_id}, ACTOR)
    products.replace(world, "D", earlier, [{"PRODUCT_NAME": "Fence", "PRICE": 100, "QUANTITY": 3}], ACTOR)
    deal_id = run(world)["converted"][0]["deal"]
    assert [row["PRODUCT_NAME"] for row in products.of_owner(world, "D", deal_id)] == ["Gate"]


def test_custom_fields_go_by_type_multiplicity_and_label(world: World) -> None:
    text = add_field(world, "LEAD", "Budget note")
    same = add_field(world, "DEAL", " budget  NOTE ")
    add_field(world, "CONTACT", "Budget note", USER_TYPE_ID="double")
    lead_id = add_lead(world, **{text: "up to 5"})
    made = run(world, sync_fields=False)["converted"][0]
    assert world.deals.rows[made["deal"]][same] == "up to 5"
    assert "up to 5" not in world.contacts.rows[made["contact"]].values()
    assert world.leads.rows[lead_id][text] == "up to 5"


def test_enumeration_values_go_by_their_text_and_unknown_ones_are_lost(world: World) -> None:
    source = add_field(
        world,
        "LEAD",
        "Colours",
        USER_TYPE_ID="enumeration",
        MULTIPLE=True,
        LIST=[{"VALUE": "red"}, {"VALUE": "blue"}],
    )
    target = add_field(
        world,
        "DEAL",
        "Colours",
        USER_TYPE_ID="enumeration",
        MULTIPLE=True,
        LIST=[{"VALUE": "green"}, {"VALUE": "red"}],
    )
    ids = {e["VALUE"]: e["ID"] for e in userfields.by_name(world, LEAD)[source]["LIST"]}
    red_on_deal = {e["VALUE"]: e["ID"] for e in userfields.by_name(world, DEAL)[target]["LIST"]}["red"]
    add_lead(world, **{source: (ids["blue"], ids["red"])})
    deal_id = run(world)["converted"][0]["deal"]
    assert world.deals.rows[deal_id][target] == (red_on_deal,)
    assert red_on_deal != ids["red"]


def test_missing_custom_fields_are_created_once_when_agreed(world: World) -> None:
    name = add_field(world, "LEAD", "Warranty", MANDATORY=True)
    add_lead(world, **{name: "two years"})
    add_lead(world, **{name: "none"})
    made = run(world)["converted"]
    new = [f for f in userfields.of_entity(world, DEAL) if userfields.label(f) == "Warranty"]
    assert len(new) == 1
    assert new[0]["MANDATORY"] is True
    assert world.deals.rows[made[0]["deal"]][new[0]["FIELD_NAME"]] == "two years"


@pytest.mark.parametrize("variant", ["documented", "older-web"])
def test_a_lead_that_fails_is_left_open_undone_and_the_web_flips_all_the_same(
    world: World, variant: str
) -> None:
    good = add_lead(world)
    bad = add_lead(world, FM=((77, "EMAIL", "WORK", "not an address"),))
    report = run(world, variant, company=False)
    assert [row["lead"] for row in report["converted"]] == [good]
    assert [(row["lead"], row["code"]) for row in report["failed"]] == [(bad, "INVALID_FIELDS")]
    assert world.leads.rows[bad]["STATUS_SEMANTIC_ID"] == "P"
    assert not world.deals.find("LEAD_ID", bad)
    assert report["flipped"]
    assert world.mode == SIMPLE


def test_what_a_failed_lead_had_created_is_deleted(world: World) -> None:
    lead_id = add_lead(world)
    scheme = Scheme(contact=True, company=False, category_id=0)
    original = items.create

    def refuse_deals(world: World, kind: int, *args: object, **more: object) -> int:
        if kind == DEAL:
            raise ConversionError(lead_id, "CREATE_FAILED", "no")
        return original(world, kind, *args, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(items, "create", refuse_deals)
        with pytest.raises(ConversionError):
            native.convert(world, lead_id, scheme, ACTOR)
    assert not world.contacts.find("LEAD_ID", lead_id)


def test_the_mobile_variant_stops_at_the_first_failure_and_does_not_flip(world: World) -> None:
    add_lead(world, FM=((77, "EMAIL", "WORK", "not an address"),))
    untouched = add_lead(world)
    report = run(world, "mobile")
    assert not report["flipped"]
    assert world.mode == CLASSIC
    assert world.leads.rows[untouched]["STATUS_SEMANTIC_ID"] == "P"


def test_the_older_web_variant_ignores_what_was_chosen(world: World) -> None:
    lead_id = add_lead(world)
    todo = add_todo(world, lead_id)
    report = run(world, "older-web", company=False, category_id=second_pipeline(world), keep_activities=True)
    made = report["converted"][0]
    assert made["company"]
    assert world.deals.rows[made["deal"]]["CATEGORY_ID"] == 0
    assert world.activities.rows[todo]["COMPLETED"] is True
    assert world.converter.create_company is False


@pytest.mark.parametrize("variant", native.VARIANTS)
def test_stop_in_the_middle_keeps_what_is_converted_and_the_mode(world: World, variant: str) -> None:
    leads = [add_lead(world) for _ in range(3)]
    report = NativeSwitch(world, ACTOR, variant, Scheme()).run(limit=1)
    assert [row["lead"] for row in report["converted"]] == leads[:1]
    assert report["cancelled"]
    assert not report["flipped"]
    assert world.mode == CLASSIC
    assert world.leads.find("STATUS_SEMANTIC_ID", "P") == leads[1:]


def test_neither_contact_nor_company_means_a_contact(world: World) -> None:
    add_lead(world)
    assert run(world, contact=False, company=False)["converted"][0]["contact"]


def test_a_workflow_that_asks_for_parameters_stops_the_switch_before_it_begins(world: World) -> None:
    add_lead(world)
    template = {
        "ID": 1,
        "NAME": "Ask",
        "DOCUMENT_TYPE": ["crm", "CCrmDocumentDeal", "DEAL"],
        "AUTO_EXECUTE": 1,
    }
    world.workflow_templates.insert({**template, "PARAMETERS": {"why": "?"}})
    with pytest.raises(SwitchError) as refused:
        run(world)
    assert refused.value.code == "HAS_WORKFLOWS"
    assert world.mode == CLASSIC


def test_switched_off_creation_stops_it_and_the_way_back_to_classic_allows_it_again(world: World) -> None:
    add_lead(world)
    world.settings.autocreation = False
    with pytest.raises(SwitchError):
        run(world)
    native.set_mode(world, CLASSIC)
    assert run(world)["flipped"]


def test_back_to_classic_converts_nothing_back(world: World) -> None:
    add_lead(world)
    run(world)
    before = dict(world.deals.rows), dict(world.leads.rows)
    report = native.run_control(world, {"to": "classic"})
    assert report["flipped"]
    assert world.mode == CLASSIC
    assert (dict(world.deals.rows), dict(world.leads.rows)) == before


def test_in_simple_mode_a_new_lead_is_converted_as_its_responsible(world: World) -> None:
    add_lead(world)
    run(world, company=True, category_id=second_pipeline(world))
    lead_id = add_lead(world, ASSIGNED_BY_ID=EMPLOYEE)
    deal = world.deals.rows[world.deals.find("LEAD_ID", lead_id)[0]]
    assert world.leads.rows[lead_id]["STATUS_ID"] == "CONVERTED"
    assert deal["CREATED_BY_ID"] == EMPLOYEE
    assert deal["CATEGORY_ID"] == second_pipeline(world)
    assert deal["COMPANY_ID"]


def test_in_simple_mode_a_lead_without_a_name_waits(world: World) -> None:
    run(world)
    lead_id = add_lead(world, NAME="")
    assert world.leads.rows[lead_id]["STATUS_ID"] == "NEW"


def test_an_employee_sees_only_their_own_leads_in_the_web_dialog(world: World) -> None:
    mine, _other = add_lead(world, ASSIGNED_BY_ID=EMPLOYEE), add_lead(world)
    assert native.active_leads(world, Actor(user_id=EMPLOYEE, kind="page")) == [mine]


def test_a_deleted_lead_is_reported_by_name() -> None:
    world = small_world()
    with pytest.raises(ConversionError) as error:
        native.convert(world, 4711, Scheme(), ACTOR)
    assert error.value.code == "NOT_FOUND"
    assert "4711" in str(error.value)


def test_address_of_the_lead_reaches_both_clients(world: World) -> None:
    add_lead(world, ADDRESS="Polna 1", ADDRESS_CITY="Łódź")
    made = run(world, company=True)["converted"][0]
    from connector.sandbox.crm import addresses

    for kind, row_id in ((CONTACT, made["contact"]), (COMPANY, made["company"])):
        address = addresses.of_record(world, kind, row_id)
        assert address is not None
        assert (address["ADDRESS_1"], address["CITY"]) == ("Polna 1", "Łódź")
