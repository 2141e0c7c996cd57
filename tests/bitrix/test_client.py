"""Single calls: what is repeated, what is not, and what the caller is told."""

from __future__ import annotations

import traceback

import pytest
import requests

from connector.bitrix import Webhook, WireSettings
from connector.clock import FakeClock
from connector.errors import (
    AccessDenied,
    AnswerLost,
    BadAnswer,
    BitrixError,
    Cancelled,
    CertificateInvalid,
    InsecureAddress,
    MethodError,
    MethodTimeLimit,
    MethodUnknown,
    NotAWebhook,
    NotSent,
    OutcomeUnknown,
    PortalBlocked,
    PortalMoved,
    RateLimited,
    TokenRefused,
)
from tests.bitrix.portal import Portal, Refuse

BUSY = (503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"})
SLOW = (429, {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"})
BROKEN = (500, {"error": "INTERNAL_SERVER_ERROR", "error_description": ""})
DROPPED = requests.ConnectionError("reset by https://portal.example/rest/1/s3cretkey/profile")
TIMED_OUT = requests.ReadTimeout("no answer from https://portal.example/rest/1/s3cretkey/profile")
UNREACHABLE = requests.ConnectTimeout("nobody at https://portal.example/rest/1/s3cretkey/profile")
HTML = (200, "<html><body>Login</body></html>")
CUT = (200, '{"result": [1, 2')

AMBIGUOUS = [DROPPED, TIMED_OUT, BROKEN, (502, "<html>bad gateway</html>"), HTML, CUT, (200, ""), (200, "{}")]
PROVEN = [BUSY, SLOW, UNREACHABLE]


@pytest.fixture
def lead(portal: Portal) -> Portal:
    portal.methods["crm.lead.add"] = portal.add
    portal.methods["crm.lead.update"] = lambda params: True
    portal.methods["profile"] = lambda params: {"ID": "1"}
    return portal


@pytest.mark.parametrize("fault", AMBIGUOUS + PROVEN)
def test_a_read_is_repeated_after_any_passing_fault(lead: Portal, fault: object) -> None:
    lead.faults = [fault]
    assert lead.client().call("profile").result == {"ID": "1"}
    assert len(lead.requests) == 2
    assert lead.clock.slept


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_an_add_that_may_have_run_is_never_sent_again(lead: Portal, fault: object) -> None:
    lead.faults = [fault]
    with pytest.raises(OutcomeUnknown) as caught:
        lead.client().call("crm.lead.add", {"fields": {"TITLE": "x"}})
    assert len(lead.requests) == 1
    assert caught.value.method == "crm.lead.add"


def test_an_add_whose_answer_is_lost_after_it_ran_exists_once(lead: Portal) -> None:
    lead.faults = [("after", DROPPED)]
    with pytest.raises(OutcomeUnknown):
        lead.client().call("crm.lead.add", {"fields": {"TITLE": "x"}})
    assert len(lead.rows) == 1


@pytest.mark.parametrize("fault", PROVEN)
def test_an_add_that_certainly_did_not_run_is_sent_again(lead: Portal, fault: object) -> None:
    lead.faults = [fault]
    assert lead.client().call("crm.lead.add", {"fields": {"TITLE": "x"}}).result == 1
    assert len(lead.rows) == 1


def test_an_unknown_method_counts_as_a_write_that_must_not_be_repeated(portal: Portal) -> None:
    portal.methods["crm.brand.new"] = lambda params: 1
    portal.faults = [("after", DROPPED)]
    with pytest.raises(OutcomeUnknown):
        portal.client().call("crm.brand.new")


def test_an_idempotent_write_is_repeated_after_a_lost_answer(lead: Portal) -> None:
    lead.faults = [("after", DROPPED)]
    assert lead.client().call("crm.lead.update", {"id": 1, "fields": {}}).result is True
    assert [name for name, _ in lead.ran] == ["crm.lead.update"] * 2


def test_a_repeated_binding_that_says_already_bound_counts_as_done(portal: Portal) -> None:
    bound: list[object] = []

    def bind(params: object) -> bool:
        if bound:
            raise Refuse("ACTIVITY_IS_ALREADY_BOUND")
        bound.append(params)
        return True

    portal.methods["crm.activity.binding.add"] = bind
    portal.faults = [("after", DROPPED)]
    answer = portal.client().call(
        "crm.activity.binding.add", {"activityId": 1, "entityTypeId": 2, "entityId": 3}
    )
    assert answer.result is True
    assert answer.repeated


def test_already_bound_at_the_first_try_is_an_error(portal: Portal) -> None:
    def bind(params: object) -> bool:
        raise Refuse("ACTIVITY_IS_ALREADY_BOUND")

    portal.methods["crm.activity.binding.add"] = bind
    with pytest.raises(MethodError):
        portal.client().call("crm.activity.binding.add")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, {"error": "ACCESS_DENIED"}), AccessDenied),
        ((401, {"error": "NO_AUTH_FOUND"}), TokenRefused),
        ((503, {"error": "OVERLOAD_LIMIT"}), PortalBlocked),
        ((404, {"error": "ERROR_METHOD_NOT_FOUND"}), MethodUnknown),
        ((400, {"error": "", "error_description": "Access denied."}), AccessDenied),
        ((200, {"error": "", "error_description": "Whatever"}), MethodError),
        ((200, {"result": True, "error": "ERROR_ARGUMENT"}), MethodError),
        ((400, {"error": "NEVER_SEEN_BEFORE"}), MethodError),
    ],
)
def test_a_refusal_is_one_request_and_one_clear_error(
    lead: Portal, answer: object, kind: type[BitrixError]
) -> None:
    lead.faults = [answer]
    with pytest.raises(kind) as caught:
        lead.client().call("profile")
    assert len(lead.requests) == 1
    assert caught.value.portal == "portal.example"
    assert caught.value.method == "profile"


