"""The standard fields of a lead: where each of them goes, as tables, and what is said about those with no place. Pure.

Every key of a lead's row is either carried by a table here, handled by name in `leadplan`, or known to be of no value outside the lead
(`OWN`). A filled key that is none of these becomes a data-loss finding: nothing vanishes silently.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .catalogue import finding
from .customfields import is_empty
from .model import Finding, LeadSnapshot, PortalFacts

UTM = ("utmSource", "utmMedium", "utmCampaign", "utmContent", "utmTerm")
PERSON = ("honorific", "name", "secondName", "lastName", "birthdate", "post")
SHARED = ("comments", "opened", "observers", *UTM)

# lead field → field of the record; `crm.item.add`, tab of each type
DEAL: Mapping[str, str] = {
    **{name: name for name in ("title", "sourceId", "sourceDescription", "currencyId", *SHARED)},
    "statusDescription": "additionalInfo",
}
CONTACT: Mapping[str, str] = {name: name for name in (*PERSON, "sourceId", "sourceDescription", *SHARED)}
COMPANY: Mapping[str, str] = {name: name for name in SHARED}
TABLES: Mapping[str, Mapping[str, str]] = {"deal": DEAL, "contact": CONTACT, "company": COMPANY}

# Empty fields of an existing client that a lead may fill; everything else of it is left alone.
FILLABLE: Mapping[str, tuple[str, ...]] = {"contact": PERSON, "company": ()}

# Said or done by name elsewhere in planning.
HANDLED = frozenset(
    {
        "assignedById",
        "companyId",
        "companyTitle",
        "contactId",
        "contactIds",
        "contacts",
        "fm",
        "isManualOpportunity",
        "opportunity",
        "originId",
        "originatorId",
        "stageId",
        "webformId",
    }
)
# Derived, or true of the lead alone: times, authors, search text, copies of `fm`, always-null columns (object-fields.md).
OWN = frozenset(
    {
        "accountCurrencyId",
        "address",
        "addressText",
        "createdBy",
        "createdTime",
        "dateClosed",
        "dateCreateShort",
        "dateModifyShort",
        "email",
        "emailHome",
        "emailMailing",
        "emailWork",
        "entityTypeId",
        "exchRate",
        "faceId",
        "formattedName",
        "fullName",
        "hasEmail",
        "hasImol",
        "hasPhone",
        "icq",
        "id",
        "imol",
        "isConvert",
        "isReturnCustomer",
        "lastActivityBy",
        "lastActivityTime",
        "lastCommunicationCallTime",
        "lastCommunicationEmailTime",
        "lastCommunicationImolTime",
        "lastCommunicationTime",
        "lastCommunicationWebformTime",
        "login",
        "movedBy",
        "movedTime",
        "opportunityAccount",
        "phone",
        "phoneMailing",
        "phoneMobile",
        "phoneWork",
        "productId",
        "searchContent",
        "shortName",
        "skype",
        "stageSemanticId",
        "taxValue",
        "updatedBy",
        "updatedTime",
    }
)
PARENT = "parentId"
PLACED = HANDLED | OWN | set(DEAL) | set(CONTACT)


def standard(entity: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The filled standard fields of a lead as fields of a new record of `entity`."""
    return {theirs: fields[ours] for ours, theirs in TABLES[entity].items() if not is_empty(fields.get(ours))}


def fill(entity: str, fields: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, Any]:
    """What a lead can add to the empty fields of an existing client."""
    return {
        name: fields[name]
        for name in FILLABLE[entity]
        if not is_empty(fields.get(name)) and is_empty(existing.get(name))
    }


def _same(a: Any, b: Any) -> bool:
    return " ".join(str(a).split()).casefold() == " ".join(str(b).split()).casefold()


def kept(
    entity: str,
    client: tuple[int, int],
    fields: Mapping[str, Any],
    existing: Mapping[str, Any],
    titles: Mapping[str, str],
) -> list[Finding]:
    """Values of the lead that give way to other ones of a client: `client` is its ID, or 0 and the lead of the plan that creates it."""
    pairs = [(name, fields.get(name)) for name in FILLABLE[entity]]
    if entity == "company":
        pairs = [("title", fields.get("companyTitle"))]
    return [
        kept_instead(titles.get(name, name), entity, client, existing[name], ours)
        for name, ours in pairs
        if not is_empty(ours) and not is_empty(existing.get(name)) and not _same(ours, existing[name])
    ]


def kept_instead(field: str, entity: str, client: tuple[int, int], theirs: object, ours: object) -> Finding:
    """That a client keeps its value of a field instead of the lead's; `client` as in `kept`."""
    id_, lead = client
    if lead:
        return finding("client-field-first", field=field, entity=entity, lead=lead, kept=theirs, lost=ours)
    return finding("client-field-kept", field=field, entity=entity, id=str(id_), kept=theirs, lost=ours)


def titles(facts: PortalFacts, entity: str) -> dict[str, str]:
    """camelCase name → the portal's own words for a field of `entity`."""
    return {key: str(row.get("title") or key) for key, row in facts.item_fields.get(entity, {}).items()}


def parents(keys: Iterable[str], lead: LeadSnapshot) -> dict[str, Any]:
    """Links to smart-process parents that a deal carries, too; `keys` are the relations that deals have."""
    found = ((key, lead.fields.get(key)) for key in keys)
    return {key: value for key, value in found if value and not is_empty(value)}


def unplaced(placed: frozenset[str], names: Mapping[str, str], lead: LeadSnapshot) -> list[Finding]:
    """A data-loss finding for every filled key of the row that has no place; `names` are the portal's own words for fields."""
    lost = [
        (names.get(key, key), str(value))
        for key, value in lead.fields.items()
        if key not in placed and value and not is_empty(value)
    ]
    return [finding("value-dropped", field=field, value=value) for field, value in sorted(lost)]
