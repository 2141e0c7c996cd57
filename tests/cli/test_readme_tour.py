"""The tour of the shell in README, run word by word: every command is there, ends as README says, and the portal is as it was."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
TOUR = (ROOT / "README.md").read_text(encoding="utf-8").split("## A tour of the shell")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```console\n(.*?)```", TOUR, re.DOTALL)
# What the tour says about the end of a command; all others end well.
ENDS = {"apply": 4, "undo": 4}

pytestmark = pytest.mark.slow


def commands(block: str) -> list[list[str]]:
    """The `leadswitch` command lines of a block, without comments."""
    return [line.split("#")[0].split() for line in block.splitlines() if line.startswith("leadswitch")]


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The portal of the tour's first command, on a free port."""
    (words,) = commands(BLOCKS[0])
    arguments = [*words[1:], "--port", "0", "--leads", "20", "--limits", "off"]
    process = subprocess.Popen(
        [sys.executable, "-m", "connector.cli", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=_env(tmp_path),
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def _env(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADSWITCH_")}
    return {**kept, "LEADSWITCH_DATA_DIR": str(home / "data"), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}


def test_the_tour_works_as_written(ready: dict[str, str], tmp_path: Path) -> None:
    env = _env(tmp_path) | {"LEADSWITCH_WEBHOOK": ready["webhook"]}

    def run(words: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "connector.cli", *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == ENDS.get(words[1] if words[0] == "runs" else words[0], 0), done.stderr
        return done.stdout

    def newest() -> str:
        return str(json.loads(run(["runs", "list", "--json"]))["runs"][0]["id"])

    def choose(mode: str) -> None:
        """The person's part, in the portal's own dialog; here through the test controls."""
        requests.post(ready["control"] + "mode", json={"mode": mode}, timeout=10).raise_for_status()

    before = json.loads(run(["status", "--json"]))["leads"]
    for words in commands(BLOCKS[1]):
        run(words[1:])
    choose("simple")
    ran = newest()
    for words in commands(BLOCKS[2]):
        if words[-1] == "UNDO":
            choose("classic")
        run([{"RUN": ran, "UNDO": newest()}.get(word, word) for word in words[1:]])
    status = json.loads(run(["status", "--json"]))
    assert status["mode"] == "classic"
    assert status["leads"] == before
