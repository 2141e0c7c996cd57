"""Methods that need an application: options, events, the offline queue, placements, robots; tokens and scopes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.portal import Portal

HANDLER = "https://example.com/handler/"


class AppCaller:
    """Calls as an installed application with the token of one user."""

    def __init__(self, portal: Portal, user_id: int = 1) -> None:
        self.portal = portal
        portal.set("app/install", finish=True)
        self.token = portal.server.events.oauth.issue(portal.server.ready["client_id"], user_id)

    def call(self, method: str, /, **params: Any) -> requests.Response:
        url = f"{self.portal.server.ready['portal']}/rest/{method}.json"
        return requests.post(url, json={**params, "auth": self.token.access}, timeout=20)

    def result(self, method: str, /, **params: Any) -> Any:
        answer = self.call(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def error(self, method: str, /, **params: Any) -> tuple[int, Any]:
        answer = self.call(method, **params)
        return answer.status_code, answer.json()["error"]


@pytest.fixture
def app(portal: Portal) -> AppCaller:
    return AppCaller(portal)


def test_app_info_names_the_installation_and_refuses_a_webhook(portal: Portal, app: AppCaller) -> None:
    info = app.result("app.info")
    assert (info["CODE"], info["INSTALLED"], info["STATUS"]) == (portal.server.ready["client_id"], True, "L")
    assert info["LICENSE"].startswith("eu_ent")
    assert portal.error("app.info")[:2] == (400, "ACCESS_DENIED")


def test_the_oauth_host_answers_app_info_and_nothing_else(portal: Portal, app: AppCaller) -> None:
    base = portal.server.ready["oauth"] + "/rest/"
    info = requests.get(base + "app.info", params={"auth": app.token.access}, timeout=5).json()["result"]
    assert info["client_id"] == portal.server.ready["client_id"]
    assert info["install"]["member_id"] == portal.server.ready["member_id"]
    assert (
        requests.get(base + "crm.lead.list", params={"auth": app.token.access}, timeout=5).status_code == 404
    )
    assert requests.get(base + "app.info", params={"auth": "forged"}, timeout=5).status_code == 401


def test_tokens_end_and_scopes_bound_them(portal: Portal, app: AppCaller) -> None:
    app.token.scopes = ("crm",)
    assert app.error("im.notify", USER_ID=1, MESSAGE="x") == (403, "insufficient_scope")
    assert app.result("method.get", name="im.notify") == {"isExisting": True, "isAvailable": False}
    assert app.result("method.get", name="no.such") == {"isExisting": False, "isAvailable": False}
    assert app.result("scope") == ["crm"]
    portal.set("clock", advance=3601)
    assert app.error("crm.lead.list") == (401, "expired_token")
    portal.set("app/uninstall")
    assert app.error("crm.lead.list") == (401, "NO_AUTH_FOUND")


def test_a_dismissed_users_token_is_refused(portal: Portal) -> None:
    caller = AppCaller(portal, user_id=5)
    portal.set("users", id=5, active=False)
    assert caller.error("profile") == (403, "user_access_error")


def test_options_merge_and_only_administrators_set_those_of_the_app(portal: Portal, app: AppCaller) -> None:
    app.result("app.option.set", options={"a": 1, "b": {"c": [1, 2]}})
    app.result("app.option.set", options={"a": 2})
    assert app.result("app.option.get") == {"a": 2, "b": {"c": [1, 2]}}
    assert app.result("app.option.get", option="missing") is None
    assert app.error("app.option.set") == (400, "ArgumentNullException")
    employee = AppCaller(portal, user_id=4)
    assert employee.error("app.option.set", options={"a": 3}) == (400, "AccessException")
    employee.result("user.option.set", options={"mine": "y"})
    assert employee.result("user.option.get") == {"mine": "y"}
    assert app.result("user.option.get") == []


class TestEvents:
    def test_binding_twice_is_refused_and_unbinding_counts(self, app: AppCaller) -> None:
        assert app.result("event.bind", event="onCrmLeadAdd", handler=HANDLER) is True
        assert app.error("event.bind", event="ONCRMLEADADD", handler=HANDLER)[0] == 400
        app.result("event.bind", event="ONCRMLEADADD", handler=HANDLER, auth_type=1)
        assert app.result("event.get") == [
            {"event": "ONCRMLEADADD", "handler": HANDLER, "auth_type": "0", "offline": 0},
            {"event": "ONCRMLEADADD", "handler": HANDLER, "auth_type": "1", "offline": 0},
        ]
        assert app.result("event.unbind", event="ONCRMLEADADD", handler=HANDLER, auth_type=1) == {"count": 1}
        assert app.result("event.unbind", event="ONCRMLEADADD", handler=HANDLER) == {"count": 1}
        assert app.error("event.bind", event="ONCRMMODECHANGE", handler=HANDLER) == (
            400,
            "ERROR_EVENT_NOT_FOUND",
        )

    def test_the_offline_queue_is_a_set_of_changes(self, portal: Portal, app: AppCaller) -> None:
        app.result("event.bind", event="ONCRMLEADUPDATE", event_type="offline")
        row_id = portal.result("crm.lead.add", fields={"TITLE": "x"})
        for title in ("y", "z"):
            portal.result("crm.lead.update", id=row_id, fields={"TITLE": title})
        listed = app.call("event.offline.list").json()
        assert listed["total"] == 1 and listed["result"][0]["EVENT_DATA"] == {"FIELDS": {"ID": row_id}}
        reserved = app.result("event.offline.get", clear=0)
        assert reserved["process_id"] and len(reserved["events"]) == 1
        assert app.result("event.offline.get")["events"] == []
        again = app.result("event.offline.get", process_id=reserved["process_id"])
        assert again["events"] == reserved["events"]
        assert app.result("event.offline.clear", process_id=reserved["process_id"]) is True
        assert app.call("event.offline.list").json()["total"] == 0
        assert AppCaller(portal, user_id=4).error("event.offline.list") == (403, "ACCESS_DENIED")


class TestPlacements:
    def test_binding_listing_and_removing(self, portal: Portal, app: AppCaller) -> None:
        languages = {"pl": {"TITLE": "Zamiana leadów"}}
        bind = {
            "PLACEMENT": "CRM_LEAD_LIST_TOOLBAR",
            "HANDLER": HANDLER,
            "TITLE": "Switch",
            "LANG_ALL": languages,
        }
        assert app.result("placement.bind", **bind) is True
        assert "CRM_DEAL_LIST_TOOLBAR" in app.result("placement.list", SCOPE="crm")
        shown = app.result("placement.get")[0]
        assert (shown["placement"], shown["title"]) == ("CRM_LEAD_LIST_TOOLBAR", "Switch")
        assert shown["langAll"]["pl"]["TITLE"] == "Zamiana leadów"
        assert app.result("placement.unbind", PLACEMENT="CRM_LEAD_LIST_TOOLBAR") == {"count": 2}
        assert (
            app.error("placement.bind", PLACEMENT="NOWHERE", HANDLER=HANDLER)[1]
            == "ERROR_PLACEMENT_NOT_FOUND"
        )
        assert (
            app.error("placement.bind", PLACEMENT="LEFT_MENU", HANDLER="ftp://x")[1]
            == "ERROR_UNSUPPORTED_PROTOCOL"
        )
        argument = app.call("placement.bind", PLACEMENT="LEFT_MENU").json()
        assert (argument["error"], argument["argument"]) == ("ERROR_ARGUMENT", "HANDLER")
        assert AppCaller(portal, user_id=4).error("placement.bind", **bind) == (403, "ACCESS_DENIED")


def test_notifications_with_the_same_tag_replace_each_other(portal: Portal, app: AppCaller) -> None:
    for text in ("10 %", "20 %"):
        app.result("im.notify", USER_ID=1, MESSAGE=text, TAG="RUN|1")
    assert [row["MESSAGE"] for row in portal.world.notifications] == ["20 %"]
    assert app.result("im.notify.system.add", USER_ID=6, MESSAGE="to a dismissed one") is False
    assert app.error("im.notify", USER_ID=1) == (400, "MESSAGE_EMPTY")


def test_notification_history_is_searched_page_by_page(portal: Portal) -> None:
    for number in range(3):
        portal.result(
            "im.notify.personal.add", USER_ID=1, MESSAGE=f"Run {number} is done", TAG=f"RUN|{number}"
        )
    portal.result("im.notify.personal.add", USER_ID=2, MESSAGE="Run of somebody else is done")
    first = portal.result("im.notify.history.search", SEARCH_TEXT="is DONE", LIMIT=2)
    assert (first["total_results"], [n["notify_tag"] for n in first["notifications"]]) == (
        3,
        ["RUN|2", "RUN|1"],
    )
    last = first["notifications"][-1]["id"]
    rest = portal.result("im.notify.history.search", SEARCH_TEXT="is done", LIMIT=2, LAST_ID=last)
    assert "total_results" not in rest
    assert [n["notify_tag"] for n in rest["notifications"]] == ["RUN|0"]
    by_tag = portal.result("im.notify.history.search", SEARCH_TYPE="crm", GROUP_TAG="RUN|1")
    assert [n["text"] for n in by_tag["notifications"]] == ["Run 1 is done"]
    assert portal.error("im.notify.history.search", SEARCH_TEXT="ru")[1] == "SEARCH_TEXT_ERROR"
    assert portal.error("im.notify.history.search", SEARCH_TEXT="run", LAST_ID="x")[1] == "LAST_ID_STRING"


LAYOUT = {
    "icon": {"code": "call-completed"},
    "header": {"title": "Incoming call"},
    "body": {"logo": {"code": "call-incoming"}, "blocks": {"a": {"type": "text"}}},
}


def test_a_configurable_activity_belongs_to_the_application_that_drew_it(
    portal: Portal, app: AppCaller
) -> None:
    lead = portal.result("crm.lead.add", fields={"TITLE": "x"})
    base = {"ownerTypeId": 1, "ownerId": lead, "layout": LAYOUT}
    fields = {"deadline": "2026-12-01T10:00:00+03:00", "pingOffsets": [60]}
    made = app.result("crm.activity.configurable.add", **base, fields=fields)["activity"]["id"]
    listed = app.result("crm.activity.list", filter={"PROVIDER_ID": "CONFIGURABLE_REST_APP"})
    assert [(row["ID"], row["SUBJECT"]) for row in listed] == [(str(made), "Incoming call")]
    app.result("crm.activity.configurable.update", id=made, fields={"completed": True})
    shown = app.result("crm.activity.configurable.get", id=made)["activity"]
    assert (shown["ownerId"], shown["fields"]["completed"], shown["layout"]) == (lead, True, LAYOUT)
    assert shown["fields"]["pingOffsets"] == [60]
    assert portal.error("crm.activity.configurable.get", id=made)[1] == "ERROR_WRONG_CONTEXT"
    portal.world.activities.change(made, {"CLIENT": "another.app"})
    assert app.error("crm.activity.configurable.update", id=made)[1] == "ERROR_WRONG_APPLICATION"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"layout": {}}, "ERROR_EMPTY_LAYOUT"),
        ({"layout": {"icon": {"code": "x"}}}, "FIELD_IS_REQUIRED"),
        ({"fields": {"typeId": "UNKNOWN"}}, "WRONG_FIELD_VALUE"),
        (
            {"fields": {"deadline": "2026-12-01", "isIncomingChannel": "Y"}},
            "INCOMING_ACTIVITY_CAN_NOT_BE_WITH_DEADLINE",
        ),
        ({"ownerId": 10**8}, "ACCESS_DENIED"),
    ],
)
def test_a_wrong_configurable_activity_is_refused(
    portal: Portal, app: AppCaller, change: dict[str, Any], code: str
) -> None:
    lead = portal.result("crm.lead.add", fields={"TITLE": "x"})
    params = {"ownerTypeId": 1, "ownerId": lead, "layout": LAYOUT, "fields": {}, **change}
    assert app.error("crm.activity.configurable.add", **params)[1] == code
    assert not len(portal.world.activities)


def test_activity_types_of_an_application(portal: Portal, app: AppCaller) -> None:
    spec = {"TYPE_ID": "1C", "NAME": "Case", "IS_CONFIGURABLE_TYPE": "Y"}
    assert app.result("crm.activity.type.add", fields=spec) is True
    assert app.error("crm.activity.type.add", fields=spec)[1] == "INVALID_ARG_VALUE"
    assert app.result("crm.activity.type.list") == [{**spec, "ICON_ID": "0"}]
    lead = portal.result("crm.lead.add", fields={"TITLE": "x"})
    params = {"ownerTypeId": 1, "ownerId": lead, "layout": LAYOUT, "fields": {"typeId": "1C"}}
    assert app.result("crm.activity.configurable.add", **params)["activity"]["id"]
    assert app.result("crm.activity.type.delete", TYPE_ID="1C") is True
    assert app.error("crm.activity.type.delete", TYPE_ID="1C")[1] == "INVALID_ARG_VALUE"


def test_robots_and_triggers_belong_to_their_app(app: AppCaller, portal: Portal) -> None:
    robot = {"CODE": "convert", "NAME": "Convert", "HANDLER": HANDLER}
    assert app.result("bizproc.robot.add", **robot) is True
    assert app.error("bizproc.robot.add", **robot)[1] == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    assert app.result("bizproc.robot.list") == ["convert"]
    app.result("crm.automation.trigger.add", CODE="switched", NAME="Switched")
    deal = portal.result("crm.deal.add", fields={})
    app.result("crm.automation.trigger.execute", CODE="switched", OWNER_TYPE_ID=2, OWNER_ID=deal)
    assert portal.look("automation")["automation"][-1]["what"] == "switched"
    portal.set("app/uninstall")
    assert len(portal.world.robots) == len(portal.world.triggers) == 0


def test_features_answer_the_documented_codes_only(portal: Portal) -> None:
    def value(code: str) -> str:
        return str(portal.result("feature.get", CODE=code)["value"])

    assert (value("rest_offline_extended"), value("crm_leads")) == ("Y", "N")
    portal.set("settings", crm_feature=True)
    assert value("crm_leads") == "Y"
    portal.set("settings", plan="no-leads")
    assert (value("rest_auth_connector"), value("crm_leads")) == ("N", "N")
