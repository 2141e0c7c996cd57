"""Rows of `crm.activity.list` as activities. Must never call the portal."""

from collections.abc import Mapping

from connector.planning.model import Activity

SELECT = (
    "ID",
    "OWNER_ID",
    "OWNER_TYPE_ID",
    "TYPE_ID",
    "PROVIDER_ID",
    "PROVIDER_TYPE_ID",
    "SUBJECT",
    "COMPLETED",
    "DEADLINE",
    "RESPONSIBLE_ID",
)


def activity_of(row: Mapping[str, object]) -> Activity:
    """One row; numbers come as text in this family."""
    return Activity(
        id=_int(row.get("ID")),
        type_id=_int(row.get("TYPE_ID")),
        provider_id=str(row.get("PROVIDER_ID") or ""),
        provider_type_id=str(row.get("PROVIDER_TYPE_ID") or ""),
        subject=str(row.get("SUBJECT") or ""),
        completed=row.get("COMPLETED") in ("Y", True),
        deadline=str(row.get("DEADLINE") or ""),
        responsible_id=_int(row.get("RESPONSIBLE_ID")),
        owner_type_id=_int(row.get("OWNER_TYPE_ID")),
        owner_id=_int(row.get("OWNER_ID")),
    )


def _int(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
