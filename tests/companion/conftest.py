"""Fixtures of the companion: its PHP file run by php-cli against stub classes, and an emulated self-hosted portal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.resources import companion_path
from connector.sandbox.server import SandboxServer
from tests.companion.contract import PIPELINE

STUBS = Path(__file__).parent / "stubs"
Php = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def php_program() -> str:
    """The PHP interpreter; skips where there is none, but never when CI says that it must be there."""
    found = shutil.which("php")
    if found is None:
        reason = "no php found; apt-get install php-cli"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def php(php_program: str) -> Php:
    """`php(method, params, portal={…}, read_only=False)`: one REST call in a fresh process; what it answered, logged and left."""

    def call(
        method: str = "leadswitch.version",
        params: dict[str, Any] | None = None,
        *,
        portal: dict[str, Any] | None = None,
        read_only: bool = False,
        bitrix: bool = True,
        file: Path | None = None,
    ) -> dict[str, Any]:
        job = {
            "file": str(file or companion_path()),
            "bitrix": bitrix,
            "portal": portal or {},
            "readOnly": read_only,
            "method": method,
            "params": params or {},
        }
        done = subprocess.run(
            [php_program, "-n", "-d", "error_reporting=-1", "-d", "display_errors=stderr", STUBS / "run.php"],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return call


@pytest.fixture(scope="module")
def self_hosted() -> Iterator[SandboxServer]:
    """One emulated self-hosted portal with the companion, for a whole table of calls."""
    server = SandboxServer(leads=8, limits="off", self_hosted=True)
    server.world.categories.insert({"ID": PIPELINE, "NAME": "Second", "SORT": 200})
    server.start()
    yield server
    server.stop()
