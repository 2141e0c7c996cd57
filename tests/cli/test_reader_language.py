"""Errors that were stored in one language are told in another one by the shell."""

from contextvars import ContextVar
from pathlib import Path

import pytest

from connector import i18n
from connector.cli.exits import Exit
from tests.cli.conftest import Portal, Shell


@pytest.fixture(autouse=True)
def _no_request_was_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A web test in this process may have left the language of its last request; a shell has never seen one."""
    monkeypatch.setattr(i18n, "_current", ContextVar[str | None]("unset", default=None))


def test_options_that_do_not_fit_are_told_in_polish(
    connected: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSWITCH_LANGUAGE", "pl")
    shown = connected("plan", "--to", "simple", "--pipeline", "999")
    assert shown.code == Exit.FAILED
    assert "Te opcje nie pasują do portalu" in shown.err
    assert "Nie ma" in shown.err or "nie ma" in shown.err


def test_a_run_that_rests_because_of_the_portal_says_why_in_polish(
    connected: Shell, portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.jsonl"
    assert connected("plan", "--to", "simple", "--out", str(file)).code == Exit.DONE
    portal.server.rest.dispatcher.faults.add(
        method="batch", kind="error", status=401, code="NO_AUTH_FOUND", nth=tuple(range(6, 99))
    )
    english = connected("apply", str(file), "--yes", "--json")
    assert english.json["waiting_for"]["what"] == "portal"
    assert "does not know our token" in english.json["waiting_for"]["text"]
    assert "told" not in english.json["waiting_for"]
    monkeypatch.setenv("LEADSWITCH_LANGUAGE", "pl")
    polish = connected("runs", "show", english.json["id"])
    assert "nie zna naszego tokenu" in polish.err
    assert "does not know" not in polish.err + polish.out
