"""A small portal for planning tests: facts with three pipelines and custom fields of every common type, and leads made from a few words."""

from dataclasses import replace
from typing import Any

from connector.planning.model import (
    Activity,
    ClientMatch,
    CrmMode,
    Known,
    LeadSnapshot,
    Person,
    Pipeline,
    PortalFacts,
    Referrer,
    Stage,
    UserField,
)

LEAD_STAGES = (
    Stage("NEW", "Nowy", 10, "P", "#39A8EF"),
    Stage("IN_PROCESS", "W toku", 20, "P", "#2FC6F6"),
    Stage("UC_CALL", "Zadzwonić", 30, "P", "#55D0E0"),
    Stage("PROCESSED", "Opracowany", 40, "P", "#47E4C2"),
    Stage("CONVERTED", "Dobry lead", 50, "S", "#7BD500"),
    Stage("JUNK", "Śmieci", 60, "F", "#FF5752"),
)
GENERAL = Pipeline(
    0,
    "Ogólny",
    10,
    True,
    (
        Stage("NEW", "Nowy", 10, "P"),
        Stage("PREPARATION", "Dokumenty", 20, "P"),
        Stage("EXECUTING", "W toku", 30, "P"),
        Stage("FINAL_INVOICE", "Faktura", 40, "P"),
        Stage("WON", "Wygrany", 50, "S"),
        Stage("LOSE", "Przegrany", 60, "F"),
    ),
)
SERVICE = Pipeline(
    4,
    "Serwis",
    20,
    False,
    (
        Stage("C4:NEW", "Zgłoszenie", 10, "P"),
        Stage("C4:WORK", "Naprawa", 20, "P"),
        Stage("C4:WON", "Gotowe", 30, "S"),
        Stage("C4:LOSE", "Odrzucone", 40, "F"),
    ),
)


def uf(entity: str, tail: str, type_: str, label: str, **more: Any) -> UserField:
    """A custom field; its key in `crm.item.*` is made as Bitrix24 makes it for numeric tails."""
    multiple, mandatory = more.pop("multiple", False), more.pop("mandatory", False)
    return UserField(f"UF_CRM_{tail}", type_, multiple, mandatory, label, key=f"ufCrm_{tail}", **more)


USER_FIELDS = {
    "lead": (
        uf("lead", "101", "string", "Uwagi handlowca"),
        uf("lead", "102", "enumeration", "Branża", enum={11: "Handel", 12: "Budowa", 13: "Rolnictwo"}),
        uf("lead", "103", "enumeration", "Kanały", multiple=True, enum={21: "Sklep", 22: "Hurt"}),
        uf("lead", "104", "file", "Oferta"),
        uf("lead", "105", "boolean", "VIP"),
        uf("lead", "106", "money", "Budżet"),
        uf("lead", "107", "date", "Termin"),
        uf("lead", "108", "string", "Bez odpowiednika"),
        uf("lead", "109", "string", "Numery", multiple=True),
        uf("lead", "110", "employee", "Opiekun"),
        uf("lead", "112", "file", "Załączniki", multiple=True),
        uf("lead", "113", "file", "Zdjęcie"),
        uf("lead", "111", "crm_status", "Typ", settings={"ENTITY_TYPE": "INDUSTRY"}),
    ),
    "deal": (
        uf("deal", "201", "string", "uwagi  HANDLOWCA"),
        uf("deal", "202", "enumeration", "Branża", enum={31: "Budowa", 32: "handel"}),
        uf("deal", "203", "enumeration", "Kanały", multiple=True, enum={41: "Hurt", 42: "Sklep"}),
        uf("deal", "205", "boolean", "VIP"),
        uf("deal", "206", "money", "Budżet"),
        uf("deal", "207", "date", "Termin"),
        uf("deal", "209", "string", "Numery"),
        uf("deal", "210", "employee", "Opiekun"),
        uf("deal", "211", "crm_status", "Typ", settings={"ENTITY_TYPE": "SOURCE"}),
        uf("deal", "212", "file", "Załączniki", multiple=True),
        uf("deal", "299", "date", "Data leada"),
    ),
    "contact": (
        uf("contact", "301", "string", "Uwagi handlowca"),
        uf("contact", "305", "boolean", "VIP"),
        uf("contact", "313", "file", "Zdjęcie"),
    ),
    "company": (uf("company", "402", "enumeration", "Branża", enum={51: "Rolnictwo"}),),
}
PEOPLE = {
    1: Person(1, "Anna Nowak", True),
    7: Person(7, "Piotr Zając", True),
    9: Person(9, "Zwolniony Człowiek", False),
}
FACTS = PortalFacts(
    key="portal.example.com",
    host="portal.example.com",
    mode=CrmMode.CLASSIC,
    plan="enterprise",
    classic_available=Known.YES,
    me=PEOPLE[1],
    i_am_admin=True,
    lead_stages=LEAD_STAGES,
    pipelines=(GENERAL, SERVICE),
    user_fields=USER_FIELDS,
    currencies=("PLN", "EUR", "USD"),
    base_currency="PLN",
    deal_types=("SALE", "SERVICE"),
    people=PEOPLE,
    active_leads_by_stage={"NEW": 1},
    workflows=(),
    taken_at="2026-11-23T09:00:00+00:00",
    country="PL",
    item_fields={
        "lead": {"statusDescription": {"title": "Informacja o etapie"}, "parentId130": {"title": "Projekt"}},
        "deal": {"parentId130": {"title": "Projekt"}, "title": {"title": "Nazwa"}},
    },
    sources={"WEB": "Strona", "CALL": "Telefon"},
    referrers=(
        Referrer(7, "", "leadId", "dealId"),
        Referrer(1040, "Projekty", "parentId1", "parentId2"),
        Referrer(1050, "Usługi", "parentId1", ""),
        Referrer(4, "", "ufCrm_410", "ufCrm_410", "Pochodzi z"),
        Referrer(3, "", "ufCrm_310", "", "Lead polecający", plain=True),
    ),
    smart_listed=True,
)


