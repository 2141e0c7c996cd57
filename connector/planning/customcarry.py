"""The custom field values of one lead, carried into each of its records, with an account of what finds no place. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .catalogue import finding
from .context import Context
from .customfields import Pair, Written, is_empty, shown, translate
from .files import MAX_MEGABYTES, file_ids
from .model import Action, Do, Finding, UserField


@dataclass(frozen=True, slots=True)
class Carried:
    """`values` per entity are ready for `fields` of `crm.item.add`; `files` are the actions that copy files into records once these are
    there; `created_key` is where a deal keeps the lead's creation date.
    """

    values: dict[str, dict[str, Any]]
    findings: tuple[Finding, ...]
    created_key: str = ""
    files: tuple[Action, ...] = ()


def carry(
    context: Context, held: Mapping[str, list[Any]], records: Mapping[str, Mapping[str, Any] | None]
) -> Carried:
    """Carry the custom fields that a lead fills (`held`, from `customfields.filled`) into `records`: entity → fields that the record
    has already, None for a new one."""
    out: dict[str, dict[str, Any]] = {entity: {} for entity in records}
    said: list[Finding] = []
    files: list[Action] = []
    for field in context.facts.user_fields.get("lead", ()):
        found = held.get(field.name)
        if found is None:
            if field.mandatory and field.type not in ("boolean", "file"):
                said.append(finding("required-on-lead", field=field.label))
        elif field.type == "file":
            copies, words = _files(field, found, context, records)
            files += copies
            said += words
        else:
            here = {e: context.pairs[e][field.name] for e in records if field.name in context.pairs[e]}
            said += _write(field, found, here, records, out)
    for entity, existing in records.items():
        if existing is None:
            said += _required(entity, context, out[entity])
    return Carried(out, tuple(said), _created_key(context), tuple(files))


def _files(
    field: UserField,
    found: list[Any],
    context: Context,
    records: Mapping[str, Mapping[str, Any] | None],
) -> tuple[list[Action], list[Finding]]:
    """Files go to one record: the deal where it has a field for them, else a client that is created. Existing clients are left alone."""
    ids = file_ids(found)
    place = next(
        (
            (entity, pair.target)
            for entity, existing in records.items()
            for pair in (context.pairs[entity].get(field.name),)
            if existing is None and pair is not None and pair.target is not None
        ),
        None,
    )
    if place is None or not ids:
        return [], [finding("file-not-carried", field=field.label, count=len(found))]
    entity, target = place
    taken = ids if target.multiple else ids[:1]
    params = {
        "entity": entity,
        "field": field.key or field.name,
        "target": target.key or target.name,
        "files": taken,
        "multiple": target.multiple,
    }
    said = [
        finding("file-copied", field=field.label, entity=entity, count=len(taken), megabytes=MAX_MEGABYTES)
    ]
    if len(found) > len(taken):
        said.append(finding("file-not-carried", field=field.label, count=len(found) - len(taken)))
    return [Action(f"files:{entity}:{params['target']}", Do.COPY_FILES, params)], said


def _write(
    field: UserField,
    found: list[Any],
    here: Mapping[str, Pair],
    records: Mapping[str, Mapping[str, Any] | None],
    out: dict[str, dict[str, Any]],
) -> list[Finding]:
    """Write the values of one field into every record that takes it; say which of them end up nowhere."""
    wanted = [shown(field, v) for v in found]
    placed: set[str] = set()
    lost: dict[str, tuple[str, str]] = {}
    for entity, pair in here.items():
        assert pair.target is not None
        have = records[entity]
        if have is not None and not is_empty(have.get(pair.target.key)):
            lost.update({w: ("client-field-kept", entity) for w in wanted if w not in lost})
            continue
        written: Written = translate(field, pair.target, found)
        if written.value is not None:
            out[entity][pair.target.key or pair.target.name] = written.value
        missing = {*written.no_entry, *written.no_room}
        placed.update(w for w in wanted if w not in missing)
        lost.update(dict.fromkeys(written.no_entry, ("enum-dropped", entity)))
        lost.update(dict.fromkeys(written.no_room, ("values-cut", entity)))
    left = [w for w in dict.fromkeys(wanted) if w not in placed]
    if not left:
        return []
    groups: dict[tuple[str, str], list[str]] = {}
    for value in left:
        groups.setdefault(lost.get(value, ("field-dropped", "")), []).append(value)
    return [
        _kept(field, ", ".join(group), here[entity], records[entity] or {})
        if code == "client-field-kept"
        else finding(code, field=field.label, entity=entity, value=", ".join(group))
        for (code, entity), group in groups.items()
    ]


def _kept(field: UserField, value: str, pair: Pair, have: Mapping[str, Any]) -> Finding:
    assert pair.target is not None
    kept = shown(pair.target, have[pair.target.key])
    return finding(
        "client-field-kept",
        field=field.label,
        entity=pair.entity,
        id=have.get("id", 0),
        kept=kept,
        lost=value,
    )


def _required(entity: str, context: Context, written: Mapping[str, Any]) -> list[Finding]:
    """Known required custom fields that a new record would leave empty: `crm.item.add` refuses it."""
    return [
        finding("required-empty", field=f.label, entity=entity)
        for f in context.facts.user_fields.get(entity, ())
        if f.mandatory and f.type != "boolean" and is_empty(written.get(f.key or f.name))
    ]


def _created_key(context: Context) -> str:
    name = context.options.created_field
    return next(
        (f.key or f.name for f in context.facts.user_fields.get("deal", ()) if name and f.name == name), ""
    )
