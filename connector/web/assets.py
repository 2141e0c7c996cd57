"""Addresses of static files that change with their content, so that browsers may keep them for ever. Reads files, serves nothing."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import url_for

from connector import resources


@lru_cache(maxsize=128)
def _mark(path: Path, _stamp: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of `static/<name>` with a mark of its content."""
    path = resources.static_path() / name
    return url_for("static", filename=name, v=_mark(path, path.stat().st_mtime))
