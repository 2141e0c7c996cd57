"""Error policy as data: what every Bitrix24 error code means for us. One table; client, jobs, pages and docs read it.

It decides nothing about *how* to wait or retry (retry.py) and it never reads an error's text as a promise: a code that
is not in the table is not retried, and a write that must not be repeated counts as unknown until somebody looked.

Source: doc pages error-codes.md, _includes/system-errors.md, settings/performance/limits.md,
settings/oauth/error-codes.md and the error tables of the method pages (b24restdocs); a few codes that the pages leave
out are known from the tables of the official b24pysdk 1.3.2 (AUTHORIZATION_ERROR, ERROR_OAUTH, NOT_INSTALLED, wrong_client).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from connector import errors as e
from connector.bitrix.calls import Kind
from connector.errors import BitrixError, Ran, Who


class Action(StrEnum):
    """What the wire does by itself."""

    RETRY = "retry"  # at once, with growing pauses
    WAIT = "wait"  # until the portal allows it again
    REFRESH = "refresh"  # renew the access token once, then repeat
    RECONCILE = "reconcile"  # hand back "unknown": the caller looks before it writes again
    GIVE_UP = "give_up"  # raise


@dataclass(frozen=True, slots=True)
class Policy:
    """One row: the code (any case), what to do, who must act, which exception, what the answer proves."""

    code: str
    action: Action
    who: Who
    error: type[BitrixError]
    ran: Ran = Ran.NO
    key: str = ""

    @property
    def message_key(self) -> str:
        """Key of the user message; the one of the exception unless the row is finer."""
        return self.key or self.error.key

    def action_for(self, kind: Kind) -> Action:
        """The action for a call of this kind: a call that may have run is repeated only if repeating is harmless."""
        if self.ran is Ran.MAYBE and kind is Kind.WRITE:
            return Action.RECONCILE
        return self.action


_RETRY, _WAIT, _REFRESH, _STOP = Action.RETRY, Action.WAIT, Action.REFRESH, Action.GIVE_UP
_NOBODY, _USER, _ADMIN, _US, _B24 = Who.NOBODY, Who.USER, Who.ADMINISTRATOR, Who.US, Who.BITRIX24


def _rows(action: Action, who: Who, error: type[BitrixError], *codes: str, ran: Ran = Ran.NO) -> list[Policy]:
    return [Policy(code, action, who, error, ran) for code in codes]


ROWS: tuple[Policy, ...] = (
    # limits: refused before execution
    *_rows(_WAIT, _NOBODY, e.RateLimited, "QUERY_LIMIT_EXCEEDED"),
    *_rows(_WAIT, _NOBODY, e.MethodTimeLimit, "OPERATION_TIME_LIMIT"),
    *_rows(_STOP, _B24, e.PortalBlocked, "OVERLOAD_LIMIT"),
    # faults of the portal: it may have run
    *_rows(
        _RETRY,
        _B24,
        e.ServerFault,
        "INTERNAL_SERVER_ERROR",
        "ERROR_UNEXPECTED_ANSWER",
        "INTERNAL_ERROR",
        ran=Ran.MAYBE,
    ),
    # credentials: refused before execution
    *_rows(_REFRESH, _NOBODY, e.TokenExpired, "expired_token"),
    *_rows(
        _STOP, _ADMIN, e.TokenRefused, "NO_AUTH_FOUND", "invalid_token", "ERROR_OAUTH", "AUTHORIZATION_ERROR"
    ),
    *_rows(_STOP, _ADMIN, e.GrantRevoked, "invalid_grant"),
    *_rows(_STOP, _ADMIN, e.PaymentRequired, "PAYMENT_REQUIRED"),
    *_rows(_STOP, _ADMIN, e.PortalGone, "PORTAL_DELETED"),
    *_rows(_STOP, _ADMIN, e.AppUninstalled, "APPLICATION_NOT_FOUND", "NOT_INSTALLED"),
    *_rows(_STOP, _US, e.OAuthRefused, "invalid_client", "invalid_scope", "unauthorized_client"),
    *_rows(_STOP, _US, e.OAuthRefused, "unsupported_grant_type", "wrong_client"),
    # rights
    *_rows(_STOP, _ADMIN, e.MissingScope, "insufficient_scope"),
    *_rows(
        _STOP,
        _ADMIN,
        e.AccessDenied,
        "ACCESS_DENIED",
        "ACCESS DENIED",
        "AccessException",
        "ACCESS_ERROR",
        "INVALID_CREDENTIALS",
        "user_access_error",
        "allowed_only_intranet_user",
        "METHOD_CONFIRM_WAITING",
        "METHOD_CONFIRM_DENIED",
        "ERROR_TEMPLATE_NOT_OWNER",
        "403",
    ),
    *_rows(_STOP, _US, e.AccessDenied, "WRONG_AUTH_TYPE", "Application context required"),
    *_rows(
        _STOP,
        _ADMIN,
        e.PlanRestriction,
        "CREATE_DYNAMIC_ITEM_RESTRICTED",
        "UPDATE_DYNAMIC_ITEM_RESTRICTED",
        "CRM_FEATURE_RESTRICTION_ERROR",
    ),
    # our own mistakes in calling
    *_rows(_STOP, _US, e.MethodUnknown, "ERROR_METHOD_NOT_FOUND", "METHOD_NOT_FOUND"),
    *_rows(
        _STOP,
        _US,
        e.MethodError,
        "INVALID_REQUEST",
        "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "ERROR_BATCH_LENGTH_EXCEEDED",
        "MAX_IMPORT_BATCH_SIZE_EXCEEDED",
        "ERROR_MANIFEST_IS_NOT_AVAILABLE",
        "ERROR_ARGUMENT",
        "ArgumentNullException",
        "INVALID_ARG_VALUE",
        "ENTITY_TYPE_NOT_SUPPORTED",
        "100",
        "PARAMS_ERROR",
        "WRONG_DATETIME_FORMAT",
        "ERROR_SELECT_VALIDATION_FAILURE",
        "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR",
        "SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR",
        "CODE_EMPTY",
        "USER_ID_EMPTY",
        "MESSAGE_EMPTY",
        "ATTACH_OVERSIZE",
        "ATTACH_ERROR",
        "ID_ERROR",
        "LAST_ID_STRING",
        "LAST_ID_AND_LAST_TYPE",
        "ANSWER_TEXT_ERROR",
        "NOTIFY_VALUE_ERROR",
        "SEARCH_TEXT_ERROR",
        "ERROR_EVENT_NOT_FOUND",
        "ERROR_UNSUPPORTED_PROTOCOL",
        "ERROR_WRONG_HANDLER_URL",
        "EMPTY_ERROR_HANDLER_URL",
        "ERROR_PLACEMENT_NOT_FOUND",
        "ERROR_PLACEMENT_MAX_COUNT",
        "ERROR_PLACEMENT_USER_MODE",
        "ERROR_ACTIVITY_VALIDATION_FAILURE",
        "ERROR_ACTIVITY_ADD_FAILURE",
        "ERROR_ACTIVITY_ALREADY_INSTALLED",
        "ERROR_TEMPLATE_VALIDATION_FAILURE",
        "ERROR_EMPTY_LOG_MESSAGE",
        "Use crm.activity.configurable.add for this activity provider",
        "Use crm.activity.configurable.update for this activity provider",
        "The custom activity without provider is not supported in current context",
    ),
    # what the data did not allow
    *_rows(
        _STOP,
        _USER,
        e.MethodError,
        "",
        "0",
        "400",
        "ERROR_CORE",
        "BX_ERROR",
        "ERROR_CODE",
        "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        "CRM_FIELD_ERROR_REQUIRED",
        "ACTIVITY_IS_ALREADY_BOUND",
        "LAST_BINDING_CANNOT_BE_DELETED",
        "MULTIPLE_BINDINGS",
        "ADDING_DISABLED",
        "REMOVING_DISABLED",
        "CAN_NOT_UPDATE_COMPLETED_TODO",
        "CAN_NOT_UPDATE_COLOR_COMPLETED_TODO",
        "CAN_NOT_UPDATE_WRONG_COLOR_TODO",
        "CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO",
        "ERROR_PARENT_ACTIVITY_RESTRICT",
        "EMPTY_TITLE",
        "SONET_CONTROLLER_LIVEFEED_BLOGPOST_ADD_ERROR",
        "SONET_CONTROLLER_LIVEFEED_BLOGPOST_UPDATE_ERROR",
        "SONET_CONTROLLER_LIVEFEED_BLOGPOST_MODULE_BLOG_NOT_INSTALLED",
        "TypeAddress exists",
        "The only one communication is allowed for activity of specified type",
        "Could not build binding. Please ensure that owner info and communications are defined correctly",
        "You cannot delete the template because requisites have already been created for it",
    ),
    *_rows(
        _STOP,
        _USER,
        e.RecordNotFound,
        "NOT_FOUND",
        "ERROR_NOT_FOUND",
        "OWNER_NOT_FOUND",
        "BINDING_NOT_FOUND",
        "ERROR_ACTIVITY_NOT_FOUND",
        "ERROR_TEMPLATE_NOT_FOUND",
        "ERROR_WRONG_WORKFLOW_ID",
        "SONET_CONTROLLER_LIVEFEED_BLOG_NOT_FOUND",
        "TypeAddress not found",
        "Activity is not found",
        "Not found",
        "404",
    ),
)

# Some methods put a whole sentence where the code belongs, or send no code and only a sentence. Sentences carry
# names and ids, so they are told apart by their ending; anything else stays a plain MethodError.
SENTENCES: tuple[tuple[re.Pattern[str], Policy], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), Policy(f"sentence:{name}", _STOP, who, error))
    for name, pattern, who, error in (
        ("denied", r"^access denied\b|insufficient permissions|not enough rights", _ADMIN, e.AccessDenied),
        ("webhook", r"^invalid request credentials", _ADMIN, e.TokenRefused),
        ("context", r"^application context (is )?required", _US, e.AccessDenied),
        ("missing", r"\b(is |was )?not found\b|does not exist", _USER, e.RecordNotFound),
        (
            "argument",
            r"is not (defined|specified|set)\b|\bmust be\b|^(invalid|incorrect) (identifier|parameters)",
            _US,
            e.MethodError,
        ),
        ("assigned", r"is not assigned to", _USER, e.MethodError),
        ("rest3", r"^BITRIX_REST_V3_EXCEPTION_(INVALID|UNKNOWN|VALIDATION)", _US, e.MethodError),
        ("email", r"^-? ?email send error", _USER, e.MethodError),
    )
)

# Without a usable code the HTTP status is all there is.
STATUSES: Mapping[int, Policy] = MappingProxyType(
    {
        400: Policy("http:400", _STOP, _USER, e.MethodError),
        401: Policy("http:401", _STOP, _ADMIN, e.TokenRefused),
        402: Policy("http:402", _STOP, _ADMIN, e.PaymentRequired),
        403: Policy("http:403", _STOP, _ADMIN, e.AccessDenied),
        404: Policy("http:404", _STOP, _USER, e.RecordNotFound),
        413: Policy("http:413", _STOP, _US, e.MethodError),
        429: Policy("http:429", _WAIT, _NOBODY, e.MethodTimeLimit),
        500: Policy("http:500", _RETRY, _B24, e.ServerFault, Ran.MAYBE),
        502: Policy("http:502", _RETRY, _B24, e.ServerFault, Ran.MAYBE),
        503: Policy("http:503", _RETRY, _B24, e.ServerFault, Ran.MAYBE),
        504: Policy("http:504", _RETRY, _B24, e.ServerFault, Ran.MAYBE),
    }
)

# When no answer was read at all, the exception itself is the code.
FAULTS: tuple[tuple[type[BitrixError], Policy], ...] = (
    (e.CertificateInvalid, Policy("fault:certificate", _STOP, _ADMIN, e.CertificateInvalid)),
    (e.NotSent, Policy("fault:not_sent", _RETRY, _NOBODY, e.NotSent)),
    (e.AnswerLost, Policy("fault:answer_lost", _RETRY, _NOBODY, e.AnswerLost, Ran.MAYBE)),
    (e.BadAnswer, Policy("fault:bad_answer", _RETRY, _USER, e.BadAnswer, Ran.MAYBE)),
    (e.ServerFault, Policy("fault:server", _RETRY, _B24, e.ServerFault, Ran.MAYBE)),
    (e.PortalMoved, Policy("fault:moved", _STOP, _USER, e.PortalMoved)),
)

# Codes that say nothing by themselves: the description decides, if it is one of the known sentences.
# INVALID_CREDENTIALS is both "this user lacks the right" and, with its own sentence, "no such webhook".
_VAGUE = frozenset({"", "0", "100", "400", "error_core", "bx_error", "error_code", "invalid_credentials"})
_SERVER_FAULT = Policy("http:5xx", _RETRY, _B24, e.ServerFault, Ran.MAYBE)
UNLISTED = Policy("unlisted", _STOP, _US, e.MethodError, Ran.MAYBE, key="method.unlisted")

_BY_CODE: Mapping[str, Policy] = {row.code.casefold(): row for row in ROWS}


def is_listed(code: str) -> bool:
    """Whether the code, or the sentence in its place, has a row of its own."""
    return _clean(code) in _BY_CODE or _sentence(code) is not None


def policy_for(code: str, *, http_status: int | None = None, description: str = "") -> Policy:
    """The row for an error answer. Total: every code, also an empty or unlisted one, has a defined treatment.

    `code` in any letter case; `http_status` is None for a command inside a batch, which has none of its own.
    """
    clean = _clean(code)
    row = _BY_CODE.get(clean)
    if clean in _VAGUE:
        # 5xx says more than a vague code (a write may have run); a known sentence says more than 4xx.
        if http_status is not None and http_status >= 500:
            return STATUSES.get(http_status, _SERVER_FAULT)
        return _sentence(description) or _by_status(clean, http_status) or row or UNLISTED
    if row is not None:
        return row
    sentence = _sentence(code)
    if sentence is not None:
        return sentence
    if http_status is not None and http_status >= 500:
        return STATUSES.get(http_status, _SERVER_FAULT)
    return UNLISTED


def policy_of(error: BitrixError) -> Policy:
    """The row for an exception that the wire raised."""
    for kind, row in FAULTS:
        if isinstance(error, kind):
            return row
    return policy_for(error.code, http_status=error.http_status, description=error.description)


def _by_status(clean: str, http_status: int | None) -> Policy | None:
    return STATUSES.get(http_status) if clean == "" and http_status is not None else None


def _sentence(text: str) -> Policy | None:
    for pattern, policy in SENTENCES:
        if pattern.search(text):
            return policy
    return None


def _clean(code: str) -> str:
    # The documentation prints "-" and "—" where the portal sends nothing.
    code = code.strip().casefold()
    return "" if code in {"-", "—", "–"} else code
