"""Custom fields: which field of a target a lead's field belongs to, and how its value is written there. Pure tables and rules.

Bitrix24 matches by type, multiplicity and label. So do we, after what the user mapped by hand; then, more forgiving than Bitrix24, by
type and label alone (the values that do not fit are named). Enumeration values are matched by their text, ids are private to a field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from .model import PortalFacts, UserField
from .options import MissingFields, Options
from .stages import plain_name

TARGETS = ("deal", "contact", "company")
UNSUPPORTED = frozenset({"resourcebooking"})
# Types that `crm.deal.userfield.add` makes; types of other applications are theirs to make.
CREATABLE = frozenset(
    {
        "address",
        "boolean",
        "crm",
        "crm_status",
        "date",
        "datetime",
        "double",
        "employee",
        "enumeration",
        "file",
        "iblock_element",
        "iblock_section",
        "integer",
        "money",
        "string",
        "url",
    }
)

# Explicit maps may join these; everything else must be of one type.
COMPATIBLE = frozenset(
    {
        ("integer", "double"),
        ("integer", "string"),
        ("double", "string"),
        ("url", "string"),
        ("string", "url"),
        ("date", "datetime"),
        ("date", "string"),
        ("datetime", "string"),
        ("string", "enumeration"),
        ("enumeration", "string"),
        ("address", "string"),
        ("money", "string"),
    }
)
# Types whose values mean something only under the same setting: (type, setting names, at least one of which may differ).
_BOUND = {"crm_status": ("ENTITY_TYPE",), "iblock_element": ("IBLOCK_ID",), "iblock_section": ("IBLOCK_ID",)}


def compatible(source: UserField, target: UserField) -> bool:
    """True when values of `source` can be written into `target`."""
    if source.type in UNSUPPORTED:
        return False
    if source.type == target.type:
        return all(
            str(source.settings.get(n, "")) == str(target.settings.get(n, ""))
            for n in _BOUND.get(source.type, ())
        )
    return (source.type, target.type) in COMPATIBLE


@dataclass(frozen=True, slots=True)
class Pair:
    """A field of leads and the field of `entity` that takes its value; `target` None: no counterpart, or mapped to nothing."""

    source: UserField
    entity: str
    target: UserField | None


def pairs(facts: PortalFacts, options: Options, entity: str) -> tuple[Pair, ...]:
    """One pair per custom field of leads, for one target entity, in the order of the lead's fields."""
    theirs = facts.user_fields.get(entity, ())
    chosen: Mapping[str, str] = getattr(options.fields, entity)
    by_name = {f.name: f for f in theirs}
    taken = {name for name in chosen.values() if name}
    exact, loose = _index(theirs, taken, exactly=True), _index(theirs, taken, exactly=False)
    found: dict[str, UserField | None] = {}
    for field in facts.user_fields.get("lead", ()):
        if field.name in chosen:
            found[field.name] = by_name.get(chosen[field.name])
    for source in (exact, loose):
        for field in facts.user_fields.get("lead", ()):
            if field.name in found or field.type in UNSUPPORTED:
                continue
            target = source(field)
            if target is not None and target.name not in taken and compatible(field, target):
                found[field.name] = target
                taken.add(target.name)
    if entity == "deal" and options.missing_fields is MissingFields.CREATE:
        taken |= set(by_name)
        for field in facts.user_fields.get("lead", ()):
            if field.name not in found and field.type in CREATABLE:
                found[field.name] = new_field(field)
    return tuple(Pair(f, entity, found.get(f.name)) for f in facts.user_fields.get("lead", ()))


def new_field(source: UserField) -> UserField:
    """The field of deals that apply creates for a lead's field without counterpart.

    Its name is derived, so that planning twice gives the same one, and numeric, so that its name in `crm.item.*` is certain. Entries of
    a new enumeration have no ids before it exists, so its values are kept as text. It is never required.
    """
    number = 9 * 10**12 + int(sha256(source.name.encode()).hexdigest()[:12], 16) % 10**12
    as_text = source.type == "enumeration"
    return UserField(
        name=f"UF_CRM_{number}",
        type="string" if as_text else source.type,
        multiple=source.multiple,
        mandatory=False,
        label=source.label,
        key=f"ufCrm_{number}",
        settings={} if as_text else source.settings,
    )


def _index(
    fields: tuple[UserField, ...], taken: set[str], *, exactly: bool
) -> Callable[[UserField], UserField | None]:
    def key(field: UserField) -> tuple[str, bool, str]:
        return field.type, field.multiple if exactly else False, plain_name(field.label)

    table: dict[tuple[str, bool, str], UserField] = {}
    for field in fields:
        if field.name not in taken:
            table.setdefault(key(field), field)
    return lambda field: table.get(key(field))


