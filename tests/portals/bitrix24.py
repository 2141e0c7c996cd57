"""Two invented portals and their OAuth server as far as launches need them, answering by token. Shapes: `rest_contract.md` 4 and 5."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import responses

OAUTH = "https://oauth.bitrix.info"
EVIL = "https://evil.example"


@dataclass(frozen=True)
class Grant:
    """What one access token is: which app's, which portal's, whose."""

    client_id: str = "app.1"
    member_id: str = "m1"
    domain: str = "one.example"
    user: int = 1
    admin: bool = True


class Bitrix24:
    """Set `grants` by token; `asked` lists the hosts that got a request, `bound` what was bound on the portal.

    `codes` are authorisation codes and the access tokens that they are good for, once.
    `info` is the portal's app.info; `refuse` (code, status) is the answer of the portal to everything but `profile`.
    """

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.grants: dict[str, Grant] = {"admin-token": Grant(), "employee-token": Grant(user=9, admin=False)}
        self.asked: list[str] = []
        self.bound: list[dict[str, Any]] = []
        self.placements = ["LEFT_MENU", "CRM_LEAD_LIST_TOOLBAR", "CRM_DEAL_LIST_TOOLBAR"]
        self.info: dict[str, Any] = {"ID": 1, "INSTALLED": True, "LICENSE": "pl_pro100"}
        self.refuse: tuple[str, int] | None = None
        self._mock = mock
        self.codes: dict[str, str] = {}
        mock.add_callback(responses.POST, f"{OAUTH}/rest/app.info", self._app_info)
        mock.add_callback(responses.POST, f"{OAUTH}/oauth/token/", self._token)
        for host in ("one.example", "new.example", "two.example"):
            for method in (
                "profile",
                "app.info",
                "event.get",
                "event.bind",
                "event.unbind",
                "placement.list",
                "placement.get",
                "placement.bind",
                "placement.unbind",
                "bizproc.robot.list",
                "bizproc.robot.add",
                "crm.automation.trigger.add",
            ):
                mock.add_callback(responses.POST, f"https://{host}/rest/{method}", self._portal)

    def _body(self, request: Any) -> dict[str, Any]:
        self.asked.append(request.url.split("/")[2])
        text = request.body.decode() if isinstance(request.body, bytes) else request.body
        if text.startswith("{"):
            return dict(json.loads(text))
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _token(self, request: Any) -> tuple[int, dict[str, str], str]:
        """A code of `codes` is good once; the access token that it stands for is one of `grants`."""
        body = self._body(request)
        access = self.codes.pop(body["code"], None)
        if access is None or body["client_secret"] != "tops3cret":
            return 400, {}, json.dumps({"error": "invalid_grant", "error_description": "no"})
        grant = self.grants[access]
        answer = {
            "access_token": access,
            "refresh_token": f"refresh-of-{access}",
            "expires_in": 3600,
            "member_id": grant.member_id,
            "client_endpoint": f"https://{grant.domain}/rest/",
            "scope": "crm",
            "status": "L",
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(answer)

    def _app_info(self, request: Any) -> tuple[int, dict[str, str], str]:
        grant = self.grants.get(self._body(request)["auth"])
        if grant is None:
            return 401, {}, json.dumps({"error": "NO_AUTH_FOUND", "error_description": "no"})
        endpoint = f"https://{grant.domain}/rest/"
        install = {
            "member_id": grant.member_id,
            "client_endpoint": endpoint,
            "domain": grant.domain,
            "version": 3,
            "status": "L",
        }
        result = {
            "client_id": grant.client_id,
            "user_id": grant.user,
            "scope": "crm,placement",
            "install": install,
        }
        return 200, {}, json.dumps({"result": result})

    def _portal(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = self._body(request)
        grant = self.grants.get(body["auth"])
        host, method = request.url.split("/")[2], request.url.rsplit("/", 1)[1]
        if grant is None or grant.domain != host:
            return 401, {}, json.dumps({"error": "NO_AUTH_FOUND", "error_description": "no"})
        if self.refuse is not None and method != "profile":
            code, status = self.refuse
            return status, {}, json.dumps({"error": code, "error_description": "no"})
        return 200, {}, json.dumps({"result": self._result(method, body, grant)})

    def _result(self, method: str, body: dict[str, Any], grant: Grant) -> Any:
        match method:
            case "profile":
                return {
                    "ID": str(grant.user),
                    "ADMIN": grant.admin,
                    "NAME": f"User {grant.user}",
                    "LAST_NAME": "",
                }
            case "app.info":
                return self.info
            case "placement.list":
                return self.placements
            case "event.get":
                return [row for row in self.bound if "event" in row]
            case "placement.get":
                return [row for row in self.bound if "placement" in row]
            case "event.bind":
                offline = int(body.get("event_type") == "offline")
                self.bound.append(
                    {
                        "event": body["event"],
                        "handler": body.get("handler", ""),
                        "auth_type": "1",
                        "offline": offline,
                    }
                )
            case "placement.bind":
                self.bound.append(
                    {"placement": body["PLACEMENT"], "handler": body["HANDLER"], "title": body["TITLE"]}
                )
            case "bizproc.robot.list":
                return []
            case "event.unbind":
                self._drop(event=body["event"], handler=body["handler"])
            case "placement.unbind":
                self._drop(placement=body["PLACEMENT"], handler=body["HANDLER"])
        return True

    def _drop(self, **which: str) -> None:
        self.bound[:] = [row for row in self.bound if not which.items() <= row.items()]


@contextmanager
def bitrix24() -> Iterator[Bitrix24]:
    """Answers while the block runs; a request to any other host fails the test."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Bitrix24(mock)


def query(**changes: str) -> dict[str, str]:
    return {"DOMAIN": "one.example", "PROTOCOL": "1", "LANG": "pl", "APP_SID": "sid", **changes}


def form(**changes: str) -> dict[str, str]:
    return {
        "AUTH_ID": "admin-token",
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": "admin-refresh",
        "SERVER_ENDPOINT": f"{OAUTH}/rest/",
        "APPLICATION_TOKEN": "apptoken",
        "APPLICATION_SCOPE": "crm,placement",
        "member_id": "m1",
        "status": "L",
        "PLACEMENT": "DEFAULT",
        **changes,
    }


def install_event(**auth: str) -> list[tuple[str, str]]:
    values = {
        "access_token": "admin-token",
        "refresh_token": "event-refresh",
        "expires_in": "3600",
        "scope": "crm,placement",
        "domain": "one.example",
        "server_endpoint": f"{OAUTH}/rest/",
        "client_endpoint": "https://one.example/rest/",
        "member_id": "m1",
        "status": "L",
        "application_token": "apptoken",
        **auth,
    }
    return [
        ("event", "ONAPPINSTALL"),
        ("data[VERSION]", "3"),
        ("data[LANGUAGE_ID]", "pl"),
        ("ts", "1763888400"),
        *((f"auth[{name}]", value) for name, value in values.items()),
    ]
