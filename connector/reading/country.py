"""Which country's phone numbers a portal writes without prefix: by its licence, its domain, its currency. A guess that only helps
comparing; nothing is written from it."""

import re
from collections.abc import Mapping

_BY_DOMAIN: Mapping[str, str] = {
    "pl": "PL",
    "de": "DE",
    "fr": "FR",
    "it": "IT",
    "es": "ES",
    "uk": "GB",
    "ru": "RU",
    "by": "BY",
    "kz": "KZ",
    "ua": "UA",
    "tr": "TR",
    "br": "BR",
    "mx": "MX",
    "in": "IN",
    "id": "ID",
    "vn": "VN",
    "jp": "JP",
}
_BY_CURRENCY: Mapping[str, str] = {
    "PLN": "PL",
    "CZK": "CZ",
    "HUF": "HU",
    "RON": "RO",
    "UAH": "UA",
    "RUB": "RU",
    "BYN": "BY",
    "KZT": "KZ",
    "TRY": "TR",
    "GBP": "GB",
    "BRL": "BR",
    "MXN": "MX",
    "INR": "IN",
    "IDR": "ID",
    "VND": "VN",
    "JPY": "JP",
    "USD": "US",
}


def country_of(host: str, licence: str, currency: str) -> str:
    """ISO code, or an empty text when nothing tells. `licence` is LICENSE of app.info, such as `pl_nfr`."""
    prefix = re.match(r"([a-z]{2})_", licence)
    if prefix and prefix[1] in _BY_DOMAIN:
        return _BY_DOMAIN[prefix[1]]
    name = host.partition(":")[0].rstrip(".").rpartition(".")[2]
    return _BY_DOMAIN.get(name) or _BY_CURRENCY.get(currency, "")
