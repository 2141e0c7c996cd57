"""profile and user.* (common/users, user)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.sandbox.clock import iso
from connector.sandbox.rest.call import Call, Page, method
from connector.sandbox.rest.php import as_list
from connector.sandbox.rest.small import paged, select
from connector.sandbox.world import User

_TYPES = {
    "ID": "integer",
    "ACTIVE": "boolean",
    "NAME": "string",
    "LAST_NAME": "string",
    "EMAIL": "string",
    "UF_DEPARTMENT": "integer",
    "USER_TYPE": "string",
    "WORK_POSITION": "string",
}
_SCOPES = "user user_basic user_brief"
_REGISTERED = "2024-07-15T00:00:00+03:00"


_FIELDS = """
    ID XML_ID ACTIVE NAME LAST_NAME SECOND_NAME TITLE EMAIL LAST_LOGIN DATE_REGISTER TIME_ZONE
    IS_ONLINE TIMESTAMP_X LAST_ACTIVITY_DATE PERSONAL_GENDER PERSONAL_PROFESSION PERSONAL_WWW
    PERSONAL_BIRTHDAY PERSONAL_PHOTO PERSONAL_ICQ PERSONAL_PHONE PERSONAL_FAX PERSONAL_MOBILE
    PERSONAL_PAGER PERSONAL_STREET PERSONAL_CITY PERSONAL_STATE PERSONAL_ZIP PERSONAL_COUNTRY
    PERSONAL_MAILBOX PERSONAL_NOTES WORK_PHONE WORK_COMPANY WORK_POSITION WORK_DEPARTMENT WORK_WWW
    WORK_FAX WORK_PAGER WORK_STREET WORK_MAILBOX WORK_CITY WORK_STATE WORK_ZIP WORK_COUNTRY
    WORK_PROFILE WORK_LOGO WORK_NOTES UF_SKYPE_LINK UF_ZOOM UF_EMPLOYMENT_DATE UF_TIMEMAN
    UF_DEPARTMENT UF_INTERESTS UF_SKILLS UF_WEB_SITES UF_XING UF_LINKEDIN UF_TWITTER UF_SKYPE
    UF_DISTRICT UF_PHONE_INNER USER_TYPE
"""
_POSITIONS, _POSITION = {"admin": "Administrator", "crm_manager": "Head of sales"}, "Sales"
_TITLES = {"ID": "ID", "XML_ID": "External code", "EMAIL": "E-Mail", "UF_DEPARTMENT": "Departments"}


def show(call: Call, user: User) -> dict[str, Any]:
    """A user as user.get answers it; a user_brief token gets no e-mail."""
    answer: dict[str, Any] = {
        "ID": str(user.id),
        "XML_ID": f"sandbox-{user.id}",
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "SECOND_NAME": "",
        "EMAIL": user.email,
        "LAST_LOGIN": iso(call.world.now() - 3600),
        "DATE_REGISTER": _REGISTERED,
        "TIME_ZONE": "",
        "IS_ONLINE": "N",
        "TIMESTAMP_X": {},
        "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "",
        "PERSONAL_WWW": "",
        "PERSONAL_BIRTHDAY": "",
        "PERSONAL_MOBILE": "",
        "PERSONAL_CITY": "",
        "WORK_PHONE": "",
        "WORK_POSITION": _POSITIONS.get(user.role, _POSITION),
        "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": [user.department],
        "USER_TYPE": "employee",
    }
    if not {"user", "user_basic"} & set(call.scopes):
        answer.pop("EMAIL")
    return answer


@method("profile", scope="")
def profile(call: Call) -> Any:
    user = call.user
    if not user.active:
        return {}
    return {
        "ID": str(user.id),
        "ADMIN": user.is_admin,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    }


@method("user.current", scope=_SCOPES)
def current(call: Call) -> Any:
    answer = show(call, call.user)
    answer.update({"IS_ONLINE": "Y", "LAST_ACTIVITY_DATE": iso(call.world.now())[:19].replace("T", " ")})
    return answer


@method("user.admin", scope="")
def admin(call: Call) -> Any:
    return call.user.is_admin


@method("user.access", scope="")
def access(call: Call) -> Any:
    if call.user.is_admin:
        return True
    mine = {f"U{call.user.id}", "AU", "G2", f"D{call.user.department}", f"DR{call.user.department}"}
    return any(str(code) in mine for code in as_list(call.get("ACCESS")))


@method("user.fields", scope=_SCOPES)
def fields(_: Call) -> Any:
    return {name: _TITLES.get(name, name.replace("_", " ").capitalize()) for name in _FIELDS.split()}


@method("user.search", scope=_SCOPES)
def search(call: Call) -> Page:
    """As user.get; FIND looks for words that names and job titles start with (user-search.md); departments have no names here."""
    filters = _filters(call)
    wanted = str(filters.pop("FIND", "")).casefold().split()
    return _page(call, filters, lambda user: all(_starts(user, word) for word in wanted))


def _starts(user: User, word: str) -> bool:
    texts = f"{user.name} {user.last_name} {_POSITIONS.get(user.role, _POSITION)}".casefold()
    return any(one.startswith(word) for one in texts.split())


@method("user.get", scope=_SCOPES)
def get(call: Call) -> Page:
    return _page(call, _filters(call), lambda _: True)


def _filters(call: Call) -> dict[str, Any]:
    return dict(call.map("filter")) or {
        key: value for key, value in call.params.items() if key.lstrip("!@%=<>").upper() in _TYPES
    }


def _page(call: Call, filters: dict[str, Any], fits: Callable[[User], bool]) -> Page:
    rows = [
        {
            "ID": user.id,
            "ACTIVE": user.active,
            "NAME": user.name,
            "LAST_NAME": user.last_name,
            "EMAIL": user.email,
            "UF_DEPARTMENT": (user.department,),
            "USER_TYPE": "employee",
            "user": user,
        }
        for user in call.world.users.values()
        if fits(user)
    ]
    # A percent sign without a prefix makes the value a pattern (user-get.md).
    filters = {
        ("=%" + key if isinstance(value, str) and "%" in value and key[:1].isalpha() else key): value
        for key, value in filters.items()
    }
    found = select(call, rows, _TYPES, filters=filters)
    if str(call.get("ORDER") or "").lower() == "desc":
        found.reverse()
    return paged(call, [show(call, row["user"]) for row in found])
