"""Requests in every form PHP reads, and answers in the form PHP writes."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from connector.sandbox.rest.php import parse_query
from tests.sandbox.portal import Portal

TITLE = "Żółw & 50% = 🐢 +1"


def title_of(portal: Portal, answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(portal.world.leads.rows[int(answer.json()["result"])]["TITLE"])


def test_a_body_may_be_json_form_multipart_or_a_query(portal: Portal) -> None:
    url = portal.webhook + "crm.lead.add"
    name = "fields[TITLE]"
    answers = [
        requests.post(url, json={"fields": {"TITLE": TITLE}}, timeout=5),
        requests.post(url, data={name: TITLE}, timeout=5),
        requests.post(url, files={name: (None, TITLE)}, timeout=5),
        requests.get(url, params={name: TITLE}, timeout=5),
        requests.post(url, params={name: TITLE}, timeout=5),
    ]
    assert [title_of(portal, answer) for answer in answers] == [TITLE] * 5


@pytest.mark.parametrize(
    "tail", ["server.time", "server.time.json", "server.time/", "SERVER.Time", "/server.time"]
)
def test_the_method_may_be_written_in_many_ways(portal: Portal, tail: str) -> None:
    assert requests.post(portal.webhook + tail, timeout=5).status_code == 200


def test_a_method_called_as_xml_answers_xml(portal: Portal) -> None:
    portal.result("crm.lead.add", fields={"TITLE": "a < b & \x0b c"})
    answer = requests.post(portal.webhook + "crm.lead.list.xml", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/xml")
    tree = ElementTree.fromstring(answer.content)
    assert [row.findtext("TITLE") for row in tree.findall("result/item")] == ["a < b &  c"]
    assert tree.findtext("total") == "1" and tree.findtext("time/operating_reset_at")
    refused = requests.post(portal.webhook + "no.such.method.xml", timeout=5)
    assert refused.status_code == 404
    assert ElementTree.fromstring(refused.content).findtext("error") == "ERROR_METHOD_NOT_FOUND"


def test_every_answer_carries_a_complete_time(portal: Portal) -> None:
    stamp = portal.call("server.time").json()["time"]
    floats = ("start", "finish", "duration", "processing", "operating")
    assert all(isinstance(stamp[name], float) for name in floats)
    assert isinstance(stamp["operating_reset_at"], int)
    assert stamp["date_start"].endswith("+03:00")
    assert "time" in portal.call("crm.lead.get", id=0).json()


def test_an_empty_map_is_an_empty_list(portal: Portal) -> None:
    assert portal.result("crm.duplicate.findbycomm", type="PHONE", values=["+44"]) == []
    sections = portal.batch({"time": "server.time"})
    assert sections["result_error"] == [] and sections["result_total"] == [] and sections["result_next"] == []


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("no.such.method", {}, (404, "ERROR_METHOD_NOT_FOUND")),
        ("crm.lead.get", {"id": 999_999}, (400, "")),
        ("crm.lead.get", {}, (400, "")),
        ("crm.item.get", {"entityTypeId": 1, "id": 999_999}, (400, "NOT_FOUND")),
        ("crm.item.get", {"entityTypeId": 999, "id": 1}, (400, "NOT_FOUND")),
        ("crm.item.list", {"entityTypeId": 5}, (400, "ENTITY_TYPE_NOT_SUPPORTED")),
        ("crm.category.list", {"entityTypeId": 1}, (400, "ENTITY_TYPE_NOT_SUPPORTED")),
        ("crm.item.list", {"entityTypeId": 1, "filter": {"nope": 1}}, (400, "INVALID_ARG_VALUE")),
        ("app.info", {}, (400, "ACCESS_DENIED")),
        ("placement.get", {}, (403, "insufficient_scope")),
        ("event.get", {}, (403, "WRONG_AUTH_TYPE")),
        ("feature.get", {}, (400, "CODE_EMPTY")),
        ("crm.contact.add", {"fields": {"EMAIL": [{"VALUE": "not an address"}]}}, (400, "ERROR_CORE")),
    ],
)
def test_refusals_carry_the_documented_code(portal: Portal, method: str, params: Any, expected: Any) -> None:
    status, code, text = portal.error(method, **params)
    assert (status, code) == expected
    assert text


def test_a_wrong_key_is_no_authorisation(portal: Portal) -> None:
    url = portal.webhook.rstrip("/") + "x/server.time"
    answer = requests.post(url, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")
    without = requests.post(f"{portal.server.ready['portal']}/rest/server.time", timeout=5)
    assert without.status_code == 401


def test_unknown_fields_are_ignored_silently(portal: Portal) -> None:
    row_id = portal.result("crm.lead.add", fields={"TITEL": "typo", "UF_CRM_NOT_THERE": 1})
    assert portal.result("crm.lead.get", id=row_id)["TITLE"] == f"Lead #{row_id}"


def test_query_strings_nest_as_in_php() -> None:
    assert parse_query("a[b][]=1&a[b][]=2&c=3&d[x.y]=4&e.f=5&") == {
        "a": {"b": ["1", "2"]},
        "c": "3",
        "d": {"x.y": "4"},
        "e_f": "5",
    }


def test_the_first_equals_sign_ends_the_name() -> None:
    assert parse_query("filter[%3E%3DID]=5") == {"filter": {">=ID": "5"}}
    assert parse_query("a=1=2") == {"a": "1=2"}


class TestBatch:
    def test_commands_are_query_strings_and_labels_come_back(self, portal: Portal) -> None:
        sections = portal.batch({"łódź": "crm.lead.add?fields[TITLE]=A%26B+C", "second": "server.time"})
        row_id = sections["result"]["łódź"]
        assert portal.world.leads.rows[row_id]["TITLE"] == "A&B C"
        assert set(sections["result_time"]) == {"łódź", "second"}

    def test_numeric_labels_come_back_as_lists(self, portal: Portal) -> None:
        for commands in (["server.time", "profile"], {"0": "server.time", "1": "profile"}):
            sections = portal.batch(commands)
            assert isinstance(sections["result"], list) and len(sections["result"]) == 2
        gap = portal.batch({"1": "server.time", "2": "profile"})
        assert set(gap["result"]) == {"1", "2"}

    @pytest.mark.parametrize("reference", ["$result[a][item][id]", "%24result%5Ba%5D%5Bitem%5D%5Bid%5D"])
    def test_references_resolve_after_decoding(self, portal: Portal, reference: str) -> None:
        sections = portal.batch(
            {
                "a": "crm.item.add?entityTypeId=1&fields[title]=First",
                "b": f"crm.item.update?entityTypeId=1&id={reference}&fields[title]=Of+{reference}",
            }
        )
        row_id = sections["result"]["a"]["item"]["id"]
        assert portal.world.leads.rows[row_id]["TITLE"] == f"Of {row_id}"

    @pytest.mark.parametrize(("form", "expected"), [("text", "$result[a][0]"), ("empty", "")])
    def test_an_unresolved_reference_is_text_or_empty(self, portal: Portal, form: str, expected: str) -> None:
        portal.set("settings", unresolved_reference=form)
        commands = {
            "a": "crm.lead.get?id=0",
            "b": "crm.lead.add?fields[TITLE]=t&fields[COMMENTS]=$result[a][0]",
        }
        row_id = portal.batch(commands)["result"]["b"]
        assert (portal.world.leads.rows[row_id]["COMMENTS"] or "") == expected

    @pytest.mark.parametrize("halt", [1, "1", True, "true"])
    def test_halt_leaves_later_commands_out_of_both_sections(self, portal: Portal, halt: Any) -> None:
        commands = {"a": "server.time", "b": "crm.lead.get?id=0", "c": "server.time"}
        sections = portal.batch(commands, halt)
        assert set(sections["result"]) == {"a"} and set(sections["result_error"]) == {"b"}
        free = portal.batch(commands, 0)
        assert set(free["result"]) == {"a", "c"}
        assert free["result_error"]["b"] == {
            "error": "",
            "error_description": "ID is not defined or invalid.",
        }

    def test_more_than_fifty_commands_fail_one_by_one(self, portal: Portal) -> None:
        sections = portal.batch({f"c{n}": "server.time" for n in range(52)})
        assert len(sections["result"]) == 50
        assert {e["error"] for e in sections["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}

    def test_a_batch_in_a_batch_is_refused(self, portal: Portal) -> None:
        sections = portal.batch({"inner": "batch?cmd[a]=server.time"})
        assert sections["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"

    def test_totals_move_to_their_own_sections(self, filled: Portal) -> None:
        sections = filled.batch(
            {"list": "crm.lead.list?select[]=ID", "fast": "crm.lead.list?start=-1&select[]=ID"}
        )
        assert sections["result_total"]["list"] == 130
        assert sections["result_next"] == {"list": 50}
