"""A wheel, built here and installed elsewhere, is the whole product: nothing it needs stays behind in the checkout."""

import os
import re
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the hatchling of this environment."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("leadswitch-*.whl"))


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment, outside the checkout, with only the wheel and its pinned dependencies."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=True)
    subprocess.run(
        [str(folder / "venv/bin/pip"), "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)],
        check=True,
        cwd=folder,
        env=_env(folder),
    )
    return folder


def _env(home: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LEADSWITCH_", "PYTHON"))
    }
    return {**kept, "HOME": str(home), "XDG_DATA_HOME": str(home / "share")}


def test_it_carries_everything_that_is_not_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "templates", "connector", "webhooks", "app_manifest.json"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    places = {"templates/": "connector/web/templates/", "app_manifest.json": "connector/app_manifest.json"}
    missing = []
    for name in tracked:
        if not (ROOT / name).exists():
            continue
        start = next((start for start in places if name.startswith(start)), None)
        inside = places[start] + name.removeprefix(start) if start else name
        if inside not in names:
            missing.append(name)
    assert tracked
    assert missing == []
    for kind in (
        "connector/store/migrations/versions/",
        "connector/locale/",
        "connector/sandbox/portal_page/templates/",
    ):
        assert any(name.startswith(kind) for name in names), kind
    assert not [name for name in names if name.startswith(("tests/", "bench/", "templates/"))]


@pytest.fixture
def demo(home: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(home / "venv/bin/leadswitch"), "demo", "--no-browser", "--port", "0", "--leads", "20"],
        cwd=home, env=_env(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_the_demo_runs_from_the_wheel_and_stops_when_told(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout is not None
    address = demo.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\S*", address), (
        address,
        demo.stderr and demo.stderr.read(),
    )
    page = requests.get(address, timeout=30)
    assert page.ok
    assert "Leadswitch" in page.text
    demo.send_signal(signal.SIGTERM)
    _, errors = demo.communicate(timeout=30)
    assert demo.returncode == 0, errors
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)
