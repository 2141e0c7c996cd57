"""The shell against an emulated portal over real HTTP: one command at a time, in this process, with a data folder of its own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.cli.entry import run
from connector.sandbox.server import SandboxServer

# What REST methods that change nothing are called.
_READING = (".get", ".list", ".fields", ".current", ".findbycomm", ".types", ".info", ".admin", ".time")
_READS = {"batch", "profile", "scope", "methods"}


@dataclass
class Shown:
    """What one command line has left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass
class Portal:
    """An emulated portal and its test controls."""

    server: SandboxServer

    @property
    def ready(self) -> dict[str, str]:
        return self.server.ready

    def get(self, what: str) -> Any:
        return requests.get(self.ready["control"] + what, timeout=10).json()

    def post(self, what: str, **data: Any) -> Any:
        answer = requests.post(self.ready["control"] + what, json=data, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def writes(self) -> list[str]:
        """Methods that are no reads and were called since the counters were cleared."""
        called = [name.removeprefix("method.") for name in self.get("counters") if name.startswith("method.")]
        return sorted(m for m in called if m not in _READS and not m.endswith(_READING))

    def rest(self, method: str, **params: Any) -> Any:
        answer = requests.post(self.ready["webhook"] + method, json=params, timeout=20).json()
        assert "result" in answer, answer
        return answer["result"]

    def active_leads(self) -> int:
        return int(self.get("state")["active_leads"])


Shell = Callable[..., Shown]


@pytest.fixture
def portal(sandbox: Callable[..., SandboxServer]) -> Portal:
    """A portal with 40 leads, without limits."""
    return Portal(sandbox(leads=40))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """`shell("status", "--json")` runs one command line; settings come from here alone."""
    for name in ("LEADSWITCH_WEBHOOK", "LEADSWITCH_PORTAL", "LEADSWITCH_DATABASE_URL", "LEADSWITCH_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEADSWITCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LEADSWITCH_LANGUAGE", "en")

    def call(*arguments: str, webhook: str = "") -> Shown:
        if webhook:
            monkeypatch.setenv("LEADSWITCH_WEBHOOK", webhook)
        capsys.readouterr()
        code = run(arguments)
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return Shown(code, shown.out, shown.err)

    return call


@pytest.fixture
def connected(shell: Shell, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The shell with the portal's webhook in its environment."""
    monkeypatch.setenv("LEADSWITCH_WEBHOOK", portal.ready["webhook"])
    return shell
