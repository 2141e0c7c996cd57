"""Reading a real portal over HTTP: complete, in few requests, honest about what it may not see."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.bitrix.client import BitrixClient
from connector.bitrix.credentials import Webhook
from connector.planning import channels
from connector.planning.model import CrmMode, Known
from connector.planning.options import Options
from connector.reading import clients, leads, read_facts, read_leads
from connector.sandbox.server import SandboxServer

Sandbox = Callable[..., SandboxServer]


def client_of(server: SandboxServer) -> BitrixClient:
    return BitrixClient(Webhook.parse(server.ready["webhook"]))


def active(server: SandboxServer) -> dict[int, Any]:
    return {i: r for i, r in sorted(server.world.leads.rows.items()) if r["STATUS_SEMANTIC_ID"] == "P"}


def test_facts_in_two_requests(sandbox: Sandbox) -> None:
    server = sandbox(leads=60)
    client = client_of(server)
    facts = read_facts(client)
    assert client.requests_sent == 2
    assert facts.mode is CrmMode.CLASSIC
    assert facts.classic_available is Known.YES
    assert facts.i_am_admin
    assert facts.active_total == len(active(server)) == sum(facts.active_leads_by_stage.values())
    assert len(facts.pipelines) == 3
    assert all(any(s.semantics == "S" for s in p.stages) for p in facts.pipelines)
    assert facts.people[1].active is True
    assert any(p.active is False for p in facts.people.values())
    enums = [f for f in facts.user_fields["lead"] if f.type == "enumeration"]
    assert enums
    assert all(f.enum and f.key and f.label for f in enums)


def test_classic_is_unknown_in_a_simple_portal(sandbox: Sandbox) -> None:
    facts = read_facts(client_of(sandbox(leads=5, mode="simple")))
    assert facts.mode is CrmMode.SIMPLE
    assert facts.classic_available is Known.UNKNOWN


def test_everything_that_hangs_on_a_lead_is_there(sandbox: Sandbox) -> None:
    server = sandbox(leads=250)
    client = client_of(server)
    facts = read_facts(client)
    found = {s.id: s for s in read_leads(client, facts, Options(create="both"))}
    world = server.world
    assert list(found) == list(active(server))
    for id_, row in active(server).items():
        snapshot = found[id_]
        assert snapshot.fields["title"] == row["TITLE"]
        owned = {
            a["ID"] for a in world.activities.rows.values() if a["BINDINGS"] and a["BINDINGS"][0] == (1, id_)
        }
        assert {a.id for a in snapshot.activities} == owned
        rows = [r for r in world.product_rows.rows.values() if r["OWNER"] == (("L", id_),)]
        assert len(snapshot.products) == len(rows)
        assert {e["value"] for e in channels.entries(snapshot.fields)} == {e[3] for e in row["FM"]}
        linked = {(m.entity, m.id) for m in snapshot.matches if m.by == ("linked",)}
        expected = {("contact", c) for c in row["CONTACT_IDS"]} | (
            {("company", row["COMPANY_ID"])} if row["COMPANY_ID"] else set()
        )
        assert linked == expected


@pytest.mark.parametrize("whole", [True, False])
def test_both_ways_of_finding_clients_agree(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    server = sandbox(leads=250)
    world, rows = server.world, server.world.contacts.rows
    # Give every third new lead the phone of some contact, so that there is something to find.
    donors = [r for r in rows.values() if any(e[1] == "PHONE" for e in r["FM"])]
    wanted: dict[int, set[int]] = {}
    for place, (id_, row) in enumerate(active(server).items()):
        if place % 3 == 0 and not row["IS_RETURN_CUSTOMER"]:
            donor = donors[place % len(donors)]
            phone = next(e for e in donor["FM"] if e[1] == "PHONE")
            world.leads.change(id_, {"FM": ((world.next_id("multifield"), "PHONE", "WORK", phone[3]),)})
    for id_, row in active(server).items():
        if not row["IS_RETURN_CUSTOMER"]:
            ours = {channels.key_of({"typeId": e[1], "value": e[3]}, "PL") for e in row["FM"]} - {""}
            wanted[id_] = {
                c["ID"]
                for c in rows.values()
                if ours & {channels.key_of({"typeId": e[1], "value": e[3]}, "PL") for e in c["FM"]}
            }
    monkeypatch.setattr(leads, "cheaper_whole", lambda total, count: whole)
    client = client_of(server)
    found = {s.id: s for s in read_leads(client, read_facts(client), Options(create="contact"))}
    assert any(wanted.values())
    for id_, ids in wanted.items():
        bound = set(active(server)[id_]["CONTACT_IDS"])
        assert {
            m.id for m in found[id_].matches if m.entity == "contact" and m.by != ("linked",)
        } == ids - bound


def test_a_full_answer_of_the_duplicate_search_is_asked_again_in_halves(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=60)
    world = server.world
    client = client_of(server)

    def contact(phone: str) -> int:
        fields = {"name": "Anna", "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": phone}]}
        answer = client.call("crm.item.add", {"entityTypeId": 3, "fields": fields}).result
        assert isinstance(answer, dict)
        return int(answer["item"]["id"])

    switchboard = [contact("+48 600 000 001") for _ in range(25)]
    last = contact("+48 600 000 002")
    first, second = [i for i, r in active(server).items() if not r["IS_RETURN_CUSTOMER"]][:2]
    for id_, phone in ((first, "600 000 001"), (second, "600 000 002")):
        world.leads.change(id_, {"FM": ((world.next_id("multifield"), "PHONE", "WORK", phone),)})
    monkeypatch.setattr(leads, "cheaper_whole", lambda total, count: False)
    found = {s.id: s for s in read_leads(client, read_facts(client), Options())}
    assert [m.id for m in found[second].matches] == [last]
    assert {m.id for m in found[first].matches} < set(switchboard)


def test_small_memory_windows_change_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    server = sandbox(leads=250)
    client = client_of(server)
    facts = read_facts(client)
    whole = list(read_leads(client, facts, Options(create="both")))
    for block, window in ((7, 20), (50, 50), (1, 1)):
        monkeypatch.setattr(leads, "BLOCK", block)
        monkeypatch.setattr(leads, "IN_FLIGHT", window)
        assert list(read_leads(client, facts, Options(create="both"))) == whole


def test_the_cheaper_way_is_chosen() -> None:
    assert clients.cheaper_whole(100, 200)
    assert clients.cheaper_whole(25_000, 10_000)
    assert not clients.cheaper_whole(100_000, 10_000)
    assert not clients.cheaper_whole(500_000, 1_000_000)


def test_two_thousand_leads_of_the_standard_mix_take_few_requests(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sandbox(leads=2_000, mix="A")
    for whole, most in ((True, 7), (False, 11)):
        monkeypatch.setattr(leads, "cheaper_whole", lambda total, count, whole=whole: whole)
        client = client_of(server)
        facts = read_facts(client)
        assert sum(1 for _ in read_leads(client, facts, Options())) == 2_000
        assert client.requests_sent <= most
