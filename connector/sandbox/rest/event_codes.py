"""The event codes of this portal (events/events.md) and the scope each belongs to. Data only."""

from __future__ import annotations

_AUD = ("ADD", "UPDATE", "DELETE")
LIFECYCLE = (
    "ONAPPINSTALL",
    "ONAPPUPDATE",
    "ONAPPUNINSTALL",
    "ONAPPPAYMENT",
    "ONAPPMETHODCONFIRM",
    "ONAPPTEST",
    "ONOFFLINEEVENT",
    "ONUSERADD",
)
CRM: tuple[str, ...] = (
    *(f"ONCRM{kind}{verb}" for kind in ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE") for verb in _AUD),
    *(
        f"ONCRM{kind}USERFIELD{verb}"
        for kind in ("LEAD", "DEAL", "CONTACT", "COMPANY", "REQUISITE")
        for verb in (*_AUD, "SETENUMVALUES")
    ),
    "ONCRMDEALMOVETOCATEGORY",
    *(f"ONCRMACTIVITY{verb}" for verb in _AUD),
    *(f"ONCRMTIMELINECOMMENT{verb}" for verb in _AUD),
    *(f"ONCRMREQUISITE{verb}" for verb in _AUD),
    *(f"ONCRMBANKDETAIL{verb}" for verb in _AUD),
    "ONCRMADDRESSREGISTER",
    "ONCRMADDRESSUNREGISTER",
    *(f"ONCRMCURRENCY{verb}" for verb in _AUD),
)
TASKS = tuple(f"ONTASK{verb}" for verb in _AUD)
ALL_EVENTS = (*LIFECYCLE, *CRM, *TASKS)


def event_scope(code: str) -> str:
    """The scope an app needs for this event; an empty one for basic."""
    if code.startswith("ONCRM"):
        return "crm"
    if code.startswith("ONTASK"):
        return "task"
    return "user" if code == "ONUSERADD" else ""
