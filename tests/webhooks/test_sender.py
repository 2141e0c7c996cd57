"""The connection itself: to public addresses only, whatever a name resolves to the second time; nothing of the address in what is kept."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest
from standardwebhooks import Webhook

from connector.clock import FakeClock, SystemClock
from tests.webhooks.conftest import Receiver
from tests.webhooks.test_endpoints import HOSTILE, PRIVATE
from webhooks.outbound.endpoints import new_secret
from webhooks.outbound.sender import Sender, headers, outcome_of

BODY = '{"type":"leadswitch.test"}'


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where somebody tried to connect to; nobody gets through."""
    tried: list[Any] = []

    def connect(_self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Any host resolves to these addresses, one after the other; the last one stays."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        try:
            address = str(ip_address(host))
        except ValueError:
            address = answers[min(len(asked), len(answers) - 1)]
            asked.append(str(host))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        end = (address, port, 0, 0) if ":" in address else (address, port)
        return [(family, socket.SOCK_STREAM, 6, "", end)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def post(url: str, private: bool = False) -> Any:
    return Sender(private=private, clock=SystemClock()).post(url, BODY, {"webhook-id": "msg_1"})


@pytest.mark.parametrize("address", [one for one in PRIVATE if one not in ("nonsense", "fe80::1%eth0")])
def test_a_name_that_leads_into_a_private_network_is_never_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    resolving(monkeypatch, address)
    sent = post("https://hooks.example/services/T0/key")
    assert (sent.outcome, connected) == ("blocked", [])
    assert "T0" not in sent.answer


def test_a_name_that_changes_its_mind_gains_nothing(
    monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    asked = resolving(monkeypatch, "93.184.215.14", "127.0.0.1")
    assert post("https://hooks.example/").outcome == "failed"
    # One question, and the connection goes to what was checked.
    assert asked == ["hooks.example"]
    assert {address[0] for address in connected} == {"93.184.215.14"}


def test_a_name_that_was_public_at_registration_and_is_private_now_is_blocked(
    monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    resolving(monkeypatch, "10.0.0.7")
    assert post("https://hooks.example/").outcome == "blocked"
    assert connected == []


def test_a_name_of_ones_own_network_that_changes_its_mind_gains_nothing(
    monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    asked = resolving(monkeypatch, "10.0.0.7", "169.254.169.254")
    assert post("http://hooks.internal:8080/", private=True).outcome == "blocked"
    assert (connected, len(asked)) == ([], 2)
    resolving(monkeypatch, "10.0.0.7", "10.0.0.8", "169.254.169.254")
    assert post("https://hooks.internal/", private=True).outcome == "failed"
    assert {address[0] for address in connected} == {"10.0.0.8"}


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], int]]:
    """`dripping(b"HTTP/1.1 ")` is the port of a receiver that says this at once and then a byte now and then, without end."""
    done = threading.Event()
    listeners: list[socket.socket] = []

    def start(first: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(first)
                while not done.wait(0.05):
                    connection.sendall(b"1")

        threading.Thread(target=drip, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    done.set()
    for one in listeners:
        one.close()


@pytest.mark.parametrize(
    ("scheme", "first", "outcome"),
    [
        ("http", b"HTTP/1.1 ", "silent"),
        ("http", b"HTTP/1.1 200 OK\r\nX: ", "silent"),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", "ok"),
        ("https", b"\x16\x03\x03\x3f\xff\x02", "silent"),
    ],
    ids=["status", "head", "body", "handshake"],
)
def test_a_receiver_that_drips_its_answer_holds_nobody(
    scheme: str, first: bytes, outcome: str, dripping: Callable[[bytes], int]
) -> None:
    sender = Sender(private=True, clock=SystemClock(), seconds=0.4)
    sent = sender.post(f"{scheme}://127.0.0.1:{dripping(first)}/", BODY, {"webhook-id": "msg_1"})
    assert sent.outcome == outcome
    assert len(sent.answer) < 2048


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_addresses_are_not_connected_to(url: str, connected: list[Any]) -> None:
    assert post(url).outcome in ("blocked", "failed")
    assert [address for address in connected if address[0] != "93.184.215.14"] == []


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, connected: list[Any]) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    resolving(monkeypatch, "93.184.215.14")
    post("https://hooks.example/")
    assert {address[0] for address in connected} == {"93.184.215.14"}


def test_both_secrets_sign_while_they_overlap() -> None:
    old, new = new_secret(), new_secret()
    head = headers("msg_1", BODY, [new, old], datetime.now(UTC))
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, head) == {"type": "leadswitch.test"}
    assert len(head["webhook-signature"].split()) == 2


def test_the_answer_is_cut_and_kept_as_text(receiver: Receiver) -> None:
    receiver.status = 200
    sent = post(receiver.url, private=True)
    assert (sent.outcome, sent.status, sent.answer) == ("ok", 200, "")
    assert sent.duration_ms >= 0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (202, "ok"), (299, "ok"), (301, "redirected"), (308, "redirected"), (400, "refused"), (404, "refused"), (410, "gone"),
     (429, "throttled"), (500, "refused"), (502, "throttled"), (503, "throttled"), (504, "throttled")],
)  # fmt: skip
def test_only_2xx_is_success(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


def test_times_are_those_of_the_clock() -> None:
    clock = FakeClock()
    assert headers("m", BODY, [new_secret()], clock.now())["webhook-timestamp"] == str(
        int(clock.now().timestamp())
    )
