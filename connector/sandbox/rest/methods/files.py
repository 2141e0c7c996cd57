"""crm.controller.item.getFile: where `urlMachine` of a file field leads (files/how-to-update-files.md)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from connector.sandbox.crm import userfields
from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, Download, method


@method("crm.controller.item.getFile")
def get_file(call: Call) -> Any:
    row = userfields.file_of_token(call.world, str(call.get("token") or ""))
    if row is None:
        raise RestError("NOT_FOUND", "File not found")
    try:
        content = base64.b64decode(str(row["CONTENT"]))
    except binascii.Error:
        content = str(row["CONTENT"]).encode()
    return Download(str(row["NAME"]), content)