def native_pairs(facts: PortalFacts, entity: str) -> tuple[Pair, ...]:
    """The pairs that Bitrix24 itself makes: type, multiplicity and label, nothing else."""
    table: dict[tuple[str, bool, str], UserField] = {}
    for field in facts.user_fields.get(entity, ()):
        table.setdefault((field.type, field.multiple, plain_name(field.label)), field)
    return tuple(
        Pair(
            f, entity, None if f.type in UNSUPPORTED else table.get((f.type, f.multiple, plain_name(f.label)))
        )
        for f in facts.user_fields.get("lead", ())
    )


_NOTHING: tuple[Any, ...] = ("", [], {}, ())


def is_empty(value: Any) -> bool:
    """True for what Bitrix24 sends for `nothing here`: null, "", false, [], {}. Zero is a value."""
    return value is None or value is False or value in _NOTHING


def values(field: UserField, fields: Mapping[str, Any]) -> list[Any]:
    """The values of a custom field in a row of `crm.item.list`, empty ones left out; a single value is a list of one.

    The row may carry the camelCase key or, with `useOriginalUfNames`, the original name. A `no` of a boolean field is not a value:
    the target says no by itself.
    """
    value = fields.get(field.key)
    if value is None:
        value = fields.get(field.name)
        if value is None:
            return []
    if value in _NOTHING:
        return []
    found = list(value) if isinstance(value, list | tuple) else [value]
    if field.type == "boolean":
        return [v for v in found if v in ("Y", "1", 1, True)]
    if field.type in ("enumeration", "employee", "file"):
        return [v for v in found if not is_empty(v) and v not in (0, "0")]
    return [v for v in found if not is_empty(v)]


def written_time(value: str) -> str:
    """`2026-10-01T08:00:00+02:00` → `2026-10-01 08:00`: the moment as the portal shows it, in its own zone."""
    return value[:16].replace("T", " ")


def shown(field: UserField, value: Any) -> str:
    """A value as a person would read it: entries by their text, dates in the portal's zone, amounts with their currency."""
    if field.type == "enumeration":
        return field.enum.get(_number(value), str(value))
    if field.type == "date":
        return str(value)[:10]
    if field.type == "datetime":
        return written_time(str(value))
    if field.type == "money":
        return str(value).replace("|", " ").strip()
    if field.type == "address":
        # Coordinates and an id follow the text (`Lipowa 5|52.2;21.0|17`).
        return str(value).partition("|")[0]
    if field.type == "file" and isinstance(value, Mapping):
        return str(value.get("name") or value.get("id") or "")
    return str(value)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1


def filled(fields: tuple[UserField, ...], row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Name → values of the custom fields that hold something in a row."""
    found = {}
    for field in fields:
        held = values(field, row)
        if held:
            found[field.name] = held
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """What is written into the target (None: nothing), and the shown values that find no entry or no room."""

    value: Any
    no_entry: tuple[str, ...] = ()
    no_room: tuple[str, ...] = ()


def _text_of(source: UserField, value: Any) -> Any:
    return shown(source, value)


def _entry_of(target: UserField) -> Callable[[UserField, Any], Any]:
    known = _entries(target.name, tuple(target.enum.items()))

    def find(source: UserField, value: Any) -> Any:
        return known.get(plain_name(shown(source, value)))

    return find


@lru_cache(maxsize=512)
def _entries(name: str, enum: tuple[tuple[int, str], ...]) -> Mapping[str, int]:  # noqa: ARG001
    table: dict[str, int] = {}
    for id_, text in enum:
        table.setdefault(plain_name(text), id_)
    return table


def translate(source: UserField, target: UserField, found: list[Any]) -> Written:
    """Write `found` (from `values`) into `target`: entries by text, one value where there is room for one only."""
    if not found:
        return Written(None)
    if target.type == "enumeration":
        convert = _entry_of(target)
    elif source.type != target.type and target.type == "string":
        convert = _text_of
    else:
        convert = _same
    written: list[Any] = []
    no_entry: list[str] = []
    no_room: list[str] = []
    for value in found:
        out = convert(source, value)
        if out is None:
            no_entry.append(shown(source, value))
        elif out in written:
            continue
        elif written and not target.multiple:
            no_room.append(shown(source, value))
        else:
            written.append(out)
    if target.multiple:
        return Written(written or None, tuple(no_entry))
    return Written(written[0] if written else None, tuple(no_entry), tuple(no_room))


def _same(source: UserField, value: Any) -> Any:
    if source.type == "boolean":
        return "Y"
    return value
