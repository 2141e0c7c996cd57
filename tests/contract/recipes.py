"""For each method the parameters that make its documented example run in a `Scene`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from connector.sandbox.crm import activities, presets
from connector.sandbox.world import DEAL, LEAD
from tests.contract.examples import DATA
from tests.contract.scene import ACTOR, Scene

Recipe = Callable[[Scene], Mapping[str, Any]]


def _userfield(kind: str) -> dict[str, Recipe]:
    return {
        f"crm.{kind}.userfield.get": lambda s: {"id": s.fields[kind]},
        f"crm.{kind}.userfield.update": lambda s: {"id": s.fields[kind], "fields": {"SORT": 5}},
        f"crm.{kind}.userfield.list": lambda s: {"filter": {"LANG": "de"}},
        f"crm.{kind}.userfield.delete": lambda s: {"id": s.fields[kind]},
        f"crm.{kind}.userfield.add": lambda s: {
            "fields": {
                "USER_TYPE_ID": "string",
                "FIELD_NAME": f"N{s.world.next_id('contract')}",
                "LABEL": "New",
            }
        },
    }


def _preset(scene: Scene) -> int:
    return presets.create(scene.world, {"NAME": "Ours", "COUNTRY_ID": 122, "XML_ID": "x"}, 1)


def _preset_field(scene: Scene) -> dict[str, Any]:
    number = _preset(scene)
    fields = (1, "RQ_INN", "", "Y", 510), (2, "RQ_KPP", "", "N", 520)
    presets.set_fields(scene.world, scene.world.presets.rows[number], fields)
    return {"ID": 1, "preset": {"ID": number}, "fields": {"FIELD_NAME": "RQ_NAME", "FIELD_TITLE": "x"}}


def _history(scene: Scene) -> dict[str, Any]:
    _notification(scene)
    row = {"USER_ID": 1, "AUTHOR_ID": 1, "MESSAGE": "the invoice", "DATE": scene.world.now(), "KIND": "USER"}
    scene.world.notifications.insert({"ID": scene.world.next_id("notification"), **row})
    return {"SEARCH_TEXT": "invoice"}


def _activity_type(scene: Scene) -> dict[str, Any]:
    number = scene.world.next_id("contract")
    row = {"TYPE_ID": f"T{number}", "NAME": "n", "client_id": scene.server.ready["client_id"]}
    scene.world.activity_types.insert({"ID": number, **row})
    return {"TYPE_ID": row["TYPE_ID"]}


def _configurable(scene: Scene) -> dict[str, Any]:
    """With the layout that the page shows, so that its keys come back."""
    page = next(
        entry
        for entry in json.loads((DATA / "sandbox_examples.json").read_text())
        if entry["method"] == "crm.activity.configurable.get" and entry["kind"] == "response"
    )
    spec = {
        "PROVIDER_ID": "CONFIGURABLE_REST_APP",
        "PROVIDER_TYPE_ID": "CONFIGURABLE",
        "BINDINGS": ((LEAD, scene.lead),),
        "DEADLINE": scene.world.now(),
        "CLIENT": scene.server.ready["client_id"],
        "LAYOUT": page["body"]["result"]["activity"]["layout"],
    }
    return {"id": activities.create(scene.world, spec, ACTOR)}


def _robot(scene: Scene) -> dict[str, Any]:
    scene.world.robots.insert(
        {
            "ID": scene.world.next_id("robot"),
            "CODE": "test_robot",
            "client_id": scene.server.ready["client_id"],
            "NAME": "x",
        }
    )
    return {"CODE": "test_robot", "FIELDS": {"NAME": "Send"}}


def _trigger(scene: Scene) -> dict[str, Any]:
    code = f"c{scene.world.next_id('contract')}"
    row = {"ID": scene.world.next_id("trigger"), "CODE": code, "NAME": "x"}
    scene.world.triggers.insert({**row, "client_id": scene.server.ready["client_id"]})
    return {"CODE": code, "OWNER_TYPE_ID": 2, "OWNER_ID": scene.deal}


def _run(scene: Scene) -> dict[str, Any]:
    code = f"run{scene.world.next_id('contract')}"
    row = {
        "ID": scene.world.next_id("workflow_instance"),
        "CODE": code,
        "ENTITY": "CCrmDocumentLead",
        "TEMPLATE_ID": 1,
    }
    scene.world.workflow_instances.insert({**row, "DOCUMENT_ID": "LEAD_1", "STARTED": 1, "STARTED_BY": 1})
    return {"ID": code}


def _workflow(scene: Scene) -> dict[str, Any]:
    template = scene.world.workflow_templates.ids[-1]
    return {"TEMPLATE_ID": template, "DOCUMENT_ID": ["crm", "CCrmDocumentLead", f"LEAD_{scene.lead}"]}


def _handler(scene: Scene) -> dict[str, Any]:
    handler = f"https://example.com/{scene.world.next_id('contract')}/"
    record = {"event": "ONCRMLEADADD", "handler": handler, "auth_type": 0, "offline": False, "connector": ""}
    extra = {"id": 1, "client_id": scene.server.ready["client_id"], "options": {}}
    scene.world.event_handlers.append({**record, **extra})
    return {"event": "ONCRMLEADADD", "handler": handler}


def _offline(scene: Scene) -> dict[str, Any]:
    number = scene.world.next_id("offline")
    record = {"ID": number, "TIMESTAMP_X": "2024-07-18T12:32:31+02:00", "EVENT_NAME": "ONCRMLEADADD"}
    rest = {
        "EVENT_DATA": False,
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": str(number),
        "PROCESS_ID": "",
        "ERROR": 0,
    }
    scene.world.offline_queue.append(
        {**record, **rest, "client_id": scene.server.ready["client_id"], "connector": ""}
    )
    return {"process_id": "p", "id": [number]}


def _offline_get(scene: Scene) -> dict[str, Any]:
    _offline(scene)
    return {}


def _message(scene: Scene) -> dict[str, Any]:
    row = {"ID": scene.world.next_id("timeline"), "CREATED": 1, "TITLE": "t", "TEXT": "x", "ICON": "info"}
    scene.world.log_messages.insert({**row, "BINDINGS": ((LEAD, scene.lead),)})
    return {"id": row["ID"], "entityTypeId": 1, "entityId": scene.lead}


def _notification(scene: Scene) -> dict[str, Any]:
    row_id = scene.world.next_id("notification")
    scene.world.notifications.insert({"ID": row_id, "USER_ID": 1, "TAG": "T", "MESSAGE": "m", "SUB_TAG": "S"})
    return {"ID": row_id, "IDS": [row_id]}


def _post(scene: Scene) -> dict[str, Any]:
    row_id = scene.world.next_id("blog_post")
    scene.world.blog_posts.insert({"ID": row_id, "AUTHOR_ID": 1})
    return {"POST_ID": row_id}


def _task(scene: Scene) -> dict[str, Any]:
    row_id = scene.world.next_id("task")
    scene.world.tasks.insert({"ID": row_id, "TITLE": "t", "CREATED_DATE": 1, "CHANGED_DATE": 1})
    return {"taskId": row_id, "fields": {"TITLE": "x"}}


def _placement(scene: Scene) -> dict[str, Any]:
    handler = f"https://example.com/{scene.world.next_id('contract')}/"
    bound = {"client_id": scene.server.ready["client_id"], "placement": "CRM_LEAD_DETAIL_TAB", "userId": 0}
    languages = {"de": {"TITLE": "T", "DESCRIPTION": "", "GROUP_NAME": ""}}
    more = {
        "handler": handler,
        "options": {"useBuiltInInterface": "Y"},
        "title": "T",
        "description": "",
        "langAll": languages,
    }
    scene.world.placements.append({**bound, **more})
    return {"PLACEMENT": "CRM_LEAD_DETAIL_TAB", "HANDLER": handler}


def _option(scene: Scene) -> dict[str, Any]:
    client = scene.server.ready["client_id"]
    scene.world.app_options[client] = {"data": "value", "data2": "value2"}
    scene.world.user_options[(client, 1)] = {"data": "value", "data2": "value2"}
    return {}


RECIPES: dict[str, Recipe] = {
    **_userfield("lead"),
    **_userfield("deal"),
    **_userfield("contact"),
    **_userfield("company"),
    **_userfield("requisite"),
    "access.name": lambda s: {"ACCESS": ["G2", "AU"]},
    "app.option.get": _option,
    "app.option.set": lambda s: {"options": {"data": "value"}},
    "user.option.get": _option,
    "user.option.set": lambda s: {"options": {"data": "value"}},
    "bizproc.robot.add": lambda s: {
        "CODE": f"r{s.world.next_id('contract')}",
        "NAME": "x",
        "HANDLER": "https://e.com/",
    },
    "bizproc.robot.update": _robot,
    "bizproc.robot.delete": _robot,
    "bizproc.robot.list": _robot,
    "bizproc.workflow.template.list": lambda s: {},
    "bizproc.workflow.start": _workflow,
    "bizproc.workflow.instances": _run,
    "bizproc.workflow.kill": _run,
    "crm.activity.binding.add": lambda s: {"activityId": s.activity, "entityTypeId": 2, "entityId": s.deal},
    "crm.activity.binding.delete": lambda s: (
        activities.bind(s.world, s.activity, (DEAL, s.deal), ACTOR)
        or {"activityId": s.activity, "entityTypeId": 1, "entityId": s.lead}
    ),
    "crm.activity.binding.list": lambda s: {"activityId": s.activity},
    "crm.activity.call.getTranscript": lambda s: (
        s.world.activities.change(s.activity, {"TRANSCRIPT": "Good morning"}) and {"activityId": s.activity}
    ),
    "crm.activity.configurable.get": _configurable,
    "crm.activity.type.add": lambda s: {"fields": {"TYPE_ID": f"T{s.world.next_id('contract')}"}},
    "crm.activity.type.list": _activity_type,
    "crm.activity.type.delete": _activity_type,
    "crm.activity.get": lambda s: {"id": s.activity},
    "crm.activity.list": lambda s: {"filter": {"ID": s.activity}, "select": ["*", "COMMUNICATIONS", "FILES"]},
    "crm.activity.update": lambda s: {"id": s.activity, "fields": {"SUBJECT": "x"}},
    "crm.activity.todo.add": lambda s: {
        "ownerTypeId": 1,
        "ownerId": s.lead,
        "deadline": "2026-12-01 10:00:00",
    },
    "crm.activity.todo.update": lambda s: {
        "id": s.todo,
        "ownerTypeId": 2,
        "ownerId": s.deal,
        "deadline": "2026-12-01",
    },
    "crm.activity.todo.updateDescription": lambda s: {
        "id": s.todo,
        "ownerTypeId": 2,
        "ownerId": s.deal,
        "value": "x",
    },
    "crm.activity.todo.updateResponsibleUser": lambda s: {
        "id": s.todo,
        "ownerTypeId": 2,
        "ownerId": s.deal,
        "responsibleId": 2,
    },
    "crm.address.add": lambda s: {
        "fields": {"TYPE_ID": 6, "ENTITY_TYPE_ID": 8, "ENTITY_ID": s.requisite, "ADDRESS_1": "x"}
    },
    "crm.address.update": lambda s: {
        "fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": s.requisite, "CITY": "x"}
    },
    "crm.address.delete": lambda s: {"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": s.requisite}},
    "crm.address.list": lambda s: {"filter": {"ENTITY_TYPE_ID": 8, "ENTITY_ID": s.requisite}},
    "crm.automation.trigger": lambda s: {"target": f"DEAL_{s.deal}", "code": "c5u4m"},
    "crm.automation.trigger.add": lambda s: {"CODE": f"c{s.world.next_id('contract')}", "NAME": "n"},
    "crm.automation.trigger.delete": _trigger,
    "crm.automation.trigger.execute": _trigger,
    "crm.automation.trigger.list": _trigger,
    "crm.category.add": lambda s: {"entityTypeId": 2, "fields": {"name": "New", "sort": 50}},
    "crm.category.delete": lambda s: {"entityTypeId": 2, "id": s.category},
    "crm.category.get": lambda s: {"entityTypeId": 2, "id": s.category},
    "crm.category.update": lambda s: {"entityTypeId": 2, "id": s.category, "fields": {"name": "Newer"}},
    "crm.category.list": lambda s: {"entityTypeId": 2},
    "crm.company.get": lambda s: {"id": s.company},
    "crm.company.update": lambda s: {"id": s.company, "fields": {"TITLE": "x"}},
    "crm.company.delete": lambda s: {"id": s.company},
    "crm.company.list": lambda s: {"filter": {"ID": s.company}},
    "crm.company.contact.delete": lambda s: {"id": s.company, "fields": {"CONTACT_ID": s.contact}},
    "crm.company.contact.items.get": lambda s: {"id": s.company},
    "crm.company.contact.items.delete": lambda s: {"id": s.company},
    "crm.contact.add": lambda s: {"fields": {"NAME": "x"}},
    "crm.contact.get": lambda s: {"id": s.contact},
    "crm.contact.update": lambda s: {"id": s.contact, "fields": {"NAME": "x"}},
    "crm.contact.delete": lambda s: {"id": s.contact},
    "crm.contact.company.add": lambda s: {"id": s.contact, "fields": {"COMPANY_ID": s.company2}},
    "crm.contact.company.delete": lambda s: {"id": s.contact, "fields": {"COMPANY_ID": s.company}},
    "crm.contact.company.items.get": lambda s: {"id": s.contact},
    "crm.contact.company.items.delete": lambda s: {"id": s.contact},
    "crm.currency.add": lambda s: {
        "fields": {"CURRENCY": f"X{s.world.next_id('currency') % 10}{s.world.next_id('currency') % 10}"}
    },
    "crm.currency.base.set": lambda s: {"id": "PLN"},
    "crm.currency.get": lambda s: {"id": "USD"},
    "crm.currency.update": lambda s: {"id": "USD", "fields": {"AMOUNT": 3.95}},
    "crm.currency.delete": lambda s: (
        s.world.currencies.update({"ZZZ": {"CURRENCY": "ZZZ", "BASE": "N"}}) or {"id": "ZZZ"}
    ),
    "crm.deal.get": lambda s: {"id": s.deal},
    "crm.deal.update": lambda s: {"id": s.deal, "fields": {"TITLE": "x"}},
    "crm.deal.delete": lambda s: {"id": s.deal},
    "crm.deal.list": lambda s: {"filter": {"ID": s.deal}},
    "crm.deal.contact.add": lambda s: {"id": s.deal, "fields": {"CONTACT_ID": s.contact2}},
    "crm.deal.contact.delete": lambda s: {"id": s.deal, "fields": {"CONTACT_ID": s.contact}},
    "crm.deal.contact.items.get": lambda s: {"id": s.deal},
    "crm.deal.contact.items.set": lambda s: {
        "id": s.deal,
        "items": [{"CONTACT_ID": s.contact2, "SORT": 100}],
    },
    "crm.deal.contact.items.delete": lambda s: {"id": s.deal},
    "crm.deal.productrows.get": lambda s: {"id": s.deal},
    "crm.deal.productrows.set": lambda s: {"id": s.deal, "rows": [{"PRODUCT_NAME": "x", "PRICE": 5}]},
    "crm.entity.mergeBatch": lambda s: {"params": {"entityTypeId": 3, "entityIds": [s.contact, s.contact2]}},
    "crm.item.fields": lambda s: {"entityTypeId": 2},
    "crm.item.get": lambda s: {"entityTypeId": 1, "id": s.lead},
    "crm.item.add": lambda s: {
        "entityTypeId": 2,
        "fields": {
            "title": "x",
            "leadId": s.lead,
            "taxValue": 1,
            "observers": [2],
            "contactIds": [s.contact],
        },
    },
    "crm.item.update": lambda s: {
        "entityTypeId": 2,
        "id": s.deal,
        "fields": {"title": "x", "observers": [2]},
    },
    "crm.item.delete": lambda s: {"entityTypeId": 2, "id": s.deal},
    "crm.item.list": lambda s: {"entityTypeId": 2, "filter": {"id": s.deal}},
    "crm.item.import": lambda s: {"entityTypeId": 2, "fields": {"title": "x"}},
    "crm.item.batchImport": lambda s: {"entityTypeId": 4, "data": [{"title": "a"}, {"comments": "b"}]},
    "crm.item.add@how-to-change-email-or-phone": lambda s: {
        "entityTypeId": 3,
        "fields": {
            "name": "x",
            "lastName": "y",
            "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": "+44"}],
        },
    },
    "crm.item.update@how-to-change-email-or-phone": lambda s: {
        "entityTypeId": 3,
        "id": s.contact,
        "fields": {"name": "x"},
    },
    "crm.item.list@how-to-get-contractors": lambda s: {"entityTypeId": 3},
    "crm.userfield.settings.fields": lambda s: {"type": "double"},
    "crm.item.productrow.add": lambda s: {
        "fields": {"ownerId": s.deal, "ownerType": "D", "productName": "x", "taxRate": 5}
    },
    "crm.item.productrow.getAvailableForPayment": lambda s: {"ownerType": "D", "ownerId": s.deal},
    "crm.item.productrow.get": lambda s: {"id": s.rows[1][0]["ID"]},
    "crm.item.productrow.delete": lambda s: {"id": s.rows[1][0]["ID"]},
    "crm.item.productrow.list": lambda s: {"filter": {"=ownerType": "D", "=ownerId": s.deal}},
    "crm.lead.get": lambda s: {"id": s.lead},
    "crm.lead.update": lambda s: {"id": s.lead, "fields": {"TITLE": "x"}},
    "crm.lead.delete": lambda s: {"id": s.lead},
    "crm.lead.list": lambda s: {"filter": {"ID": s.lead}},
    "crm.lead.contact.add": lambda s: {"id": s.lead, "fields": {"CONTACT_ID": s.contact}},
    "crm.lead.contact.delete": lambda s: (
        s.world.leads.change(s.lead, {"CONTACT_IDS": (s.contact,)})
        and {"id": s.lead, "fields": {"CONTACT_ID": s.contact}}
    ),
    "crm.lead.contact.items.set": lambda s: {"id": s.lead, "items": [{"CONTACT_ID": s.contact}]},
    "crm.lead.contact.items.delete": lambda s: {"id": s.lead},
    "crm.lead.productrows.get": lambda s: {"id": s.lead},
    "crm.requisite.bankdetail.add": lambda s: {"fields": {"ENTITY_ID": s.requisite, "NAME": "x"}},
    "crm.requisite.bankdetail.get": lambda s: {"id": s.bank},
    "crm.requisite.bankdetail.delete": lambda s: {"id": s.bank},
    "crm.requisite.delete": lambda s: {"id": s.requisite},
    "crm.requisite.update": lambda s: {"id": s.requisite, "fields": {"NAME": "x"}},
    "crm.requisite.list": lambda s: {"filter": {"ID": s.requisite}},
    "crm.requisite.link.get": lambda s: {"entityTypeId": 2, "entityId": s.deal},
    "crm.requisite.link.register": lambda s: {
        "fields": {"ENTITY_TYPE_ID": 2, "ENTITY_ID": s.deal, "REQUISITE_ID": s.requisite}
    },
    "crm.requisite.link.unregister": lambda s: {"entityTypeId": 2, "entityId": s.deal},
    "crm.requisite.preset.get": lambda s: {"id": 1},
    "crm.requisite.preset.list": lambda s: {},
    "crm.requisite.preset.update": lambda s: {"id": _preset(s), "fields": {"NAME": "x"}},
    "crm.requisite.preset.delete": lambda s: {"id": _preset(s)},
    **{
        f"crm.requisite.preset.field.{verb}": _preset_field
        for verb in ("add", "get", "list", "update", "delete", "availabletoadd")
    },
    "crm.stagehistory.list": lambda s: {"entityTypeId": 2, "filter": {"OWNER_ID": s.deal}},
    "crm.status.add": lambda s: {
        "fields": {
            "ENTITY_ID": "DEAL_STAGE",
            "STATUS_ID": f"D{s.world.next_id('contract')}",
            "NAME": "x",
            "SORT": 15,
        }
    },
    "crm.status.delete": lambda s: {"id": s.stage},
    "crm.status.get": lambda s: {"id": s.stage},
    "crm.status.list": lambda s: {"filter": {"ENTITY_ID": "STATUS"}},
    "crm.timeline.bindings.bind": lambda s: {
        "fields": {"OWNER_ID": s.comment, "ENTITY_ID": s.lead, "ENTITY_TYPE": "lead"}
    },
    "crm.timeline.bindings.unbind": lambda s: {
        "fields": {"OWNER_ID": s.comment, "ENTITY_ID": s.deal, "ENTITY_TYPE": "deal"}
    },
    "crm.timeline.bindings.list": lambda s: {"filter": {"OWNER_ID": s.comment}},
    "crm.timeline.comment.add": lambda s: {
        "fields": {"ENTITY_ID": s.lead, "ENTITY_TYPE": "lead", "COMMENT": "x"}
    },
    "crm.timeline.comment.get": lambda s: {"id": s.comment},
    "crm.timeline.comment.update": lambda s: {"id": s.comment, "fields": {"COMMENT": "x"}},
    "crm.timeline.comment.delete": lambda s: {"id": s.comment},
    "crm.timeline.comment.list": lambda s: {"filter": {"ENTITY_ID": s.deal, "ENTITY_TYPE": "deal"}},
    "crm.timeline.logmessage.add": lambda s: {
        "fields": {"entityTypeId": 1, "entityId": s.lead, "title": "t", "text": "x", "iconCode": "info"}
    },
    "crm.timeline.logmessage.get": _message,
    "crm.timeline.logmessage.list": _message,
    "crm.timeline.logmessage.delete": _message,
    "crm.tracking.trace.add": lambda s: {"TRACE": "{}", "ENTITIES": [{"TYPE": "LEAD", "ID": s.lead}]},
    "crm.tracking.trace.delete": lambda s: (
        s.world.traces.insert({"ID": s.world.next_id("trace")}) and {"id": s.world.traces.ids[-1]}
    ),
    "event.bind": lambda s: {
        "event": "ONCRMDEALADD",
        "handler": f"https://e.com/{s.world.next_id('contract')}",
    },
    "event.unbind": _handler,
    "event.get": _handler,
    "event.offline.get": _offline_get,
    "event.offline.list": _offline_get,
    "event.offline.clear": _offline,
    "event.offline.error": _offline,
    "im.notify": lambda s: {"USER_ID": 1, "MESSAGE": "x"},
    "im.notify.system.add": lambda s: {"USER_ID": 1, "MESSAGE": "x"},
    "im.notify.personal.add": lambda s: {"USER_ID": 1, "MESSAGE": "x"},
    "im.notify.delete": _notification,
    "im.notify.history.search": _history,
    "im.notify.read": _notification,
    "im.notify.read.list": _notification,
    "im.notify.read.all": _notification,
    "log.blogpost.add": lambda s: {"POST_MESSAGE": "x"},
    "log.blogpost.delete": _post,
    "placement.get": _placement,
    "placement.unbind": _placement,
    "tasks.task.get": _task,
    "tasks.task.add": lambda s: {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1}},
    "user.get": lambda s: {},
    "user.search": lambda s: {},
    "userfieldconfig.get": lambda s: {"moduleId": "crm", "id": s.choice},
    "userfieldconfig.update": lambda s: {"moduleId": "crm", "id": s.choice, "field": {"mandatory": "Y"}},
    "userfieldconfig.delete": lambda s: {"moduleId": "crm", "id": s.choice},
    "userfieldconfig.list": lambda s: {"moduleId": "crm"},
    "userfieldconfig.add": lambda s: {
        "moduleId": "crm",
        "field": {
            "entityId": "CRM_DEAL",
            "fieldName": f"UF_CRM_L{s.world.next_id('contract')}",
            "userTypeId": "enumeration",
            "editFormLabel": {"en": "x"},
            "enum": [{"value": "a"}],
        },
    },
}
"""Method (or method@page) → parameters. Methods not named here take their documented parameters as they are."""
