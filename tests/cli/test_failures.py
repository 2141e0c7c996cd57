"""An exception ends as a message and an exit code: no traceback, no secret, valid JSON where JSON was asked for."""

import json
import socket
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from connector.cli import failures
from connector.cli.entry import run
from connector.cli.exits import MEANING, Exit
from connector.cli.shell import Shell
from connector.errors import DigestMismatch, LeadswitchError, NotAPlan, TokenRefused

KEY = "s3cr3tk3y9"


def shell(*, json_asked: bool = False) -> Shell:
    made = Shell(json=json_asked)
    made.webhook = SecretStr(f"https://portal.example/rest/1/{KEY}/")
    made.keep_secret(made.webhook.get_secret_value())
    return made


def told(error: BaseException, *, json_asked: bool = False) -> int:
    with failures.told(shell(json_asked=json_asked)) as outcome:
        raise error
    return outcome.code


def test_a_foreseen_error_says_what_was_kept_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(DigestMismatch()) == Exit.FAILED
    errors = capsys.readouterr().err
    assert "changed or cut off" in errors
    assert "Nothing was changed on the portal" in errors
    assert "Traceback" not in errors


def test_a_detail_is_told_without_saying_the_first_sentence_again(capsys: pytest.CaptureFixture[str]) -> None:
    told(NotAPlan("the file is empty"))
    errors = capsys.readouterr().err
    assert errors.count("not a Leadswitch plan") == 1
    assert "(the file is empty)" in errors


def test_a_server_port_in_use_is_named_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("LEADSWITCH_PORT", str(taken.getsockname()[1]))
        assert run(["serve"]) == Exit.FAILED
    errors = capsys.readouterr().err
    assert "LEADSWITCH_PORT" in errors
    assert "Listening" not in errors


def test_json_carries_the_stable_key_and_bitrix24s_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    error = TokenRefused(
        "no", portal="portal.example", method="profile", code="NO_AUTH_FOUND", request_id="r1"
    )
    assert told(error, json_asked=True) == Exit.FAILED
    document = json.loads(capsys.readouterr().out)["error"]
    assert document["key"] == "auth.refused"
    assert document["code"] == "NO_AUTH_FOUND"
    assert document["portal"] == "portal.example"
    assert document["request_id"] == "r1"


def test_the_unforeseen_leaves_one_line_and_a_masked_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEADSWITCH_DEBUG", raising=False)
    assert told(ValueError(f"broke at https://portal.example/rest/1/{KEY}/profile")) == Exit.FAILED
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert KEY not in errors
    log = Path(errors.split("Details are in ")[1].strip())
    text = log.read_text()
    log.unlink()
    assert "Traceback" in text
    assert KEY not in text
    assert log.name.startswith("leadswitch-")


@pytest.mark.parametrize("error", [LeadswitchError(f"key {KEY}"), RuntimeError(f"key {KEY}")])
@pytest.mark.parametrize("json_asked", [True, False])
def test_no_output_carries_the_webhook_key(
    error: Exception, json_asked: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSWITCH_DEBUG", "1")
    told(error, json_asked=json_asked)
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("what?"), Exit.USAGE),
        (click.exceptions.Exit(3), 3),
        (click.Abort(), Exit.INTERRUPTED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_ways_to_end_early(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(error) == code
    assert "Traceback" not in capsys.readouterr().err


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANING) == set(Exit)
