"""bizproc.workflow.*: templates are listed, runs are recorded; a template never really runs (bizproc/*.md)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.crm import automation
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.rest.php import as_list
from connector.sandbox.rest.small import only, paged, select

_TEMPLATE_TYPES = {
    "ID": "integer",
    "MODULE_ID": "string",
    "ENTITY": "string",
    "NAME": "string",
    "AUTO_EXECUTE": "integer",
    "USER_ID": "integer",
    "SYSTEM_CODE": "string",
    "MODIFIED": "datetime",
    "DOCUMENT_TYPE": "string",
}
_INSTANCE_TYPES = {
    "ID": "string",
    "MODULE_ID": "string",
    "ENTITY": "string",
    "DOCUMENT_ID": "string",
    "STARTED": "datetime",
    "STARTED_BY": "integer",
    "TEMPLATE_ID": "integer",
    "MODIFIED": "datetime",
    "OWNED_UNTIL": "datetime",
}


def _admin(call: Call, status: int) -> None:
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", status)


@method("bizproc.workflow.template.list", scope="bizproc")
def template_list(call: Call) -> Page:
    _admin(call, 400)
    rows = [
        {
            **row,
            "ENTITY": row["DOCUMENT_TYPE"][1],
            "USER_ID": 1,
            "SYSTEM_CODE": "",
            "DOCUMENT_TYPE": row["DOCUMENT_TYPE"][2],
        }
        for row in call.world.workflow_templates
    ]
    wanted = as_list(call.get("select")) or ["ID"]
    answers = []
    for row in select(call, rows, _TEMPLATE_TYPES):
        full = {
            "ID": str(row["ID"]),
            "MODULE_ID": row["MODULE_ID"],
            "ENTITY": row["ENTITY"],
            "DOCUMENT_TYPE": ["crm", row["ENTITY"], row["DOCUMENT_TYPE"]],
            "AUTO_EXECUTE": str(row["AUTO_EXECUTE"]),
            "NAME": row["NAME"],
            "TEMPLATE": [],
            "PARAMETERS": row["PARAMETERS"] or [],
            "VARIABLES": [],
            "MODIFIED": iso(row["MODIFIED"]),
            "IS_MODIFIED": "N",
            "USER_ID": "1",
            "SYSTEM_CODE": row["SYSTEM_CODE"],
        }
        answers.append(only(full, wanted, ()))
    return paged(call, answers)


@method("bizproc.workflow.start", scope="bizproc")
def start(call: Call) -> Any:
    template_id = call.integer("TEMPLATE_ID")
    if not template_id:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!")
    template = call.world.workflow_templates.get(template_id)
    if template is None:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Workflow template not found.")
    document = [str(part) for part in as_list(call.get("DOCUMENT_ID"))]
    if len(document) != 3 or document[1] not in automation.DOCUMENTS:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Wrong DOCUMENT_ID!")
    kind = automation.DOCUMENTS[document[1]]
    number = document[2].rsplit("_", 1)[-1]
    if not number.isdigit() or int(number) not in call.world.entities(kind):
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Wrong DOCUMENT_ID!")
    code = f"{call.world.random.getrandbits(56):014x}.{call.world.random.randrange(10**8):08d}"
    call.world.workflow_instances.insert(
        {
            "ID": call.world.next_id("workflow_instance"),
            "CODE": code,
            "ENTITY": document[1],
            "DOCUMENT_ID": document[2],
            "STARTED": call.world.now(),
            "STARTED_BY": call.user.id,
            "TEMPLATE_ID": template_id,
        }
    )
    automation.record(call.world, "workflow", kind, int(number), template["NAME"])
    return code


@method("bizproc.workflow.instances", scope="bizproc")
def instances(call: Call) -> Page:
    _admin(call, 403)
    rows = [
        {**row, "ID": row["CODE"], "MODULE_ID": "crm", "MODIFIED": row["STARTED"], "OWNED_UNTIL": None}
        for row in call.world.workflow_instances
    ]
    wanted = as_list(call.get("select")) or ["ID", "MODIFIED", "OWNED_UNTIL"]
    answers = []
    for row in select(call, rows, _INSTANCE_TYPES):
        full = {
            "DOCUMENT_ID": row["DOCUMENT_ID"],
            "ENTITY": row["ENTITY"],
            "ID": row["ID"],
            "STARTED": iso(row["STARTED"]),
            "MODIFIED": iso(row["STARTED"]),
            "MODULE_ID": "crm",
            "OWNED_UNTIL": None,
            "TEMPLATE_ID": str(row["TEMPLATE_ID"]),
            "STARTED_BY": str(row["STARTED_BY"]),
        }
        answers.append(only(full, wanted, ()))
    return paged(call, answers)


@method("bizproc.workflow.kill", "bizproc.workflow.terminate", scope="bizproc")
def kill(call: Call) -> Any:
    _admin(call, 403)
    code = str(call.get("ID") or "")
    for row in call.world.workflow_instances:
        if row["CODE"] == code:
            call.world.workflow_instances.remove(row["ID"])
            return True
    raise RestError("ERROR_WRONG_WORKFLOW_ID", "Workflow not found.")