def facts(**changes: Any) -> PortalFacts:
    """`FACTS` with some things different."""
    return replace(FACTS, **changes)


def fm(*values: str) -> list[dict[str, Any]]:
    """`fm` entries: e-mails by their @, the rest phones."""
    return [
        {"id": 900 + i, "typeId": "EMAIL" if "@" in v else "PHONE", "valueType": "WORK", "value": v}
        for i, v in enumerate(values)
    ]


def lead(id_: int = 1, **fields: Any) -> LeadSnapshot:
    """A lead with a title, in the first stage, of an active employee. Underscored names are parts of the snapshot."""
    parts = {name[1:]: fields.pop(name) for name in list(fields) if name.startswith("_")}
    row = {
        "id": id_,
        "title": f"Lead {id_}",
        "stageId": "NEW",
        "stageSemanticId": "P",
        "assignedById": 1,
        "currencyId": "PLN",
        "opportunity": 0,
        "isManualOpportunity": "N",
        "isReturnCustomer": "N",
        "opened": "N",
        "createdTime": "2026-10-01T08:00:00+02:00",
        "fm": [],
        **fields,
    }
    parts["activities"] = tuple(
        Activity(**a) if isinstance(a, dict) else a for a in parts.get("activities", ())
    )
    parts["matches"] = tuple(
        ClientMatch(**{**m, "by": tuple(m["by"])}) if isinstance(m, dict) else m
        for m in parts.get("matches", ())
    )
    for name in ("products", "contact_links", "related"):
        parts[name] = tuple(parts.get(name, ()))
    return LeadSnapshot(id=id_, fields=row, **parts)


def activity(id_: int, **changes: Any) -> Activity:
    """An open to-do of a lead."""
    base: dict[str, Any] = {
        "id": id_,
        "type_id": 6,
        "provider_id": "CRM_TODO",
        "provider_type_id": "TODO",
        "subject": f"Zadanie {id_}",
        "completed": False,
        "deadline": "2026-12-01T10:00:00+01:00",
        "responsible_id": 1,
        "owner_type_id": 1,
        "owner_id": 1,
    }
    return Activity(**{**base, **changes})


def mandatory(*names: str) -> dict[str, tuple[UserField, ...]]:
    """`USER_FIELDS` with some of them required: `mandatory("deal.UF_CRM_201")`."""
    return {
        entity: tuple(replace(f, mandatory=f"{entity}.{f.name}" in names) for f in fields)
        for entity, fields in USER_FIELDS.items()
    }
