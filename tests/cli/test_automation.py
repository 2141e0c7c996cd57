"""Rules, endpoints and the watch from the shell, with a receiver that verifies what arrives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook
from werkzeug.serving import make_server

from connector.cli.listen import Receiver
from connector.cli.shell import Shell
from tests.cli.conftest import Portal, Shown
from webhooks.outbound.endpoints import new_secret

Run = Callable[..., Shown]


class Inbox:
    """A receiver on this machine: keeps what arrives, answers `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = "204 No Content"
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.port}/hook"

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        head = {name: environ.get("HTTP_" + name.upper().replace("-", "_"), "") for name in names}
        self.got.append((head, body))
        start_response(self.status, [])
        return [b""]


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.setenv("LEADSWITCH_WEBHOOK_PRIVATE_NETWORKS", "true")
    box = Inbox()
    yield box
    box.server.shutdown()


def added(run: Run, inbox: Inbox, *more: str) -> tuple[str, str]:
    """An endpoint at the inbox: its id and secret."""
    made = run("hooks", "add", inbox.url, "--json", *more).json
    return str(made["id"]), str(made["secret"])


def rule_file(folder: Path, **form: Any) -> str:
    path = folder / "rule.json"
    path.write_text(json.dumps({"name": "Tell", "on": ["crm.mode.changed"], **form}), encoding="utf-8")
    return str(path)


def test_a_test_event_is_verified_and_the_secret_is_shown_once(
    portal: Portal, connected: Run, inbox: Inbox
) -> None:
    id_, secret = added(connected, inbox)
    sent = connected("hooks", "test", id_, "--json")
    assert sent.code == 0
    ((head, body),) = inbox.got
    Webhook(secret).verify(body, head)
    assert json.loads(body)["type"] == "leadswitch.test"
    assert sent.json["deliveries"][0]["id"] == head["webhook-id"]
    for command in (("list",), ("deliveries",), ("disable", id_)):
        shown = connected("hooks", *command, "--json")
        assert secret not in shown.out + shown.err
        assert "/hook" not in shown.out + shown.err


def test_a_delivery_is_sent_again_with_the_same_id(portal: Portal, connected: Run, inbox: Inbox) -> None:
    id_, _ = added(connected, inbox)
    inbox.status = "500 Out of order"
    failed = connected("hooks", "test", id_, "--json")
    assert failed.code == 1
    (delivery,) = failed.json["deliveries"]
    inbox.status = "204 No Content"
    assert connected("hooks", "redeliver", delivery["id"], "--json").code == 0
    assert {head["webhook-id"] for head, _ in inbox.got} == {delivery["id"]}


def test_a_new_secret_signs_beside_the_old_one(portal: Portal, connected: Run, inbox: Inbox) -> None:
    id_, old = added(connected, inbox)
    new = connected("hooks", "rotate", id_, "--json").json["secret"]
    connected("hooks", "test", id_)
    head, body = inbox.got[-1]
    for secret in (old, new):
        Webhook(secret).verify(body, head)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "https://10.0.0.1/x", "https://169.254.169.254/", "ftp://a.b/"]
)
def test_private_addresses_are_refused(portal: Portal, connected: Run, url: str) -> None:
    shown = connected("hooks", "add", url)
    assert shown.code == 1
    assert "Webhooks cannot be sent" in shown.err
    assert connected("hooks", "list", "--json").json == {"endpoints": []}


def test_a_mode_change_is_told_once_a_rule_acts_and_a_command_runs(
    portal: Portal, connected: Run, inbox: Inbox, tmp_path: Path
) -> None:
    here = portal
    id_, secret = added(connected, inbox)
    file = rule_file(tmp_path, do=[{"type": "webhook", "endpoint": id_}])
    assert connected("rules", "add", file, "--json").code == 0
    assert connected("watch", "--for", "0").out == ""
    here.post("mode", mode="simple")
    out = tmp_path / "change.json"
    script = tmp_path / "keep.sh"
    script.write_text(f'#!/bin/sh\necho "$LEADSWITCH_FROM $LEADSWITCH_TO" > {out}\ncat >> {out}\n')
    script.chmod(0o755)
    seen = connected("watch", "--count", "1", "--exec", str(script), "--json")
    change = json.loads(seen.out)
    assert (change["from"], change["to"], change["noticed_by"]) == ("classic", "simple", "shell")
    assert change["report"]["left"] > 0
    first, second = out.read_text().splitlines()
    assert first == "classic simple"
    assert json.loads(second) == change
    ((head, body),) = inbox.got
    Webhook(secret).verify(body, head)
    assert json.loads(body)["data"]["to"] == "simple"
    assert connected("watch", "--for", "0").out == ""
    assert len(inbox.got) == 1
    assert [one["matched"] for one in connected("rules", "history", "--json").json["history"]] == [True]


def test_a_rule_is_tried_switched_changed_and_deleted(
    portal: Portal, connected: Run, inbox: Inbox, tmp_path: Path
) -> None:
    id_, _ = added(connected, inbox)
    file = rule_file(tmp_path, when={"to": "simple"}, do=[{"type": "webhook", "endpoint": id_}])
    would = connected("rules", "try", file, "--event", "crm.mode.changed").json
    assert would["matched"]
    assert would["would"][0]["type"] == "webhook"
    assert inbox.got == []
    rule = connected("rules", "add", file, "--json").json
    assert connected("rules", "off", rule["id"], "--json").json["enabled"] is False
    assert connected("rules", "show", rule["id"]).json["on"] == ["crm.mode.changed"]
    other = rule_file(tmp_path, name="Other", do=[{"type": "notify", "users": [1]}])
    assert connected("rules", "change", rule["id"], other, "--json").json["name"] == "Other"
    assert connected("rules", "delete", rule["id"], "--yes").code == 0
    assert connected("rules", "list", "--json").json == {"rules": []}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"name": "x"}', '{"name": "x", "on": ["crm.mode.changed"], "do": [{"type": "rm"}]}']
)
def test_a_broken_rule_names_the_place_and_is_not_kept(
    portal: Portal, connected: Run, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rule.json"
    path.write_text(text)
    shown = connected("rules", "add", str(path))
    assert shown.code == 1
    assert "The rule cannot be used" in shown.err
    assert connected("rules", "list", "--json").json == {"rules": []}


def test_a_command_that_cannot_run_is_named(portal: Portal, connected: Run) -> None:
    here = portal
    connected("watch", "--for", "0")
    here.post("mode", mode="simple")
    shown = connected("watch", "--count", "1", "--exec", "/no/such/command")
    assert shown.code == 1
    assert "cannot be run" in shown.err


def test_the_receiver_prints_what_is_verified_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    secret = new_secret()
    receiver = Receiver(secret, Shell(json=True), 1)
    server = make_server("127.0.0.1", 0, receiver, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.port}/"
    try:
        body, now = '{"type": "leadswitch.test"}', datetime.now(UTC)
        good = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", now, body),
        }
        for head, sent, status in (
            ({}, body, 401),
            ({**good, "webhook-signature": "v1,xxx"}, body, 401),
            ({**good, "webhook-timestamp": "yesterday"}, body, 401),
            (good, body + " ", 401),
            (good, "x" * 70_000, 413),
            (good, body, 204),
            (good, body, 204),
        ):
            assert requests.post(url, data=sent.encode(), headers=head, timeout=10).status_code == status
        assert receiver.enough.is_set()
    finally:
        server.shutdown()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [(one["id"], one["again"]) for one in lines] == [("msg_1", False), ("msg_1", True)]


def test_listening_without_a_secret_says_where_it_comes_from(shell: Run) -> None:
    shown = shell("listen", "--port", "0")
    assert shown.code == 1
    assert "LEADSWITCH_LISTEN_SECRET" in shown.err
    assert shell("listen", "--port", "0", "--secret", "no").code == 1
