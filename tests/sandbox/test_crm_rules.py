"""What follows from a write: stages, clients, activities, amounts, history, cascades, custom fields, Simple mode."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from connector.sandbox.crm import activities
from connector.sandbox.world import DEAL, LEAD, Actor
from tests.sandbox.portal import Portal


def lead(portal: Portal, **fields: Any) -> int:
    return int(portal.result("crm.lead.add", fields={"TITLE": "Lead", **fields}))


def contact(portal: Portal) -> int:
    return int(portal.result("crm.contact.add", fields={"NAME": "Ada"}))


def todo(portal: Portal, owner: int, kind: int = LEAD) -> int:
    params = {"ownerTypeId": kind, "ownerId": owner, "deadline": "2026-12-01T10:00:00+03:00"}
    return int(portal.result("crm.activity.todo.add", **params)["id"])


class TestStages:
    def test_a_new_lead_starts_in_the_first_stage(self, portal: Portal) -> None:
        row = portal.result("crm.lead.get", id=lead(portal, STATUS_ID="NO_SUCH_STAGE"))
        assert (row["STATUS_ID"], row["STATUS_SEMANTIC_ID"], row["DATE_CLOSED"]) == ("NEW", "P", "")

    def test_closing_sets_semantics_and_dates_and_completes_what_is_still_on_the_lead(
        self, portal: Portal
    ) -> None:
        row_id, deal = lead(portal), portal.result("crm.deal.add", fields={"TITLE": "D"})
        stays, moved = todo(portal, row_id), todo(portal, row_id)
        portal.result("crm.activity.binding.add", activityId=moved, entityTypeId=DEAL, entityId=deal)
        portal.result("crm.activity.binding.delete", activityId=moved, entityTypeId=LEAD, entityId=row_id)
        portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": "CONVERTED"})
        row = portal.result("crm.lead.get", id=row_id)
        assert row["STATUS_SEMANTIC_ID"] == "S" and row["DATE_CLOSED"]
        done, open_ = portal.result("crm.activity.get", id=stays), portal.result("crm.activity.get", id=moved)
        assert (done["COMPLETED"], done["STATUS"]) == ("Y", "3")
        assert (open_["COMPLETED"], open_["STATUS"], open_["OWNER_ID"]) == ("N", "1", str(deal))

    def test_the_portal_may_leave_activities_open(self, portal: Portal) -> None:
        portal.set("settings", complete_activities_on_close=False)
        row_id = lead(portal)
        activity = todo(portal, row_id)
        portal.result("crm.item.update", entityTypeId=1, id=row_id, fields={"stageId": "JUNK"})
        assert portal.result("crm.activity.get", id=activity)["COMPLETED"] == "N"

    @pytest.mark.parametrize(("switch", "expected"), [(False, "N"), (True, "Y")])
    def test_a_closing_deal_leaves_its_activities_open_unless_the_switch_says_otherwise(
        self, portal: Portal, switch: bool, expected: str
    ) -> None:
        portal.set("settings", complete_activities_on_deal_close=switch)
        deal = portal.result("crm.deal.add", fields={"TITLE": "D"})
        activity = todo(portal, deal, DEAL)
        portal.result("crm.deal.update", id=deal, fields={"STAGE_ID": "WON"})
        assert portal.result("crm.deal.get", id=deal)["CLOSED"] == "Y"
        assert portal.result("crm.activity.get", id=activity)["COMPLETED"] == expected

    def test_reopening_clears_the_closing_date(self, portal: Portal) -> None:
        row_id = lead(portal, STATUS_ID="JUNK")
        portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": "NEW"})
        row = portal.result("crm.lead.get", id=row_id)
        assert (row["STATUS_SEMANTIC_ID"], row["DATE_CLOSED"]) == ("P", "")

    def test_history_says_every_stage(self, portal: Portal) -> None:
        row_id = lead(portal)
        for stage in ("IN_PROCESS", "CONVERTED"):
            portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": stage})
        items = portal.result("crm.stagehistory.list", entityTypeId=1, filter={"OWNER_ID": row_id})["items"]
        assert [(i["TYPE_ID"], i["STATUS_ID"]) for i in items] == [
            (1, "NEW"),
            (2, "IN_PROCESS"),
            (3, "CONVERTED"),
        ]

    def test_an_unknown_stage_is_refused_by_items_and_ignored_by_the_old_family(self, portal: Portal) -> None:
        row_id = lead(portal)
        status, code, _ = portal.error(
            "crm.item.update", entityTypeId=1, id=row_id, fields={"stageId": "NOPE"}
        )
        assert (status, code) == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
        assert portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": "NOPE"}) is True
        assert portal.result("crm.lead.get", id=row_id)["STATUS_ID"] == "NEW"

    def test_only_crm_item_moves_a_deal_to_another_pipeline(self, portal: Portal) -> None:
        deal = portal.result("crm.deal.add", fields={"TITLE": "D"})
        pipeline = portal.result("crm.category.list", entityTypeId=2)["categories"][1]["id"]
        portal.result(
            "crm.deal.update", id=deal, fields={"CATEGORY_ID": pipeline, "STAGE_ID": f"C{pipeline}:WON"}
        )
        assert portal.result("crm.deal.get", id=deal)["STAGE_ID"] == "NEW"
        stage = f"C{pipeline}:EXECUTING"
        fields = {"categoryId": pipeline, "stageId": stage}
        moved = portal.result("crm.item.update", entityTypeId=2, id=deal, fields=fields)["item"]
        assert (moved["categoryId"], moved["stageId"]) == (pipeline, stage)
        assert portal.world.event_log[-1].code == "ONCRMDEALMOVETOCATEGORY"


class TestRepeatMark:
    """The table of leads/management-communication/index.md."""

    def mark(self, portal: Portal, row_id: int) -> tuple[str, str | None]:
        row = portal.result("crm.lead.get", id=row_id)
        return row["IS_RETURN_CUSTOMER"], row["CONTACT_ID"]

    @pytest.mark.parametrize("how", ["add", "update", "items", "company"])
    def test_saving_the_lead_with_a_client_makes_it_a_repeat_lead(self, portal: Portal, how: str) -> None:
        client, company = contact(portal), portal.result("crm.company.add", fields={"TITLE": "C"})
        if how == "add":
            row_id = lead(portal, CONTACT_ID=client)
        else:
            row_id = lead(portal)
            if how == "update":
                portal.result("crm.lead.update", id=row_id, fields={"CONTACT_ID": client})
            elif how == "items":
                portal.result("crm.item.update", entityTypeId=1, id=row_id, fields={"contactIds": [client]})
            else:
                portal.result("crm.lead.update", id=row_id, fields={"COMPANY_ID": company})
        assert self.mark(portal, row_id)[0] == "Y"

    @pytest.mark.parametrize("how", ["add", "set"])
    def test_linking_by_the_contact_methods_leaves_the_mark_alone(self, portal: Portal, how: str) -> None:
        client, row_id = contact(portal), lead(portal)
        if how == "add":
            portal.result("crm.lead.contact.add", id=row_id, fields={"CONTACT_ID": client})
        else:
            portal.result("crm.lead.contact.items.set", id=row_id, items=[{"CONTACT_ID": client}])
        assert self.mark(portal, row_id) == ("N", str(client))
        portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": "CONVERTED"})
        assert self.mark(portal, row_id) == ("N", str(client))

    def test_unlinking_leaves_the_mark_alone(self, portal: Portal) -> None:
        row_id = lead(portal, CONTACT_ID=contact(portal))
        portal.result("crm.lead.contact.items.delete", id=row_id)
        assert self.mark(portal, row_id) == ("Y", None)

    def test_the_mark_cannot_be_written(self, portal: Portal) -> None:
        assert self.mark(portal, lead(portal, IS_RETURN_CUSTOMER="Y"))[0] == "N"


class TestLineage:
    def test_lead_id_is_written_by_items_and_read_only_in_the_old_families(self, portal: Portal) -> None:
        row_id = lead(portal)
        old = portal.result("crm.deal.add", fields={"TITLE": "old", "LEAD_ID": row_id})
        new = portal.result("crm.item.add", entityTypeId=2, fields={"title": "new", "leadId": row_id})["item"]
        assert portal.result("crm.deal.get", id=old)["LEAD_ID"] is None
        assert new["leadId"] == row_id
        found = portal.result("crm.deal.list", filter={"LEAD_ID": row_id}, select=["ID"])
        assert [row["ID"] for row in found] == [str(new["id"])]
        by_item = portal.result("crm.item.list", entityTypeId=2, filter={"leadId": row_id}, select=["id"])[
            "items"
        ]
        assert by_item == [{"id": new["id"]}]


class TestActivities:
    def test_the_owner_is_the_first_binding_and_the_last_cannot_go(self, portal: Portal) -> None:
        row_id, deal = lead(portal), portal.result("crm.deal.add", fields={})
        activity = todo(portal, row_id)
        only = {"activityId": activity, "entityTypeId": LEAD, "entityId": row_id}
        assert portal.error("crm.activity.binding.delete", **only)[1] == "LAST_BINDING_CANNOT_BE_DELETED"
        more = {"activityId": activity, "entityTypeId": DEAL, "entityId": deal}
        portal.result("crm.activity.binding.add", **more)
        assert portal.error("crm.activity.binding.add", **more)[1] == "ACTIVITY_IS_ALREADY_BOUND"
        assert portal.result("crm.activity.get", id=activity)["OWNER_TYPE_ID"] == "1"
        portal.result("crm.activity.binding.delete", **only)
        assert portal.result("crm.activity.get", id=activity)["OWNER_TYPE_ID"] == "2"
        assert portal.error("crm.activity.binding.delete", **only)[1] == "BINDING_NOT_FOUND"

    def test_a_binding_cannot_be_moved_to_another_type(self, portal: Portal) -> None:
        row_id, deal = lead(portal), portal.result("crm.deal.add", fields={})
        move = {
            "sourceEntityTypeId": 1,
            "sourceEntityId": row_id,
            "targetEntityTypeId": 2,
            "targetEntityId": deal,
        }
        code = portal.error("crm.activity.binding.move", activityId=todo(portal, row_id), **move)[1]
        assert code == "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR"

    def test_a_hundred_bindings_are_the_limit(self, portal: Portal) -> None:
        activity = todo(portal, lead(portal))
        for _ in range(99):
            target = (LEAD, lead(portal))
            activities.bind(portal.world, activity, target, Actor(1))
        more = {"activityId": activity, "entityTypeId": 1, "entityId": lead(portal)}
        assert portal.error("crm.activity.binding.add", **more)[1] == 100

    def test_the_type_and_owner_of_an_activity_cannot_be_changed(self, portal: Portal) -> None:
        row_id = lead(portal)
        activity = todo(portal, row_id)
        portal.result(
            "crm.activity.update", id=activity, fields={"OWNER_ID": 5, "TYPE_ID": 2, "SUBJECT": "new"}
        )
        row = portal.result("crm.activity.get", id=activity)
        assert (row["OWNER_ID"], row["TYPE_ID"], row["SUBJECT"]) == (str(row_id), "6", "new")


class TestAmounts:
    def test_the_amount_follows_the_rows_unless_entered_by_hand(self, portal: Portal) -> None:
        rows = [{"productName": "Kettle", "price": 12.5, "quantity": 2}, {"productName": "Lamp", "price": 5}]
        automatic = portal.result("crm.item.add", entityTypeId=2, fields={"opportunity": 999})["item"]["id"]
        fields = {"opportunity": 999, "isManualOpportunity": "Y"}
        manual = portal.result("crm.item.add", entityTypeId=2, fields=fields)["item"]["id"]
        for deal in (automatic, manual):
            portal.result("crm.item.productrow.set", ownerType="D", ownerId=deal, productRows=rows)
        assert portal.result("crm.deal.get", id=automatic)["OPPORTUNITY"] == "30.00"
        assert portal.result("crm.deal.get", id=manual)["OPPORTUNITY"] == "999.00"

    def test_setting_rows_replaces_them_all(self, portal: Portal) -> None:
        row_id = lead(portal)
        for name in ("first", "second"):
            portal.result("crm.lead.productrows.set", id=row_id, rows=[{"PRODUCT_NAME": name, "PRICE": 1}])
        rows = portal.result("crm.item.productrow.list", filter={"=ownerType": "L", "=ownerId": row_id})[
            "productRows"
        ]
        assert [row["productName"] for row in rows] == ["second"]


class TestDeleting:
    def test_a_lead_takes_along_what_is_bound_only_to_it(self, portal: Portal) -> None:
        row_id, deal = lead(portal), portal.result("crm.deal.add", fields={"TITLE": "D"})
        alone, shared = todo(portal, row_id), todo(portal, row_id)
        portal.result("crm.activity.binding.add", activityId=shared, entityTypeId=2, entityId=deal)
        comments = [
            portal.result(
                "crm.timeline.comment.add",
                fields={"ENTITY_ID": row_id, "ENTITY_TYPE": "lead", "COMMENT": text},
            )
            for text in ("alone", "shared")
        ]
        binding = {"OWNER_ID": comments[1], "ENTITY_ID": deal, "ENTITY_TYPE": "deal"}
        assert portal.result("crm.timeline.bindings.bind", fields=binding) is True
        task = {"TITLE": "t", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": [f"L_{row_id}"]}
        task_id = portal.result("tasks.task.add", fields=task)["task"]["id"]
        portal.result("crm.lead.delete", id=row_id)
        assert portal.error("crm.activity.get", id=alone)[2] == "Activity is not found."
        assert portal.result("crm.activity.get", id=shared)["OWNER_ID"] == str(deal)
        assert portal.error("crm.timeline.comment.get", id=comments[0])[1:] == ("", "Not found.")
        assert portal.result("crm.timeline.comment.get", id=comments[1])["ENTITY_TYPE"] == "deal"
        assert portal.result("tasks.task.get", taskId=task_id) == []
        assert (
            portal.result("crm.stagehistory.list", entityTypeId=1, filter={"OWNER_ID": row_id})["items"] == []
        )


class TestMultifields:
    def test_old_rows_change_delete_and_add_by_id(self, portal: Portal) -> None:
        phones = [{"VALUE": "+44 20 7946 0001", "VALUE_TYPE": "WORK"}, {"VALUE": "+44 20 7946 0002"}]
        row_id = lead(portal, PHONE=phones)
        first, second = portal.result("crm.lead.get", id=row_id)["PHONE"]
        changed = [
            {"ID": first["ID"], "VALUE": "+44 20 7946 0003"},
            {"ID": second["ID"], "DELETE": "Y"},
            {"VALUE": "+44 1"},
        ]
        portal.result("crm.lead.update", id=row_id, fields={"PHONE": changed})
        after = portal.result("crm.lead.get", id=row_id)["PHONE"]
        assert [p["VALUE"] for p in after] == ["+44 20 7946 0003", "+44 1"]
        assert portal.result("crm.duplicate.findbycomm", type="PHONE", values=["442079460002"]) == []

    def test_fm_of_items_adds_by_list_and_changes_by_id(self, portal: Portal) -> None:
        fm = [{"typeId": "EMAIL", "valueType": "WORK", "value": "a@example.com"}]
        item = portal.result("crm.item.add", entityTypeId=3, fields={"name": "x", "fm": fm})["item"]
        known = item["fm"][0]["id"]
        more = {
            known: {"value": ""},
            "n0": {"typeId": "PHONE", "valueType": "MOBILE", "value": "+44 7700 900123"},
        }
        item = portal.result("crm.item.update", entityTypeId=3, id=item["id"], fields={"fm": more})["item"]
        assert [(m["typeId"], m["value"]) for m in item["fm"]] == [("PHONE", "+44 7700 900123")]
        assert (item["hasPhone"], item["hasEmail"], item["phoneMobile"]) == ("Y", "N", "+44 7700 900123")

    def test_twenty_hits_keep_later_types_out(self, portal: Portal) -> None:
        phone = [{"VALUE": "+44 20 7946 0777"}]
        for _ in range(20):
            lead(portal, PHONE=phone)
        client = portal.result("crm.contact.add", fields={"NAME": "x", "PHONE": phone})
        found = portal.result("crm.duplicate.findbycomm", type="PHONE", values=["442079460777"])
        assert set(found) == {"LEAD"}
        asked = portal.result(
            "crm.duplicate.findbycomm", type="PHONE", values=["442079460777"], entity_type="CONTACT"
        )
        assert asked == {"CONTACT": [client]}


class TestCustomFields:
    def add(self, portal: Portal, kind: str, **spec: Any) -> dict[str, Any]:
        name = f"T{portal.world.next_id('test')}"
        made = portal.result(
            "crm.lead.userfield.add", fields={"USER_TYPE_ID": kind, "FIELD_NAME": name, **spec}
        )
        return dict(portal.result("crm.lead.userfield.get", id=made))

    @pytest.mark.parametrize(
        ("kind", "written", "old", "item"),
        [
            ("string", "Łódź", "Łódź", "Łódź"),
            ("integer", 7, "7", 7),
            ("double", 1.5, "1.5", 1.5),
            ("boolean", "Y", "1", "Y"),
            ("date", "2026-12-01", "2026-12-01T00:00:00+03:00", "2026-12-01T00:00:00+03:00"),
            ("money", "100|EUR", "100|EUR", "100|EUR"),
            ("url", "https://example.com", "https://example.com", "https://example.com"),
            ("employee", 2, "2", 2),
            ("crm", "C_7", "C_7", "C_7"),
            ("crm_status", "IT", "IT", "IT"),
        ],
    )
    def test_values_of_each_type_come_back(
        self, portal: Portal, kind: str, written: Any, old: Any, item: Any
    ) -> None:
        name = self.add(portal, kind)["FIELD_NAME"]
        row_id = lead(portal, **{name: written})
        assert portal.result("crm.lead.get", id=row_id)[name] == old
        shown = portal.result("crm.item.get", entityTypeId=1, id=row_id, useOriginalUfNames="Y")["item"]
        assert shown[name] == item

    def test_choices_have_ids_of_their_own_and_foreign_ones_are_dropped(self, portal: Portal) -> None:
        first = self.add(portal, "enumeration", LIST=[{"VALUE": "A"}, {"VALUE": "B"}], MULTIPLE="Y")
        other = self.add(portal, "enumeration", LIST=[{"VALUE": "A"}])
        ids = [int(entry["ID"]) for entry in first["LIST"]]
        foreign = int(other["LIST"][0]["ID"])
        row_id = lead(portal, **{first["FIELD_NAME"]: [*ids, foreign]})
        assert portal.result("crm.lead.get", id=row_id)[first["FIELD_NAME"]] == ids

    def test_files_are_kept_by_id_and_dropped_when_left_out(self, portal: Portal) -> None:
        name = self.add(portal, "file", MULTIPLE="Y")["FIELD_NAME"]
        content = base64.b64encode(b"x").decode()
        fields = {"title": "f", name: [["a.txt", content], ["b.txt", content]]}
        params = {"entityTypeId": 1, "useOriginalUfNames": "Y"}
        item = portal.result("crm.item.add", fields=fields, **params)["item"]
        first, _ = item[name]
        assert first.keys() == {"id", "url", "urlMachine"}
        kept = {name: [{"id": first["id"]}, ["c.txt", content]]}
        after = portal.result("crm.item.update", id=item["id"], fields=kept, **params)["item"][name]
        assert after[0]["id"] == first["id"] and len(after) == 2

    def test_a_required_field_refuses_items_and_by_a_switch_the_old_family(self, portal: Portal) -> None:
        field = self.add(portal, "string", MANDATORY="Y")
        code = portal.error("crm.item.add", entityTypeId=1, fields={"title": "x"})[1]
        assert code == "CRM_FIELD_ERROR_REQUIRED"
        row_id = lead(portal)
        portal.set("settings", strict_required=True)
        update = {"id": row_id, "fields": {"STATUS_ID": "CONVERTED"}}
        assert portal.error("crm.lead.update", **update)[:2] == (400, "")
        portal.result(
            "crm.lead.update", id=row_id, fields={field["FIELD_NAME"]: "now", "STATUS_ID": "CONVERTED"}
        )

    def test_a_field_required_from_a_stage_on_refuses_only_there(self, portal: Portal) -> None:
        field = self.add(portal, "string", STAGES=["CONVERTED"])
        params = {"entityTypeId": 1, "useOriginalUfNames": "Y"}
        row_id = portal.result("crm.item.add", fields={"title": "x"}, **params)["item"]["id"]
        portal.result("crm.item.update", id=row_id, fields={"stageId": "IN_PROCESS"}, **params)
        refused = portal.error("crm.item.update", id=row_id, fields={"stageId": "CONVERTED"}, **params)
        assert refused[1] == "CRM_FIELD_ERROR_REQUIRED"
        old = {"id": row_id, "fields": {"STATUS_ID": "CONVERTED"}}
        portal.set("settings", strict_required=True)
        assert portal.error("crm.lead.update", **old)[:2] == (400, "")
        assert portal.result("crm.lead.update", id=row_id, fields={"STATUS_ID": "PROCESSED"})
        filled = {"stageId": "CONVERTED", field["FIELD_NAME"]: "x"}
        assert (
            portal.result("crm.item.update", id=row_id, fields=filled, **params)["item"]["stageId"]
            == "CONVERTED"
        )


class TestPipelines:
    def test_the_plan_limits_their_number(self, portal: Portal) -> None:
        portal.set("settings", plan="no-leads")
        status, _, text = portal.error("crm.category.add", entityTypeId=2, fields={"name": "one more"})
        assert status == 400 and "maximum" in text

    def test_a_new_one_has_prefixed_stages_and_goes_only_when_empty(self, portal: Portal) -> None:
        made = portal.result("crm.category.add", entityTypeId=2, fields={"name": "New"})["category"]["id"]
        entity_id = f"DEAL_STAGE_{made}"
        stages = portal.result("crm.status.list", filter={"ENTITY_ID": entity_id}, order={"SORT": "ASC"})
        assert [row["STATUS_ID"] for row in stages][:2] == [f"C{made}:NEW", f"C{made}:PREPARATION"]
        assert [row["SEMANTICS"] for row in stages][-3:] == ["S", "F", "F"]
        added = {"ENTITY_ID": entity_id, "STATUS_ID": "DECISION", "NAME": "Decision", "SORT": 25}
        row = portal.result("crm.status.get", id=portal.result("crm.status.add", fields=added))
        assert row["STATUS_ID"] == f"C{made}:DECISION"
        deal = portal.result("crm.item.add", entityTypeId=2, fields={"categoryId": made})["item"]
        assert deal["stageId"] == f"C{made}:NEW"
        refused = portal.error("crm.category.delete", entityTypeId=2, id=made)
        assert refused == (400, 0, "Deals related to the funnel New found")
        portal.result("crm.deal.delete", id=deal["id"])
        assert portal.result("crm.category.delete", entityTypeId=2, id=made) is None
        assert portal.result("crm.status.list", filter={"ENTITY_ID": entity_id}) == []

    def test_the_default_one_stays_but_can_be_renamed_and_sorted(self, portal: Portal) -> None:
        refused = portal.error("crm.category.delete", entityTypeId=2, id=0)
        assert refused[2] == "Default deal category cannot be deleted"
        fields = {"name": "Sales", "sort": -5, "isDefault": "N"}
        row = portal.result("crm.category.update", entityTypeId=2, id=0, fields=fields)["category"]
        assert (row["name"], row["sort"], row["isDefault"]) == ("Sales", 0, "Y")
        about = portal.result("crm.category.fields", entityTypeId=2)["fields"]
        assert about["isDefault"]["isReadOnly"] is True

    @pytest.mark.parametrize("name", ["", "  \t ", "x" * 256])
    def test_a_name_is_neither_blank_nor_longer_than_255(self, portal: Portal, name: str) -> None:
        for method, more in (("add", {}), ("update", {"id": 0})):
            answer = portal.error(f"crm.category.{method}", entityTypeId=2, fields={"name": name}, **more)
            assert answer[:2] == (400, 0)
        assert portal.result("crm.category.get", entityTypeId=2, id=0)["category"]["name"]

    def test_stages_keep_their_documented_rules(self, portal: Portal) -> None:
        fields = {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "LATE", "NAME": "Late", "SORT": 1000}
        text = "because the final successful stage already exists"
        assert text in portal.error("crm.status.add", fields=fields)[2]
        row = portal.result(
            "crm.status.get", id=portal.result("crm.status.add", fields={**fields, "SORT": ""})
        )
        assert (row["SORT"], row["SYSTEM"]) == ("10", "N")
        assert portal.error("crm.status.add", fields={**fields, "SORT": 15})[1:] == (
            "ERROR_CORE",
            "The specified status ID already exists.",
        )
        assert portal.error(
            "crm.status.add", fields={"ENTITY_ID": "DEAL_STAGE_0", "STATUS_ID": "A", "NAME": "A"}
        )[2] == ("Specified entity type is not supported.")
        assert (
            portal.error("crm.status.add", fields={**fields, "NAME": " "})[2]
            == "The field Title is required."
        )
        won = portal.result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "WON"})[0]
        assert won["SYSTEM"] == "Y"
        assert 'FORCED is specified and equal to "Y"' in portal.error("crm.status.delete", id=won["ID"])[2]

    def test_a_stage_in_use_stays(self, portal: Portal) -> None:
        lead(portal, STATUS_ID="UC_OFFER")
        row = portal.result("crm.status.list", filter={"ENTITY_ID": "STATUS", "STATUS_ID": "UC_OFFER"})[0]
        assert portal.error("crm.status.delete", id=row["ID"])[2] == "There are active items in this status."


class TestSimpleMode:
    def test_a_new_lead_with_a_name_is_converted_at_once(self, portal: Portal) -> None:
        portal.set("mode", mode="simple")
        assert portal.result("crm.settings.mode.get") == 2
        row_id = lead(portal, NAME="Ada", PHONE=[{"VALUE": "+44 20 7946 0009"}])
        assert portal.result("crm.lead.get", id=row_id)["STATUS_ID"] == "CONVERTED"
        deals = portal.result("crm.deal.list", filter={"LEAD_ID": row_id})
        assert len(deals) == 1 and deals[0]["CONTACT_ID"]
        assert portal.world.contacts.rows[int(deals[0]["CONTACT_ID"])]["LEAD_ID"] == row_id

    def test_a_lead_without_a_name_stays_new(self, portal: Portal) -> None:
        portal.set("mode", mode="simple")
        row_id = lead(portal)
        assert portal.result("crm.lead.get", id=row_id)["STATUS_ID"] == "NEW"
        portal.result("crm.lead.update", id=row_id, fields={"NAME": "Ada"})
        assert portal.result("crm.deal.list", filter={"LEAD_ID": row_id}) == []

    def test_a_plan_without_leads_is_simple_whatever_is_set(self, portal: Portal) -> None:
        portal.set("settings", plan="no-leads")
        portal.set("mode", mode="classic")
        assert portal.result("crm.settings.mode.get") == 2


class TestImport:
    def test_importing_runs_no_automation_and_answers_by_position(self, portal: Portal) -> None:
        data = [{"title": "a"}, {"comments": "no title"}, {"title": "c"}]
        items = portal.result("crm.item.batchImport", entityTypeId=4, data=data)["items"]
        assert [("item" in one, one.get("error")) for one in items] == [
            (True, None),
            (False, "CRM_FIELD_ERROR_REQUIRED"),
            (True, None),
        ]
        before = len(portal.world.automation_log)
        portal.result("crm.item.import", entityTypeId=2, fields={"title": "quiet"})
        assert len(portal.world.automation_log) == before
        portal.result("crm.item.add", entityTypeId=2, fields={"title": "loud"})
        assert len(portal.world.automation_log) > before
        too_many = portal.error("crm.item.batchImport", entityTypeId=4, data=[{"title": "x"}] * 21)
        assert too_many[1] == "MAX_IMPORT_BATCH_SIZE_EXCEEDED"

    def test_past_times_may_not_be_before_existing_items(self, portal: Portal) -> None:
        params = {"entityTypeId": 2, "fields": {"title": "x", "createdTime": "2020-01-01T00:00:00+03:00"}}
        portal.result("crm.item.add", entityTypeId=2, fields={"title": "first"})
        assert portal.error("crm.item.import", **params)[1] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"


class TestAddresses:
    def test_a_leads_address_is_copied_to_a_client_by_its_location(self, portal: Portal) -> None:
        row_id = lead(portal, ADDRESS="Fiction Street 221", ADDRESS_CITY="London")
        shown = portal.result("crm.lead.get", id=row_id)
        assert (shown["ADDRESS"], shown["ADDRESS_CITY"]) == ("Fiction Street 221", "London")
        listed = portal.result("crm.address.list", filter={"ENTITY_TYPE_ID": 1, "ENTITY_ID": row_id})[0]
        assert listed["LOC_ADDR_ID"] == shown["ADDRESS_LOC_ADDR_ID"]
        client = contact(portal)
        fields = {
            "ENTITY_TYPE_ID": 3,
            "ENTITY_ID": client,
            "PRESET_ID": 1,
            "NAME": "Address",
            "ADDRESS_ONLY": "Y",
        }
        requisite = portal.result("crm.requisite.add", fields={**fields, "XML_ID": "marker"})
        copy = {
            "TYPE_ID": 1,
            "ENTITY_TYPE_ID": 8,
            "ENTITY_ID": requisite,
            "LOC_ADDR_ID": listed["LOC_ADDR_ID"],
        }
        assert portal.result("crm.address.add", fields=copy) is True
        assert portal.result("crm.contact.get", id=client)["ADDRESS"] == "Fiction Street 221"
        assert [r["ID"] for r in portal.result("crm.requisite.list", filter={"XML_ID": "marker"})] == [
            str(requisite)
        ]


def test_events_name_what_happened(portal: Portal) -> None:
    portal.world.event_log.clear()
    row_id = lead(portal)
    portal.result("crm.lead.update", id=row_id, fields={"TITLE": "Lead"})
    assert [event.code for event in portal.world.event_log] == ["ONCRMLEADADD"]
    client = contact(portal)
    portal.result("crm.lead.contact.items.set", id=row_id, items=[{"CONTACT_ID": client}])
    portal.result("crm.lead.delete", id=row_id)
    codes = [event.code for event in portal.world.event_log]
    assert codes == ["ONCRMLEADADD", "ONCRMCONTACTADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE"]


def test_a_file_is_downloaded_from_its_signed_link_with_the_headers_of_a_browser(portal: Portal) -> None:
    made = portal.result("crm.lead.userfield.add", fields={"USER_TYPE_ID": "file", "FIELD_NAME": "BRIEF_1"})
    assert made
    content = "Zażółć".encode()
    fields = {"title": "f", "UF_CRM_BRIEF_1": ["opis ż.txt", base64.b64encode(content).decode()]}
    params = {"entityTypeId": 1, "useOriginalUfNames": "Y"}
    link = portal.result("crm.item.add", fields=fields, **params)["item"]["UF_CRM_BRIEF_1"]["urlMachine"]
    bare = requests.get(link, timeout=5)
    assert bare.status_code == 404 and "Content-Disposition" in bare.headers
    headers = {"Accept": "*/*", "Accept-Language": "en", "Referer": portal.server.ready["portal"] + "/"}
    assert requests.get(link, headers=headers, timeout=5).content == content
    forged = link[:-6] + "AAAAAA"
    assert requests.get(forged, headers=headers, timeout=5).json()["error"] == "NOT_FOUND"
