"""What Bitrix24's own conversion made of one lead beside what was predicted. Pure: rows and predictions in, differences out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.planning.activities import open_ids
from connector.planning.model import LeadSnapshot, NativeOutcome
from connector.switching.calls import Row
from connector.switching.fresh import changed_fields
from connector.switching.probes import phones_and_mails, same, text_of

ASPECTS = (
    "converted", "contact", "company", "pipeline", "stage", "activities", "products", "amount", "fields",
)  # fmt: skip
"""What a difference can be about, the weightiest first; `WORDS` of the pages and reports name them."""

_ASPECT_OF = {
    "categoryId": "pipeline",
    "stageId": "stage",
    "opportunity": "amount",
    "productRows": "products",
}
_LINK_OF = {"contact": "deal.contactIds", "company": "deal.companyId"}
_NAMES = ("name", "secondName", "lastName")
_BY_CONVERSION = frozenset(
    {
        "stageId", "previousStageId", "stageSemanticId", "semanticId", "closed", "dateClosed", "contactId",
        "contactIds", "contacts", "companyId", "isReturnCustomer", "hasPhone", "hasEmail", "hasImol",
    }
)  # fmt: skip
"""Fields of a lead that its conversion changes by itself; any other change was made by somebody."""


@dataclass(frozen=True, slots=True)
class Actual:
    """One lead as it was found afterwards: its row (None: not there any more), deals that it did not have before, the product rows of the
    first of them, its clients, and which activities are completed now by id.
    """

    lead: Row | None
    deals: Sequence[Row] = ()
    rows: Sequence[Row] = ()
    contact: Row | None = None
    company: Row | None = None
    completed: Mapping[int, bool] = field(default_factory=dict)
    lead_rows: Sequence[Row] = ()

    @property
    def in_work(self) -> bool:
        """Whether the lead is still one that Bitrix24 would convert."""
        return self.lead is not None and self.lead.get("stageSemanticId") == "P"


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` names it for reports, `aspect` (one of `ASPECTS`) for counting."""

    what: str
    aspect: str
    wanted: Any
    found: Any

    def as_detail(self) -> Row:
        """For `run_lead.detail`."""
        return {"what": self.what, "aspect": self.aspect, "wanted": self.wanted, "found": self.found}


def edited(before: LeadSnapshot, actual: Actual) -> list[str]:
    """Fields that somebody changed in the lead since it was predicted."""
    if actual.lead is None:
        return []
    changed = changed_fields(before, actual.lead, actual.lead_rows, strict=False)
    return [name for name in changed if name not in _BY_CONVERSION]


def differences(outcome: NativeOutcome, before: LeadSnapshot, actual: Actual) -> list[Difference]:
    """Where a lead that was converted came out otherwise than `outcome` says; empty when it came out as predicted."""
    if outcome.fails or outcome.deal is None:
        return [Difference("converted", "converted", outcome.fails or "no", "yes")]
    clients = [
        *_client("contact", outcome.contact, actual.contact, before),
        *_client("company", outcome.company, actual.company, before),
    ]
    # A client that is not there cannot be in the deal either: that is one difference and not two.
    linked = {_LINK_OF[one.what] for one in clients if one.what in _LINK_OF}
    deal = [one for one in _deal(outcome.deal, actual) if one.what not in linked]
    found = [*clients, *deal, *_activities(outcome, before, actual)]
    if len(actual.deals) > 1:
        found.append(Difference("deals", "converted", 1, len(actual.deals)))
    return found


def _client(
    entity: str, wanted: Mapping[str, Any] | None, found: Row | None, before: LeadSnapshot
) -> list[Difference]:
    """A client that this conversion made, or did not; one that the lead had before counts as neither."""
    made = found if found is not None and same(found.get("leadId"), before.id) else None
    if (wanted is None) != (made is None):
        return [Difference(entity, entity, "yes" if wanted else "no", "yes" if made else "no")]
    if wanted is None or made is None:
        return []
    # What Bitrix24 calls a person without a name is a word of its own language.
    nameless = entity == "contact" and not any(text_of(before.fields.get(n)) for n in _NAMES)
    skipped = {"leadId", *(_NAMES if nameless else ())}
    return [
        Difference(f"{entity}.{name}", "fields", value, made.get(name))
        for name, value in wanted.items()
        if name not in skipped and name in made and not _alike(name, value, made[name])
    ]


def _deal(wanted: Mapping[str, Any], actual: Actual) -> list[Difference]:
    row, found = actual.deals[0], list[Difference]()
    for name, value in wanted.items():
        if name == "productRows":
            if len(value) != len(actual.rows):
                found.append(Difference("deal.products", "products", len(value), len(actual.rows)))
        elif name in row and not _alike(name, value, row[name]):
            aspect = _ASPECT_OF.get(name, "fields")
            found.append(Difference(f"deal.{name}", aspect, value, row[name]))
    if any(one.aspect == "pipeline" for one in found):
        # Another pipeline has other stages: that is one difference and not two.
        found = [one for one in found if one.aspect != "stage"]
    return found


def _activities(outcome: NativeOutcome, before: LeadSnapshot, actual: Actual) -> list[Difference]:
    were_open = [id_ for id_ in open_ids(before.activities) if id_ in actual.completed]
    wanted = len([id_ for id_ in were_open if id_ in outcome.completes_activities])
    found = len([id_ for id_ in were_open if actual.completed[id_]])
    return [] if wanted == found else [Difference("activities.completed", "activities", wanted, found)]


def _alike(name: str, wanted: Any, found: Any) -> bool:
    if name == "fm":
        return phones_and_mails(wanted) <= phones_and_mails(found)
    if _is_file_or_ref(wanted):
        return bool(text_of(found))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return _flag(wanted) == _flag(found)
    return same(wanted, found) or _same_day(str(wanted), str(found))


def _is_file_or_ref(value: Any) -> bool:
    """A file is another one after copying, and `{"ref": …}` stands for an id that nobody knew: both only have to be there."""
    many = value if isinstance(value, list | tuple) else [value]
    return bool(many) and all(isinstance(one, Mapping) for one in many)


def _flag(value: Any) -> bool:
    return text_of(value) in ("Y", "1")


def _same_day(wanted: str, found: str) -> bool:
    """A custom date is written as a day and read back as a moment."""
    return len(wanted) == 10 and wanted[4::3] == "--" and found[:10] == wanted
