"""A REST request and its answer as the REST log keeps them: what was asked and how it ended, but no secret and nobody's data.

Values are kept only where a rule below says that they are names of the platform: everything else becomes its type and length.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from connector.bitrix.wire import Exchange
from connector.redact import MASK, is_secret_key, redact_text

DEPTH = 4
KEYS = 30
ITEMS = 5
TEXT = 64
COMMAND = 1_024
FAILURES = 20
DESCRIPTION = 200

# Whatever stands below these is made of field names and directions.
OPEN_BRANCHES = frozenset(
    {"select", "order", "sort", "halt", "start", "limit", "handler", "event", "placement"}
)
# Fields whose values are ids and codes of the platform; custom fields, requisites and ids of other systems may hold anything.
_CODE_NAME = re.compile(r"(?!uf|rq|origin|xml)[a-z]*(id|ids|semantics?|active|opened|type|currency)\Z")
_CODE = re.compile(r"[A-Za-z0-9_:.-]{0,64}\Z")

Json = dict[str, Any]


def request_of(exchange: Exchange) -> Json:
    """What was asked: parameters by name, or for a batch the methods, how often, and the first command of each."""
    if exchange.method == "batch":
        return _batch_request(exchange.params, exchange.secrets)
    shown = _shown(exchange.params, "", False, DEPTH, exchange.secrets)
    return shown if isinstance(shown, dict) else {}


def answer_of(exchange: Exchange) -> Json:
    """How it ended: the kind and number of what came back, or the error's code and description."""
    if exchange.error is not None:
        text = exchange.error.description or str(exchange.error)
        return {
            "error": exchange.error.code,
            "description": redact_text(text, exchange.secrets)[:DESCRIPTION],
        }
    if exchange.reply is None:
        return {}
    body = exchange.reply.body
    if exchange.method == "batch":
        return _batch_answer(body.get("result"))
    more = {name: body[name] for name in ("total", "next") if isinstance(body.get(name), int)}
    time = body.get("time")
    operating = time.get("operating") if isinstance(time, Mapping) else None
    return {"result": _kind(body.get("result")), **more, **({"operating": operating} if operating else {})}


def _batch_request(params: Mapping[str, object], secrets: Iterable[str]) -> Json:
    commands = params.get("cmd")
    texts = list(commands.values()) if isinstance(commands, Mapping) else []
    methods: Counter[str] = Counter()
    first: dict[str, Any] = {}
    for text in map(str, texts):
        method, _, query = text.partition("?")
        methods[method[:TEXT]] += 1
        if method not in first and len(first) < KEYS:
            first[method[:TEXT]] = _query(query[:COMMAND], secrets)
    return {"halt": params.get("halt"), "commands": len(texts), "methods": dict(methods), "first": first}


def _query(text: str, secrets: Iterable[str]) -> Json:
    """The parameters of one command, flat; a pair that was cut off at the end is left out."""
    if len(text) == COMMAND:
        text = text.rpartition("&")[0]
    shown: Json = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        parts = [part for part in re.split(r"[\[\]]+", key) if part]
        if len(shown) == KEYS or (parts and parts[-1].isdigit() and int(parts[-1]) >= ITEMS):
            continue
        names = [part for part in parts if not part.isdigit()] or [""]
        inside = bool(OPEN_BRANCHES & {_plain(name) for name in names})
        secret = any(is_secret_key(name) for name in names)
        shown[key[:TEXT]] = MASK if secret else _leaf(value, names[-1], inside, secrets)
    return shown


def _batch_answer(result: object) -> Json:
    if not isinstance(result, Mapping):
        return {"result": _kind(result)}
    good, bad = result.get("result"), result.get("result_error")
    failed = bad if isinstance(bad, Mapping) else {}
    codes = {
        str(label)[:TEXT]: str(error.get("error", ""))[:TEXT] if isinstance(error, Mapping) else ""
        for label, error in list(failed.items())[:FAILURES]
    }
    answered = good.values() if isinstance(good, Mapping) else good if isinstance(good, list) else ()
    rows = sum(_rows(one) for one in answered)
    return {"ok": len(answered), "rows": rows, "failed": len(failed), **({"codes": codes} if codes else {})}


def _rows(result: object) -> int:
    if isinstance(result, list):
        return len(result)
    if isinstance(result, Mapping):
        return max((len(value) for value in result.values() if isinstance(value, list)), default=0)
    return 0


def _kind(result: object) -> Any:
    if isinstance(result, bool | int | float) or result is None:
        return result
    if isinstance(result, str):
        return _type(result)
    if isinstance(result, list):
        return {"rows": len(result)}
    if isinstance(result, Mapping):
        rows = _rows(result)
        return {"keys": [str(key)[:TEXT] for key in list(result)[:KEYS]], **({"rows": rows} if rows else {})}
    return type(result).__name__


def _shown(value: object, name: str, inside: bool, depth: int, secrets: Iterable[str]) -> Any:
    if isinstance(value, Mapping):
        if depth == 0:
            return f"map:{len(value)}"
        shown: Json = {}
        for key, item in list(value.items())[:KEYS]:
            text = str(key)
            below = inside or _plain(text) in OPEN_BRANCHES
            secret = is_secret_key(text) and not isinstance(item, Mapping)
            shown[text[:TEXT]] = MASK if secret else _shown(item, text, below, depth - 1, secrets)
        if len(value) > KEYS:
            shown["…"] = f"{len(value) - KEYS} more"
        return shown
    if isinstance(value, list | tuple):
        if depth == 0:
            return f"list:{len(value)}"
        items = [_shown(item, name, inside, depth - 1, secrets) for item in value[:ITEMS]]
        return [*items, f"{len(value) - ITEMS} more"] if len(value) > ITEMS else items
    return _leaf(value, name, inside, secrets)


def _leaf(value: object, name: str, inside: bool, secrets: Iterable[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if not inside and _CODE_NAME.match(_plain(name)) is None:
        return _type(value)
    if isinstance(value, int | float):
        return value
    text = str(value)
    fits = len(text) <= TEXT if inside else _CODE.match(text)
    return redact_text(text, secrets) if fits else _type(text)


def _type(value: object) -> str:
    return f"text:{len(value)}" if isinstance(value, str) else "number"


def _plain(name: str) -> str:
    """`>=assignedById` and `ASSIGNED_BY_ID` are the same field."""
    return re.sub(r"[^a-z]", "", name.lower())
