"""Takes secrets out of text and data before anybody else sees them: exceptions, log lines, stored bodies.

It must never let a value through because its key was spelt differently: keys are compared without case and
punctuation. Accepted residue: an opaque secret of fewer than 40 hexadecimal digits, standing alone in free text,
cannot be told from an ordinary word; callers that know such a secret pass it in `known`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "***"

# Key names as they appear in Bitrix24 requests, answers, events and our own settings, lower case, letters only.
SECRET_KEYS = frozenset(
    {
        "auth",
        "authid",
        "accesstoken",
        "refreshtoken",
        "refreshid",
        "applicationtoken",
        "apptoken",
        "clientsecret",
        "secret",
        "secretkey",
        "secretkeys",
        "password",
        "authorization",
        "webhook",
        "webhookurl",
        "webhookkey",
        "token",
        "idtoken",
        "sessionid",
        "cookie",
        "setcookie",
    }
)

# `code` is a secret in an OAuth request (30 seconds long) and a plain error code everywhere else.
_QUERY_KEYS = (
    "auth|AUTH_ID|access_token|refresh_token|REFRESH_ID|application_token|APPLICATION_TOKEN|"
    "client_secret|secret|password|token|code"
)
_WEBHOOK_PATH = re.compile(r"(/rest/(?:api/)?\d+/)[^/\s?#'\"]+")
_QUERY_PAIR = re.compile(rf"(?i)(?<![A-Za-z0-9_])({_QUERY_KEYS})(=|%3D)[^&\s'\"<>,;)\]}}]+")
_AUTH_ARRAY = re.compile(
    r"(?i)(auth(?:\[|%5B)(?!scope|domain|member_id|expires)[a-z_]+(?:\]|%5D)=)[^&\s'\"]+"
)
_JSON_PAIR = re.compile(
    r"(?i)(['\"](?:auth|auth_id|access_token|refresh_token|refresh_id|application_token|client_secret|secret|"
    r"password|token|authorization)['\"]\s*:\s*)(['\"])(?:(?!\2).)*\2"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
# Our own API keys, which `connector.portals.api_keys` makes: the public half stays readable.
_API_KEY = re.compile(r"\b(lsk_[a-z0-9]{12}_)[A-Za-z0-9_-]{20,}")
_LONG_HEX = re.compile(r"\b[0-9a-fA-F]{40,}\b")


def redact_text(text: str, known: Iterable[str] = ()) -> str:
    """Mask every secret found in `text`: webhook keys in paths, token parameters, bearer headers, long hex tokens.

    `known` are secrets to mask wherever they stand, also percent-encoded.
    """
    for secret in known:
        if len(secret) >= 4:
            for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(form, MASK)
    text = _WEBHOOK_PATH.sub(rf"\1{MASK}", text)
    text = _JSON_PAIR.sub(rf"\1\2{MASK}\2", text)
    text = _AUTH_ARRAY.sub(rf"\1{MASK}", text)
    text = _QUERY_PAIR.sub(rf"\1\2{MASK}", text)
    text = _API_KEY.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _LONG_HEX.sub(MASK, text)


def is_secret_key(key: str) -> bool:
    """Whether a field of this name holds a secret, whatever its case and separators."""
    return re.sub(r"[^a-z]", "", key.lower()) in SECRET_KEYS


def redact(value: object, known: Iterable[str] = ()) -> object:
    """A copy of JSON-like data with secrets masked, by key name and inside strings."""
    if isinstance(value, str):
        return redact_text(value, known)
    if isinstance(value, Mapping):
        known = tuple(known)
        return {
            key: _hidden(item, known) if is_secret_key(str(key)) else redact(item, known)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        known = tuple(known)
        return [redact(item, known) for item in value]
    return value


def _hidden(value: object, known: Iterable[str]) -> object:
    # An event carries a whole map under `auth`: keep its harmless keys (domain, member_id) readable.
    if isinstance(value, Mapping):
        return redact(value, known)
    return MASK if value not in (None, "") else value