def test_a_redirect_is_never_followed_and_the_error_names_the_new_address_only(lead: Portal) -> None:
    import responses

    with responses.RequestsMock() as mock:
        mock.post(
            "https://portal.example/rest/1/s3cretkey/profile",
            status=302,
            headers={"Location": "https://renamed.example:8443/rest/1/s3cretkey/profile"},
        )
        with pytest.raises(PortalMoved) as caught:
            lead.client().call("profile")
        assert len(mock.calls) == 1
    assert "https://renamed.example:8443" in caught.value.user_message()
    assert "s3cretkey" not in caught.value.user_message() + str(caught.value)


@pytest.mark.parametrize("fault", [DROPPED, TIMED_OUT, UNREACHABLE, HTML, BROKEN])
def test_no_secret_in_any_exception_or_its_traceback(lead: Portal, fault: object) -> None:
    lead.faults = [fault] * 10
    with pytest.raises(BitrixError) as caught:
        lead.client().call("profile")
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cretkey" not in shown


def test_no_secret_in_any_log_line(lead: Portal) -> None:
    lines: list[str] = []

    class Log:
        def debug(self, event: str, /, **fields: object) -> None:
            lines.append(f"{event} {fields}")

        warning = debug

    lead.faults = [DROPPED, BUSY]
    lead.client(log=Log()).call("profile")
    assert len(lines) == 3
    assert "s3cretkey" not in "".join(lines)


def test_patience_ends_with_the_last_error(lead: Portal) -> None:
    lead.faults = [BUSY] * 50
    with pytest.raises(RateLimited):
        lead.client().call("profile")
    assert len(lead.requests) == WireSettings().attempts


def test_a_host_that_does_not_answer_is_tried_three_times(lead: Portal) -> None:
    lead.faults = [UNREACHABLE] * 50
    with pytest.raises(NotSent):
        lead.client().call("profile")
    assert len(lead.requests) == 3


