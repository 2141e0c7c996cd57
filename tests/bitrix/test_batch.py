"""Batches: one outcome per command, commands repeated and never whole batches, nothing written twice."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connector.bitrix import BatchOutcome, Command, Ref, Status, WireSettings
from connector.errors import (
    AccessDenied,
    BadCall,
    BatchError,
    Cancelled,
    MethodError,
    OutcomeUnknown,
    RateLimited,
    TokenRefused,
)
from tests.bitrix.portal import Portal, Refuse

DROPPED = requests.ConnectionError("reset")
BUSY = (503, {"error": "QUERY_LIMIT_EXCEEDED"})


def adds(count: int, **fields: Any) -> list[Command]:
    return [
        Command(f"c{n}", "crm.lead.add", {"fields": {"TITLE": f"lead {n}", **fields}}) for n in range(count)
    ]


@pytest.fixture
def crm(portal: Portal) -> Portal:
    portal.methods["crm.lead.add"] = portal.add
    portal.methods["crm.lead.get"] = lambda params: {"ID": params["id"]}
    portal.methods["crm.lead.update"] = lambda params: True
    portal.methods["crm.lead.list"] = portal.list
    return portal


def statuses(outcome: BatchOutcome) -> list[str]:
    return [str(one.status) for one in outcome.values()]


def test_many_commands_are_split_by_fifty_and_keep_their_order(crm: Portal) -> None:
    outcome = crm.client().batch(adds(120))
    assert [len(body["cmd"]) for _, body in crm.requests] == [50, 50, 20]
    assert outcome.all_ok
    assert [one.result for one in outcome.values()] == list(range(1, 121))
    assert list(outcome) == [f"c{n}" for n in range(120)]


def test_hard_values_arrive_as_they_are(crm: Portal) -> None:
    title = "żółć & [x]=1 + 50% ? # 🙂"
    crm.client().batch(
        [Command("a", "crm.lead.add", {"fields": {"TITLE": title, "OPENED": False, "UF_CRM_1": True}})]
    )
    assert crm.rows[0]["TITLE"] == title
    assert (crm.rows[0]["OPENED"], crm.rows[0]["UF_CRM_1"]) == ("N", "1")


@pytest.mark.parametrize("value", [None, [], {}, "about $result[c0][ID]"])
def test_what_a_query_cannot_carry_is_sent_alone_as_json(crm: Portal, value: object) -> None:
    outcome = crm.client().batch([*adds(2), Command("odd", "crm.lead.add", {"fields": {"X": value}})])
    assert outcome.all_ok
    assert [method for method, _ in crm.requests] == ["batch", "crm.lead.add"]
    assert crm.rows[2]["X"] == value


def test_one_failed_command_leaves_the_others_alone(crm: Portal) -> None:
    def add(params: Any) -> int:
        if params["fields"]["TITLE"] == "lead 3":
            raise Refuse("", description="The field Work e-mail contains an invalid address")
        return crm.add(params)

    crm.methods["crm.lead.add"] = add
    outcome = crm.client().batch(adds(10))
    assert statuses(outcome) == ["ok"] * 3 + ["failed"] + ["ok"] * 6
    assert isinstance(outcome["c3"].error, MethodError)
    with pytest.raises(BatchError) as caught:
        outcome.results()
    assert set(caught.value.failures) == {"c3"}


def test_halt_stops_at_the_first_failure_also_over_requests(crm: Portal) -> None:
    def add(params: Any) -> int:
        if params["fields"]["TITLE"] == "lead 60":
            raise Refuse("ERROR_CORE")
        return crm.add(params)

    crm.methods["crm.lead.add"] = add
    outcome = crm.client().batch(adds(150), halt=True)
    assert statuses(outcome) == ["ok"] * 60 + ["failed"] + ["not_run"] * 89
    assert len(crm.rows) == 60
    assert len(crm.requests) == 2


def test_a_lost_batch_of_adds_is_unknown_and_never_sent_again(crm: Portal) -> None:
    crm.faults = [("after", DROPPED)]
    outcome = crm.client().batch(adds(120))
    assert statuses(outcome) == ["unknown"] * 50 + ["ok"] * 70
    assert isinstance(outcome["c0"].error, OutcomeUnknown)
    assert len(crm.rows) == 120
    assert len({row["TITLE"] for row in crm.rows}) == 120


def test_a_lost_mixed_batch_repeats_only_what_is_harmless(crm: Portal) -> None:
    crm.faults = [("after", DROPPED)]
    commands = [*adds(2), Command("r", "crm.lead.get", {"id": 1}), Command("u", "crm.lead.update", {"id": 1})]
    outcome = crm.client().batch(commands)
    assert statuses(outcome) == ["unknown", "unknown", "ok", "ok"]
    assert [list(body["cmd"]) for _, body in crm.requests] == [["c0", "c1", "r", "u"], ["r", "u"]]


def test_a_command_that_forbids_it_is_not_repeated_though_its_method_would_allow_it(crm: Portal) -> None:
    crm.faults = [("after", DROPPED)]
    outcome = crm.client().batch([Command("u", "crm.lead.update", {"id": 1}, once=True)])
    assert statuses(outcome) == ["unknown"]
    assert len(crm.requests) == 1


def test_a_refused_batch_is_sent_again_in_full(crm: Portal) -> None:
    crm.faults = [BUSY]
    assert crm.client().batch(adds(50)).all_ok
    assert len(crm.rows) == 50
    assert len(crm.requests) == 2


def test_a_command_that_the_portal_asks_to_repeat_is_repeated_alone(crm: Portal) -> None:
    tries: list[str] = []

    def add(params: Any) -> int:
        title = params["fields"]["TITLE"]
        tries.append(title)
        if title == "lead 1" and tries.count(title) == 1:
            raise Refuse("OPERATION_TIME_LIMIT")
        return crm.add(params)

    crm.methods["crm.lead.add"] = add
    outcome = crm.client().batch(adds(3))
    assert outcome.all_ok
    assert tries == ["lead 0", "lead 1", "lead 2", "lead 1"]
    assert sum(crm.clock.slept) >= 60


def test_an_add_that_met_a_server_fault_inside_a_batch_is_unknown(crm: Portal) -> None:
    def add(params: Any) -> int:
        if params["fields"]["TITLE"] == "lead 1":
            raise Refuse("INTERNAL_SERVER_ERROR")
        return crm.add(params)

    crm.methods["crm.lead.add"] = add
    assert statuses(crm.client().batch(adds(3))) == ["ok", "unknown", "ok"]
    assert len(crm.requests) == 1


def test_a_code_never_seen_before_leaves_a_write_unknown_and_a_read_failed(crm: Portal) -> None:
    def new(params: Any) -> int:
        raise Refuse("A_NEW_CODE")

    crm.methods["crm.lead.add"] = crm.methods["crm.lead.get"] = new
    outcome = crm.client().batch([*adds(1), Command("r", "crm.lead.get", {"id": 1})])
    assert statuses(outcome) == ["unknown", "failed"]
    assert len(crm.requests) == 1


def test_a_write_missing_from_the_answer_is_unknown(crm: Portal) -> None:
    crm.faults = [(200, {"result": {"result": {"c0": 1}, "result_error": []}})]
    assert statuses(crm.client().batch(adds(2))) == ["ok", "unknown"]
    assert len(crm.requests) == 1


def test_a_command_that_answers_null_is_ok_when_it_has_its_time(crm: Portal) -> None:
    crm.faults = [
        (200, {"result": {"result": [], "result_error": [], "result_time": {"d": {"duration": 0.1}}}})
    ]
    outcome = crm.client().batch([Command("d", "crm.category.delete", {"id": 1})])
    assert statuses(outcome) == ["ok"]
    assert outcome["d"].result is None


def test_a_first_refusal_for_good_raises_and_a_later_one_keeps_what_was_done(crm: Portal) -> None:
    crm.faults = [(401, {"error": "NO_AUTH_FOUND"})]
    with pytest.raises(TokenRefused):
        crm.client().batch(adds(100))
    crm.faults = [None, (403, {"error": "ACCESS_DENIED"})]
    outcome = crm.client().batch(adds(100))
    assert statuses(outcome) == ["ok"] * 50 + ["not_run"] * 50
    assert isinstance(outcome["c99"].error, AccessDenied)


def test_endless_503_ends_with_proof_that_nothing_ran(crm: Portal) -> None:
    crm.faults = [BUSY] * 100
    with pytest.raises(RateLimited):
        crm.client().batch(adds(10))
    assert len(crm.requests) == WireSettings().attempts
    assert crm.rows == []


def test_stopping_between_requests_keeps_what_was_done(crm: Portal) -> None:
    client = crm.client(cancel=lambda: len(crm.requests) == 1)
    outcome = client.batch(adds(100))
    assert statuses(outcome) == ["ok"] * 50 + ["not_run"] * 50
    assert isinstance(outcome["c50"].error, Cancelled)


def test_slow_methods_get_smaller_batches(crm: Portal) -> None:
    def slow(params: Any) -> dict[str, Any]:
        return {"result": crm.add(params), "time": {"duration": 2.0}}

    crm.methods["crm.lead.add"] = slow
    crm.client().batch(adds(100))
    assert [len(body["cmd"]) for _, body in crm.requests] == [50, 10, 10, 10, 10, 10]


def test_a_batch_that_was_lost_is_followed_by_smaller_ones(crm: Portal) -> None:
    crm.faults = [requests.ReadTimeout("too long")] * 2
    reads = [Command(f"r{n}", "crm.lead.get", {"id": n}) for n in range(50)]
    assert crm.client().batch(reads).all_ok
    assert [len(body["cmd"]) for _, body in crm.requests][:3] == [50, 25, 6]


def test_a_blocked_method_is_overtaken_by_others(crm: Portal) -> None:
    reset = crm.clock.now().timestamp() + 100
    crm.methods["crm.lead.update"] = lambda params: {
        "result": True,
        "time": {"operating": 500, "operating_reset_at": reset},
    }
    client = crm.client()
    client.call("crm.lead.update", {"id": 1})
    crm.requests.clear()
    outcome = client.batch([Command("u", "crm.lead.update", {"id": 1}), *adds(2)])
    assert outcome.all_ok
    assert [list(body["cmd"]) for _, body in crm.requests] == [["c0", "c1"], ["u"]]


def test_references_are_resolved_for_reads(crm: Portal) -> None:
    crm.rows = [{"ID": "7"}]
    outcome = crm.client().batch(
        [Command("found", "crm.lead.list", {}), Command("one", "crm.lead.get", {"id": Ref("found", 0, "ID")})]
    )
    assert outcome["one"].result == {"ID": "7"}


def test_a_reading_chain_is_never_split(crm: Portal) -> None:
    crm.rows = [{"ID": "7"}]
    chain = [Command("a", "crm.lead.list", {}), Command("b", "crm.lead.get", {"id": Ref("a", 0, "ID")})]
    crm.client().batch([*adds(49), *chain])
    assert [list(body["cmd"])[-2:] for _, body in crm.requests][-1] == ["a", "b"]


def test_a_failed_source_makes_its_dependents_not_run_whatever_they_answered(crm: Portal) -> None:
    def refuse(params: Any) -> int:
        raise Refuse("ACCESS_DENIED")

    crm.methods["crm.lead.list"] = refuse
    outcome = crm.client().batch(
        [Command("found", "crm.lead.list", {}), Command("one", "crm.lead.get", {"id": Ref("found", 0, "ID")})]
    )
    assert statuses(outcome) == ["failed", "not_run"]


def test_a_chain_whose_source_must_be_repeated_is_repeated_whole(crm: Portal) -> None:
    crm.rows = [{"ID": "7"}]
    tries: list[int] = []

    def flaky(params: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise Refuse("QUERY_LIMIT_EXCEEDED")
        return crm.list(params)

    crm.methods["crm.lead.list"] = flaky
    outcome = crm.client().batch(
        [Command("found", "crm.lead.list", {}), Command("one", "crm.lead.get", {"id": Ref("found", 0, "ID")})]
    )
    assert outcome["one"].result == {"ID": "7"}


@pytest.mark.parametrize(
    "commands",
    [
        [Command("0", "crm.lead.get")],
        [Command("a", "crm.lead.get"), Command("a", "crm.lead.get")],
        [Command("a", "crm.lead.get", {"id": Ref("later", "ID")})],
        [Command("a", "crm.lead.add"), Command("b", "crm.lead.get", {"id": Ref("a")})],
        [Command("a", "crm.lead.get"), Command("b", "crm.lead.update", {"id": Ref("a", "ID")})],
    ],
)
def test_commands_that_would_lose_data_are_refused_before_sending(
    crm: Portal, commands: list[Command]
) -> None:
    with pytest.raises(BadCall):
        crm.client().batch(commands)
    assert crm.requests == []


def test_no_commands_are_no_request(crm: Portal) -> None:
    assert len(crm.client().batch([])) == 0
    assert crm.requests == []


def test_status_names_are_stable() -> None:
    assert [str(status) for status in Status] == ["ok", "failed", "not_run", "unknown"]
