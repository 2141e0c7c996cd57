"""What we ship of others is exactly what the manifest says, with version and licence; our pages load nothing from anywhere else."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from connector import resources

VENDOR = resources.static_path() / "vendor"
MANIFEST = json.loads((VENDOR / "MANIFEST.json").read_text(encoding="utf-8"))
REPORT = "report.html"
"""A file to take home: it has to carry its style inside, and is never shown by the app."""
OWN = sorted(
    path
    for folder in (resources.templates_path(), resources.static_path())
    for path in folder.rglob("*")
    if path.suffix in (".html", ".css", ".js") and VENDOR not in path.parents and path.name != REPORT
)


def test_every_vendored_file_is_the_one_that_was_taken() -> None:
    listed = {name: digest for package in MANIFEST["packages"] for name, digest in package["files"].items()}
    there = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()} - {
        "MANIFEST.json"
    }
    assert there == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("package", MANIFEST["packages"], ids=lambda package: str(package["name"]))
def test_every_package_names_its_version_and_licence(package: dict[str, object]) -> None:
    folder = VENDOR / str(next(iter(package["files"])).split("/")[0])  # type: ignore[call-overload]
    assert (folder / "VERSION").read_text(encoding="utf-8").split() == [package["name"], package["version"]]
    assert len((folder / "LICENSE").read_text(encoding="utf-8")) > 300
    assert package["license"] in ("MIT", "BSD-0-Clause")


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.name))
def test_pages_hold_no_inline_script_or_style_and_name_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)


def test_every_token_that_our_styles_use_is_there_in_light_and_dark() -> None:
    styles = "".join(
        path.read_text(encoding="utf-8") for path in (resources.static_path() / "css").glob("*.css")
    )
    tokens = (VENDOR / "air" / "air.css").read_text(encoding="utf-8")
    light, dark = tokens.split("@media (prefers-color-scheme: dark)")
    for name in set(re.findall(r"var\((--ui-[a-z0-9-]+)\)", styles)):
        assert f"{name}:" in light, name
    assert "--ui-color-bg-content-primary:" in dark


def test_every_icon_that_pages_name_is_in_the_sprite() -> None:
    sprite = set(
        re.findall(r'<symbol id="([a-z-]+)"', (VENDOR / "icons" / "icons.svg").read_text(encoding="utf-8"))
    )
    used = set()
    for path in resources.templates_path().rglob("*.html"):
        used |= set(re.findall(r'icon\("([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert used
    assert used <= sprite
