"""Where the files that are not code lie: the manifest, templates and static files, in a checkout and in an installed wheel.

A checkout keeps them beside the package (`templates/`, `app_manifest.json`); a wheel carries them inside it. Must never guess further.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def _existing(installed: Path, checkout: Path) -> Path:
    """The one of the two that exists; the installed one first, because a wheel is complete in itself.

    Raises FileNotFoundError naming both, which only a broken build can cause.
    """
    for path in (installed, checkout):
        if path.exists():
            return path
    raise FileNotFoundError(
        f"neither {installed} nor {checkout} exists: this installation of leadswitch is incomplete"
    )


def manifest_path() -> Path:
    """The app card `app_manifest.json`."""
    return _existing(_PACKAGE / "app_manifest.json", _CHECKOUT / "app_manifest.json")


def templates_path() -> Path:
    """The folder of Jinja templates."""
    return _existing(_PACKAGE / "web" / "templates", _CHECKOUT / "templates")


def static_path() -> Path:
    """The folder of styles, scripts and images, served under `/static`."""
    return _existing(_PACKAGE / "web" / "templates" / "static", _CHECKOUT / "templates" / "static")


def locale_path() -> Path:
    """The folder of gettext catalogs."""
    return _PACKAGE / "locale"


def companion_path() -> Path:
    """The PHP file for self-hosted portals."""
    return _PACKAGE / "companion" / "leadswitch_companion.php"


def companion_guide_path() -> Path:
    """How an administrator installs it."""
    return _PACKAGE / "companion" / "leadswitch_companion.md"