def test_a_bad_certificate_is_tried_once(lead: Portal) -> None:
    lead.faults = [requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")] * 2
    with pytest.raises(CertificateInvalid):
        lead.client().call("profile")
    assert len(lead.requests) == 1


def test_the_time_budget_ends_waiting_before_it_starts(lead: Portal) -> None:
    lead.faults = [SLOW] * 5
    with pytest.raises(MethodTimeLimit):
        lead.client(settings=WireSettings(budget_seconds=20)).call("profile")
    assert len(lead.requests) == 1
    assert sum(lead.clock.slept) < 20


def test_429_waits_to_the_last_reported_reset(lead: Portal) -> None:
    now = lead.clock.now().timestamp()
    lead.methods["profile"] = lambda params: {
        "result": {"ID": "1"},
        "time": {"operating": 10.0, "operating_reset_at": now + 300},
    }
    client = lead.client()
    client.call("profile")
    lead.faults = [SLOW]
    client.call("profile")
    assert 300 <= sum(lead.clock.slept) < 302


def test_a_blocked_method_does_not_stop_another_one(lead: Portal) -> None:
    client = lead.client(settings=WireSettings(budget_seconds=30))
    lead.faults = [SLOW]
    with pytest.raises(MethodTimeLimit):
        client.call("profile")
    lead.clock.slept.clear()
    assert client.call("crm.lead.update", {"id": 1}).result is True
    assert lead.clock.slept == []


def test_stopping_sends_nothing_more_and_wakes_a_sleeper(lead: Portal) -> None:
    lead.faults = [SLOW] * 3
    client = lead.client(cancel=lambda: len(lead.requests) > 0 and sum(lead.clock.slept) > 2)
    with pytest.raises(Cancelled):
        client.call("profile")
    assert len(lead.requests) == 1
    assert sum(lead.clock.slept) < 4


def test_an_oversized_answer_is_recognised(lead: Portal) -> None:
    lead.methods["profile"] = lambda params: "x" * 5000
    with pytest.raises(BadAnswer, match="larger"):
        lead.client(settings=WireSettings(max_body=1000)).call("profile")


def test_an_answer_that_never_ends_is_left(lead: Portal) -> None:
    class Creeping(FakeClock):
        def monotonic(self) -> float:
            self.advance(200)
            return super().monotonic()

    with pytest.raises(AnswerLost):
        lead.client(clock=Creeping(), settings=WireSettings(attempts=1)).call("profile")


def test_every_request_says_who_we_are(lead: Portal) -> None:
    import responses

    with responses.RequestsMock() as mock:
        mock.post("https://portal.example/rest/1/s3cretkey/profile", json={"result": {}})
        lead.client().call("profile")
        assert str(mock.calls[0].request.headers["User-Agent"]).startswith("leadswitch/")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", NotAWebhook),
        ("portal.example", NotAWebhook),
        ("https://portal.example/", NotAWebhook),
        ("https://portal.example/rest/abc/key/", NotAWebhook),
        ("https://portal.example/rest/1/", NotAWebhook),
        ("https://portal.example/rest/0/key/", NotAWebhook),
        ("https://user:pass@portal.example/rest/1/key/", NotAWebhook),
        ("ftp://portal.example/rest/1/key/", NotAWebhook),
        ("https://portal.example/rest/1/key/?x=1", NotAWebhook),
        ("https://[bad/rest/1/key/", NotAWebhook),
        ("http://portal.example/rest/1/s3cretkey/", InsecureAddress),
        ("http://10.0.0.1/rest/1/s3cretkey/", InsecureAddress),
    ],
)
def test_what_is_not_a_safe_webhook_is_refused_without_showing_it(url: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        Webhook.parse(url)
    assert "s3cretkey" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://Portal.example/rest/1/key/", "https://portal.example/rest/1/key/"),
        ("https://portal.example/rest/1/key", "https://portal.example/rest/1/key/"),
        ("https://portal.example/rest/1/key/profile.json", "https://portal.example/rest/1/key/"),
        ("  https://portal.example:8443/rest/12/key/ ", "https://portal.example:8443/rest/12/key/"),
        ("http://127.0.0.1:5000/rest/1/key/", "http://127.0.0.1:5000/rest/1/key/"),
        ("http://[::1]:5000/rest/1/key/", "http://[::1]:5000/rest/1/key/"),
    ],
)
def test_a_webhook_is_taken_as_bitrix24_shows_it(url: str, base: str) -> None:
    assert Webhook.parse(url).url("") == base
    assert "key" not in repr(Webhook.parse(url))
