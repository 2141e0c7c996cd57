"""crm.type.list: the smart processes of the portal (universal/user-defined-object-types/crm-type-list.md). There is one."""

from __future__ import annotations

from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.errors import RestError
from connector.sandbox.rest import access
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.world import PROJECT

_SWITCHES = ("Categories", "Stages", "BeginCloseDates", "Client", "LinkWithProducts", "Automation", "BizProc")


@method("crm.type.list")
def list_types(call: Call) -> Any:
    if not access.sees_all(call):
        raise RestError("ACCESS_DENIED", "Access denied")
    made = iso(call.world.now())
    only = {
        "id": 3,
        "title": "Projects",
        "code": "",
        "createdBy": 1,
        "entityTypeId": PROJECT,
        "customSectionId": None,
        **{f"is{name}Enabled": "N" for name in _SWITCHES},
        "isUseInUserfieldEnabled": "Y",
        "createdTime": made,
        "updatedTime": made,
        "updatedBy": 1,
    }
    return Page({"types": [only]}, total=1)
