"""PHP's parse_str, written from its manual, so that the encoder is tested against a reader and not against itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus


def parse_str(query: str) -> dict[str, Any]:
    """name[a][]=x pairs as PHP nests them; maps with keys 0..n-1 become lists."""
    tree: dict[str, Any] = {}
    for pair in filter(None, query.split("&")):
        raw, _, value = pair.partition("=")
        name = unquote_plus(raw)
        head, _, rest = name.partition("[")
        steps = [head, *re.findall(r"\[([^\]]*)\]", "[" + rest)] if rest else [head]
        node = tree
        for step in steps[:-1]:
            node = node.setdefault(step or str(len(node)), {})
        node[steps[-1] or str(len(node))] = unquote_plus(value)
    return {key: _listed(item) for key, item in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    if list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner
