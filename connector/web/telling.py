"""Values of CRM fields as a person would read them, in the reader's language. Must never be asked what a value means for a plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.i18n import N_, _, day, moment, money, number
from connector.planning.channels import EMAIL, PHONE
from connector.planning.customfields import is_empty, shown
from connector.planning.model import PortalFacts, UserField

DERIVED: Mapping[str, str] = {
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "other": N_("Other channels"),
    "products": N_("Products"),
    "open_activities": N_("Open activities"),
    "done_activities": N_("Completed activities"),
    "address": N_("Address"),
    "pipeline": N_("Pipeline"),
}
_PEOPLE = ("assignedById", "observers")
_MONEY = ("opportunity",)
_MOMENTS = ("birthdate", "begindate", "closedate")


class Teller:
    """Names and values of one portal's fields. A value that is not known is shown as it is, never hidden."""

    def __init__(self, facts: PortalFacts) -> None:
        self._facts = facts
        # Lead stages and deal stages share IDs such as NEW.
        self._stages = {
            "lead": {s.id: s for s in facts.lead_stages},
            "deal": {s.id: s for p in facts.pipelines for s in p.stages},
        }
        self._custom: dict[str, dict[str, UserField]] = {
            entity: {name: f for f in fields for name in (f.key, f.name) if name}
            for entity, fields in facts.user_fields.items()
        }

    def label(self, entity: str, key: str) -> str:
        """What the portal calls a field."""
        if key in DERIVED:
            return _(DERIVED[key])
        if field := self._custom.get(entity, {}).get(key):
            return field.label or field.name
        row = self._facts.item_fields.get(entity, {}).get(key, {})
        return str(row.get("title") or key)

    def value(self, entity: str, key: str, value: Any, fields: Mapping[str, Any]) -> str:
        """A value for reading; several are separated by commas."""
        if is_empty(value):
            return ""
        if isinstance(value, list | tuple):
            return ", ".join(text for one in value if (text := self.value(entity, key, one, fields)))
        if field := self._custom.get(entity, {}).get(key):
            return self._of_type(field, value)
        if key == "stageId":
            return self.stage(entity, value)[0]
        return self._standard(key, value, fields)

    def stage(self, entity: str, value: Any) -> tuple[str, str]:
        """Name and colour of a stage of leads or deals; a pipeline that is still to be made has the stages of the leads."""
        new = isinstance(value, Mapping)
        code = str(value.get("stage", "")) if new else str(value or "")
        found = self._stages["lead" if new else entity].get(code)
        return (found.name, found.color) if found else (code, "")

    def person(self, id_: Any) -> str:
        """A colleague by name, else by number."""
        found = self._facts.people.get(int(id_)) if str(id_).isdecimal() else None
        return found.name if found and found.name else f"#{id_}"

    def pipeline(self, value: Any) -> str:
        """A pipeline by name."""
        if isinstance(value, Mapping):
            return _("the new pipeline")
        found = self._facts.pipeline(int(value)) if str(value).isdecimal() else None
        return found.name if found else str(value)

    def channels(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Phones, e-mails and other ways to reach somebody, out of `fm`."""
        found: dict[str, list[str]] = {}
        for entry in fields.get("fm") or ():
            kind = {PHONE: "phone", EMAIL: "email"}.get(str(entry.get("typeId")), "other")
            found.setdefault(kind, []).append(str(entry.get("value", "")))
        return {kind: ", ".join(values) for kind, values in found.items()}

    def _standard(self, key: str, value: Any, fields: Mapping[str, Any]) -> str:
        if key in _PEOPLE:
            return self.person(value)
        if key in _MONEY:
            return self.money(value, fields)
        if key == "categoryId":
            return self.pipeline(value)
        if key == "sourceId":
            return self._facts.sources.get(str(value), str(value))
        if key in _MOMENTS:
            return _date(value)
        if value in ("Y", "N", True, False):
            return _("yes") if value in ("Y", True) else _("no")
        return _("created in the same step") if isinstance(value, Mapping) else str(value)

    def money(self, value: Any, fields: Mapping[str, Any]) -> str:
        """An amount with the currency of its record."""
        try:
            return money(float(value), str(fields.get("currencyId") or self._facts.base_currency))
        except (TypeError, ValueError):
            return str(value)

    def _of_type(self, field: UserField, value: Any) -> str:
        if field.type == "boolean":
            return _("yes") if value in ("Y", "1", 1, True) else _("no")
        if field.type in ("date", "datetime"):
            return _date(value)
        if field.type in ("employee", "user"):
            return self.person(value)
        if field.type == "money" and "|" in str(value):
            amount, currency = str(value).split("|", 1)
            return self.money(amount, {"currencyId": currency})
        if field.type == "double" and isinstance(value, int | float):
            return number(value)
        return shown(field, value)


def _date(value: Any) -> str:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return day(at) if (at.hour, at.minute) == (0, 0) else moment(at)
