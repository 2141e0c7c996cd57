"""Phones, e-mails and other ways to reach a client (`fm`): normalised for comparison, sorted into what may be written. Compares only.

Phones become E.164 with the portal's country (`phonenumbers`); what is no number of a known form is compared by its digits.
E-mails are compared in lower case. The extension of a phone is ignored, as `crm.duplicate.findbycomm` does.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

from .catalogue import finding
from .model import Fields, Finding

PHONE, EMAIL = "PHONE", "EMAIL"
_EMAIL = re.compile(r"[^@\s<>\"(),:;\[\]\\]+@[^@\s<>\"(),:;\[\]\\.]+(\.[^@\s<>\"(),:;\[\]\\.]+)+", re.ASCII)
# Extensions as people write them here; `phonenumbers` knows the English ones only.
_EXTENSION = re.compile(
    r"[\s,;]*(?:wew|доб|вн|внутр|durchwahl|dw|int|ext)\b\.?[\s:]*\d*\s*$|[;#].*$", re.IGNORECASE
)
_CHAT_KINDS = frozenset({"OPENLINE", "IMOL"})
_FEWEST_DIGITS = 6


@lru_cache(maxsize=20_000)
def phone_key(value: str, country: str) -> str:
    """The comparable form of a phone: E.164, else its digits, else an empty text (nothing to compare)."""
    value = _EXTENSION.sub("", value)
    try:
        number = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_possible_number(number):
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    digits = "".join(c for c in value if c.isdigit())
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def email_valid(value: str) -> bool:
    """True for an address that Bitrix24 accepts in a client (`crm.contact.add` answers ERROR_CORE for others)."""
    return _EMAIL.fullmatch(value.strip()) is not None


def email_key(value: str) -> str:
    """The comparable form of an e-mail address; empty for something that is none."""
    text = value.strip()
    return text.lower() if email_valid(text) else ""


def key_of(entry: Mapping[str, Any], country: str) -> str:
    """The comparable form of one `fm` entry; empty when it cannot tell one client from another."""
    value = str(entry.get("value") or "")
    kind = entry.get("typeId")
    if kind == PHONE:
        return phone_key(value, country)
    return email_key(value) if kind == EMAIL else ""


def entries(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The `fm` entries of a row of `crm.item.list` that carry a value."""
    return [e for e in fields.get("fm") or () if isinstance(e, Mapping) and str(e.get("value") or "").strip()]


def keys(fields: Mapping[str, Any], country: str) -> dict[str, str]:
    """Comparable form → value as written, for all phones and e-mails of a row, in its order."""
    found: dict[str, str] = {}
    for entry in entries(fields):
        key = key_of(entry, country)
        if key:
            found.setdefault(key, str(entry["value"]))
    return found


def _is_chat(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("typeId") == "LINK"
        or entry.get("valueType") in _CHAT_KINDS
        or str(entry["value"]).startswith("imol|")
    )


@dataclass(frozen=True, slots=True)
class Channels:
    """What may be written to a new client (`fm` rows without ids), and what that leaves out."""

    rows: tuple[Fields, ...]
    findings: tuple[Finding, ...]


def sort_out(fields: Mapping[str, Any], country: str) -> Channels:
    """Split the `fm` of a lead into rows for `crm.item.add` and findings about the rest."""
    rows: list[Fields] = []
    findings: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for entry in entries(fields):
        kind, value = str(entry.get("typeId") or ""), str(entry["value"]).strip()
        if (kind, value) in seen:
            continue
        seen.add((kind, value))
        if _is_chat(entry):
            findings.append(finding("channel-not-carried", type=kind, value=value))
        elif kind == EMAIL and not email_valid(value):
            findings.append(finding("email-invalid", value=value))
        else:
            if kind == PHONE and not phone_key(value, country):
                findings.append(finding("phone-unclear", value=value))
            rows.append({"typeId": kind, "valueType": str(entry.get("valueType") or "WORK"), "value": value})
    return Channels(tuple(rows), tuple(findings))


def known(fields: Mapping[str, Any], country: str) -> frozenset[str]:
    """What a client with these fields can be reached by already: comparable forms, else values as written."""
    return frozenset(_form(e, country) for e in entries(fields))


def missing(rows: Iterable[Fields], have: Collection[str], country: str) -> tuple[Fields, ...]:
    """Those of `rows` that are not in `have` (from `known`) yet."""
    return tuple(r for r in rows if _form(r, country) not in have)


def _form(entry: Mapping[str, Any], country: str) -> str:
    return key_of(entry, country) or str(entry["value"]).strip()
