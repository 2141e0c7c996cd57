"""An answer as XML, for methods called with the suffix `.xml`: the same tree in `<response>`, rows of lists as `<item>`.

The documentation names the suffix and shows no example; the form is that of PHP's usual array-to-XML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from connector.sandbox.rest.php import encode

_NAME = re.compile(r"[A-Za-z_][\w.-]*")
# What XML 1.0 cannot hold at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def encode_xml(body: Any) -> bytes:
    """UTF-8 XML of a JSON-able answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?><response>{_text(body)}</response>'.encode()


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(str(key), inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "".join(_element("item", inner) for inner in value)
    if value is None or value is False:
        return ""
    if isinstance(value, (bool, int)):
        return str(int(value))
    return escape(
        _FORBIDDEN.sub("", str(value) if isinstance(value, (str, float)) else encode(value).decode())
    )


def _element(name: str, value: Any) -> str:
    tag = name if _NAME.fullmatch(name) else "item"
    return f"<{tag}>{_text(value)}</{tag}>"
