"""The portal page over plain HTTP, on a seeded sandbox: addresses, rights, languages, the dialog's server half."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox import portal_page
from connector.sandbox.world import User

LOCALES = Path(portal_page.__file__).parent / "locales"
Start = Callable[..., Any]


def role(portal: Any, name: str) -> User:
    return next(user for user in portal.world.users.values() if user.role == name and user.active)


def visit(portal: Any, path: str, **query: object) -> requests.Response:
    return requests.get(portal.ready["portal"] + path, params={"lang": "en", **query}, timeout=10)


def send(portal: Any, path: str, data: object, user: User | None = None, **headers: str) -> requests.Response:
    cookies = {"sandbox_user": str((user or role(portal, "admin")).id)}
    url = f"{portal.ready['portal']}/portal/api/{path}"
    return requests.post(url, json=data, cookies=cookies, headers=headers, timeout=10)


@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_every_page_opens_in_every_language(sandbox: Start, language: str) -> None:
    portal = sandbox(leads=30)
    world = portal.world
    paths = ["/portal/", "/marketplace/", "/crm/lead/kanban/", "/crm/deal/kanban/"]
    for kind, table in (
        ("lead", world.leads),
        ("deal", world.deals),
        ("contact", world.contacts),
        ("company", world.companies),
    ):
        paths += [f"/crm/{kind}/list/", *(f"/crm/{kind}/details/{row_id}/" for row_id in table.ids[:12])]
    for path in paths:
        page = visit(portal, path, lang=language)
        assert page.status_code == 200, path
        assert f'lang="{language}"' in page.text


def test_the_texts_of_all_languages_have_the_same_keys_and_places() -> None:
    texts = {path.stem: json.loads(path.read_text("utf-8")) for path in LOCALES.glob("*.json")}
    assert set(texts) == {"en", "pl", "de", "ru"}
    for language, found in texts.items():
        assert found.keys() == texts["en"].keys(), language
        for key, text in found.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", texts["en"][key])), (
                language,
                key,
            )


def test_the_page_says_what_it_is_and_loads_nothing_from_elsewhere(sandbox: Start) -> None:
    portal = sandbox(leads=5)
    page = visit(portal, "/portal/")
    assert "Sandbox, not Bitrix24." in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)


def test_an_employee_sees_only_their_own_records(sandbox: Start) -> None:
    portal = sandbox(leads=60)
    employee = role(portal, "employee")
    own = [row["ID"] for row in portal.world.leads if row["ASSIGNED_BY_ID"] == employee.id]
    other = next(row["ID"] for row in portal.world.leads if row["ASSIGNED_BY_ID"] != employee.id)
    page = visit(portal, "/crm/lead/list/", user_id=employee.id)
    shown = {int(found) for found in re.findall(r'data-testid="row-lead-(\d+)"', page.text)}
    assert shown == set(sorted(own, reverse=True)[:50])
    assert visit(portal, f"/crm/lead/details/{other}/", user_id=employee.id).status_code == 404


def test_lists_filter_by_state_text_and_page(sandbox: Start) -> None:
    portal = sandbox(leads=130)
    active = portal.world.leads.find("STATUS_SEMANTIC_ID", "P")
    first = visit(portal, "/crm/lead/list/", state="P")
    second = visit(portal, "/crm/lead/list/", state="P", page=2)
    rows = [
        int(i) for page in (first, second) for i in re.findall(r'data-testid="row-lead-(\d+)"', page.text)
    ]
    assert rows == sorted(active, reverse=True)[:100]
    lead = portal.world.leads.rows[active[0]]
    found = visit(portal, "/crm/lead/list/", q=lead["TITLE"][:40])
    assert f'data-testid="row-lead-{lead["ID"]}"' in found.text


def test_hostile_text_is_shown_and_not_run(sandbox: Start) -> None:
    portal = sandbox(leads=3)
    lead_id = portal.world.leads.ids[0]
    portal.world.leads.change(lead_id, {"TITLE": "<script>alert(1)</script>"})
    for path in ("/crm/lead/list/", "/crm/lead/kanban/", f"/crm/lead/details/{lead_id}/", "/portal/"):
        assert "<script>alert" not in visit(portal, path).text


def test_language_and_user_are_remembered(sandbox: Start) -> None:
    portal, session = sandbox(leads=3), requests.Session()
    manager = role(portal, "crm_manager")
    session.get(f"{portal.ready['portal']}/portal/", params={"lang": "ru", "user_id": manager.id}, timeout=10)
    page = session.get(f"{portal.ready['portal']}/portal/", timeout=10)
    assert 'lang="ru"' in page.text
    assert manager.last_name in page.text


def test_the_dialog_knows_mode_rights_and_how_many_leads(sandbox: Start) -> None:
    portal = sandbox(leads=40)
    url = f"{portal.ready['portal']}/portal/api/mode"
    admin = requests.get(url, timeout=10).json()
    assert (admin["mode"], admin["may_change"], admin["available"]) == ("classic", True, True)
    assert admin["active"] == len(portal.world.leads.find("STATUS_SEMANTIC_ID", "P"))
    employee = {"sandbox_user": str(role(portal, "employee").id)}
    assert requests.get(url, cookies=employee, timeout=10).json()["may_change"] is False


def test_the_conversion_goes_lead_by_lead_and_can_be_stopped(sandbox: Start) -> None:
    portal = sandbox(leads=20)
    run = send(portal, "mode/prepare", {"contact": True}).json()
    for _ in range(3):
        send(portal, f"mode/process/{run['run']}", {})
    report = send(portal, f"mode/stop/{run['run']}", {}).json()
    assert len(report["converted"]) + len(report["failed"]) == 3
    assert not report["flipped"]
    assert portal.world.mode == 1
    assert send(portal, f"mode/process/{run['run']}", {}).status_code == 404


def test_the_mode_is_not_flipped_past_active_leads_or_by_an_employee(sandbox: Start) -> None:
    portal = sandbox(leads=10)
    assert send(portal, "mode/set", {"mode": "simple"}).status_code == 409
    assert send(portal, "mode/set", {"mode": "classic"}, role(portal, "employee")).status_code == 403
    assert send(portal, "mode/prepare", {}, role(portal, "employee")).status_code == 403
    assert portal.world.mode == 1


def test_classic_is_refused_where_the_plan_has_no_leads(sandbox: Start) -> None:
    portal = sandbox(leads=5, plan="no-leads")
    assert send(portal, "mode/set", {"mode": "classic"}).status_code == 409
    assert portal.world.mode == 2


def test_another_sites_page_cannot_use_the_visitors_cookie(sandbox: Start) -> None:
    portal = sandbox(leads=5)
    for origin in ("cross-site", "same-site"):
        answer = send(portal, "settings", {"variant": "older-web"}, **{"Sec-Fetch-Site": origin})
        assert answer.status_code == 403
    assert portal.world.settings.native_variant == "documented"


def test_moving_a_lead_by_hand_follows_the_crm_rules(sandbox: Start) -> None:
    portal = sandbox(leads=10)
    lead_id = portal.world.leads.find("STATUS_SEMANTIC_ID", "P")[0]
    assert send(portal, f"record/lead/{lead_id}/stage", {"stage": "JUNK"}).ok
    lead = portal.world.leads.rows[lead_id]
    assert (lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"]) == ("JUNK", "F")
    assert lead["DATE_CLOSED"]
    assert send(portal, f"record/lead/{lead_id}/stage", {"stage": "NO_SUCH"}).status_code == 400


def test_a_comment_and_an_activity_added_by_hand_are_on_the_card(sandbox: Start) -> None:
    portal = sandbox(leads=3)
    lead_id = portal.world.leads.ids[0]
    assert send(portal, f"record/lead/{lead_id}/comment", {"text": "spoke to them"}).ok
    assert send(portal, f"record/lead/{lead_id}/todo", {"text": "send drawing"}).ok
    page = visit(portal, f"/crm/lead/details/{lead_id}/")
    assert "spoke to them" in page.text
    assert "send drawing" in page.text


def test_the_control_surface_runs_the_native_switch(sandbox: Start) -> None:
    portal = sandbox(leads=30)
    active = portal.world.leads.find("STATUS_SEMANTIC_ID", "P")
    url = f"{portal.ready['control']}native"
    report = requests.post(url, json={"variant": "mobile", "options": {"company": True}}, timeout=20).json()
    assert report["variant"] == "mobile"
    assert [row["lead"] for row in report["converted"]] == active[: len(report["converted"])]
    assert requests.post(url, json={"variant": "guess"}, timeout=5).status_code == 400


def test_the_secret_is_shown_to_administrators_only(sandbox: Start) -> None:
    portal = sandbox(leads=2)
    secret = portal.ready["client_secret"]
    assert secret in visit(portal, "/marketplace/", user_id=role(portal, "admin").id).text
    assert secret not in visit(portal, "/marketplace/", user_id=role(portal, "employee").id).text


def test_a_notification_links_into_the_portal_and_nowhere_else(sandbox: Start) -> None:
    portal = sandbox(leads=2)
    world = portal.world
    text = "[b]Done[/b] [URL=/marketplace/view/x/]open[/URL] [URL=javascript:alert(1)]bad[/URL] <i>"
    admin = role(portal, "admin")
    world.notifications.insert({"ID": 1, "USER_ID": admin.id, "MESSAGE": text, "DATE": world.now()})
    page = visit(portal, "/portal/", user_id=admin.id).text
    assert '<a href="/marketplace/view/x/">open</a>' in page
    assert "javascript:" not in page
    assert "Done" in page
    assert "&lt;i&gt;" in page
