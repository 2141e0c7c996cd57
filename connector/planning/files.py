"""Values of file fields: what is kept of them. Their addresses hold a token of whoever asked, or a webhook's key, and are never kept. Pure.

Source: `{"id", "url", "urlMachine"}` per file (files/how-to-update-files.md); the old families say `showUrl` and `downloadUrl`.
"""

from collections.abc import Mapping
from typing import Any

MAX_MEGABYTES = 20
"""Of one file that is copied: what is larger stays in the lead. The platform publishes no limit for base64 in a request."""
_LINKS = frozenset({"url", "urlMachine", "showUrl", "downloadUrl", "urlDownload"})
_STANDARD = frozenset({"photo", "logo"})


def without_links(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `crm.item.*` whose files are `{"id"}` only; everything else as it came."""
    return {
        key: _bare(value)
        if isinstance(value, dict | list) and (key in _STANDARD or key.startswith(("uf", "UF_")))
        else value
        for key, value in row.items()
    }


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if isinstance(value, Mapping) and not _LINKS.isdisjoint(value):
        return {key: inner for key, inner in value.items() if key not in _LINKS}
    return value


def file_ids(values: list[Any]) -> list[int]:
    """IDs of the files among the values of a field, in order."""
    return [int(value["id"]) for value in values if isinstance(value, Mapping) and value.get("id")]
