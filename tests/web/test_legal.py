"""Privacy policy and licence are there for anybody, in the languages of the card, and say what the settings say."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector import resources
from connector.portals.manifest import app_manifest
from connector.web.legal import languages_of
from tests.web.conftest import Stage

ROOT = resources.manifest_path().parent


@pytest.mark.parametrize("path", ["/privacy", "/licence"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_anybody_can_read_them(stage: Callable[..., Stage], path: str, method: str) -> None:
    answer = getattr(stage(leads=0).app.test_client(), method)(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("text", ["privacy", "licence"])
def test_they_are_written_in_every_language_of_the_card(text: str) -> None:
    assert set(languages_of(text)) == set(app_manifest().locales)


def test_the_reader_chooses_the_language(stage: Callable[..., Stage]) -> None:
    client = stage(leads=0).app.test_client()
    assert "Polityka prywatności" in client.get("/privacy?lang=pl").get_data(as_text=True)
    polish = client.get("/privacy", headers={"Accept-Language": "pl-PL,pl;q=0.9"}).get_data(as_text=True)
    assert '<html lang="pl">' in polish
    assert "Leadswitch privacy policy" in client.get("/privacy?lang=xx").get_data(as_text=True)


def test_the_policy_names_who_runs_it_and_for_how_long_data_is_kept(stage: Callable[..., Stage]) -> None:
    here = stage(leads=0)
    web = here.app.extensions["leadswitch"]
    unnamed = here.app.test_client().get("/privacy").get_data(as_text=True)
    assert "has not entered its name" in unnamed
    named = here.settings.model_copy(
        update={"operator": "Example <Ltd>", "contact": "help@example.org, 9–17 CET"}
    )
    here.app.extensions["leadswitch"] = replace(web, settings=named)
    text = here.app.test_client().get("/privacy").get_data(as_text=True)
    assert "Example &lt;Ltd&gt;" in text
    assert "help@example.org, 9–17 CET" in text
    assert f"{here.settings.retention_days} days" in text
    assert f"{here.settings.rest_log_days} days" in text


def test_the_licence_shown_is_the_licence_given() -> None:
    given = (ROOT / "LICENSE").read_text(encoding="utf-8")
    plain = " ".join(re.sub(r'["“”]', "", given).split())
    for path in resources.templates_path().glob("legal/licence.*.html"):
        shown = " ".join(re.sub(r'<[^>]*>|["“”]', " ", path.read_text(encoding="utf-8")).split())
        assert "Leadswitch" in shown
        assert plain.replace(" ", "") in shown.replace(" ", ""), path.name


def test_every_page_leads_to_both(stage: Callable[..., Stage]) -> None:
    html = stage(leads=0).install().html
    assert 'href="/privacy?lang=en"' in html
    assert 'href="/licence?lang=en"' in html
