"""`python -m connector.sandbox`: one ready line, serves until told to stop, says what is wrong with its options."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

COMMAND = [sys.executable, "-m", "connector.sandbox"]


@pytest.fixture
def started() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "--leads", "20", "--tls", "--plan", "professional", "--mode", "simple"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_ready_line_and_stops_cleanly(
    started: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert started.stdout is not None
    ready = json.loads(started.stdout.readline())
    base = {"portal", "webhook", "oauth", "client_id", "client_secret", "member_id", "control"}
    assert set(ready) == base | {"https_webhook", "ca"}
    assert ready["webhook"].endswith("/")
    assert requests.post(ready["webhook"] + "crm.settings.mode.get", timeout=10).json()["result"] == 2
    secure = requests.post(ready["https_webhook"] + "profile", timeout=10, verify=ready["ca"])
    assert secure.json()["result"]["ADMIN"] is True
    started.send_signal(number)
    output, _ = started.communicate(timeout=15)
    assert (started.returncode, output) == (0, "")


@pytest.mark.parametrize(
    "wrong", [["--leads", "many"], ["--mode", "modern"], ["--leads", "-1"], ["--port", "70000"]]
)
def test_a_wrong_option_is_a_usage_error(wrong: list[str]) -> None:
    done = subprocess.run([*COMMAND, *wrong], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--leads", "0", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1 and str(port) in done.stderr
