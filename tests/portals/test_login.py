"""The login outside the frame: what must be true before anybody is let in, and that nothing else is ever asked or sent anywhere."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from connector.clock import FakeClock
from connector.errors import BadSetting, LaunchRefused, PortalNotKnown
from connector.portals.install import install
from connector.portals.login import LIFE, begin_login, finish_login, new_browser_secret
from connector.portals.opening import parse_opening
from connector.portals.removal import purge, uninstall
from connector.portals.tokens import DatabaseTokenStore
from connector.settings import Settings
from connector.store.database import Database
from connector.store.models import LoginAttempt, Portal
from tests.portals.bitrix24 import Bitrix24, Grant, form, query

BROWSER = new_browser_secret()


@pytest.fixture
def installed(b24: Bitrix24, database: Database, settings: Settings) -> int:
    return install(database, settings, parse_opening(query(), form())).ref.id


@pytest.fixture
def state(installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock) -> str:
    """Of a login that was begun in BROWSER; the code "code" is an employee's."""
    b24.codes["code"] = "employee-token"
    b24.asked.clear()
    return state_of(begin_login(database, settings, "one.example", BROWSER, clock=clock).address)


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def finish(database: Database, settings: Settings, clock: FakeClock, **changed: str) -> Any:
    values = {"code": "code", "browser": BROWSER, **changed}
    return finish_login(database, settings, clock=clock, **values)  # type: ignore[arg-type]


def test_login_lets_the_person_in_and_leaves_the_credential_alone(
    state: str, installed: int, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    before = DatabaseTokenStore(database, installed).load()
    opened = finish(database, settings, clock, state=state)
    assert (opened.ref.id, opened.viewer.user_id, opened.viewer.is_admin) == (installed, 9, False)
    assert DatabaseTokenStore(database, installed).load() == before
    assert set(b24.asked) == {"oauth.bitrix.info", "one.example"}


@pytest.mark.parametrize(
    "name", ["one.example", " ONE.example ", "https://one.example/crm/lead/", "one.example:443"]
)
def test_address_is_the_portals_own_and_carries_no_secret(
    name: str, installed: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    begun = begin_login(database, settings, name, BROWSER, clock=clock)
    parts = urlsplit(begun.address)
    assert (begun.host, parts.scheme, parts.netloc, parts.path) == (
        "one.example",
        "https",
        "one.example",
        "/oauth/authorize/",
    )
    asked = parse_qs(parts.query)
    assert asked["client_id"] == ["app.1"]
    assert "redirect_uri" not in asked
    assert "tops3cret" not in begun.address
    assert BROWSER not in begun.address


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "",
        "https://",
        "//",
        "one.example.evil.example",
        "one.example@evil.example",
        "[",
        "x:99999",
    ],
)
def test_nobody_is_sent_to_a_portal_that_has_not_installed_the_app(
    name: str, installed: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    with pytest.raises(PortalNotKnown):
        begin_login(database, settings, name, BROWSER, clock=clock)


def test_portal_that_removed_the_app_or_has_only_a_webhook_has_no_login(
    installed: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    with database.begin() as session:
        now = clock.now()
        session.add(
            Portal(key="hook.example", host="hook.example", kind="webhook", created_at=now, updated_at=now)
        )
    uninstall(database, installed, clean=False, clock=clock)
    for name in ("one.example", "hook.example"):
        with pytest.raises(PortalNotKnown):
            begin_login(database, settings, name, BROWSER, clock=clock)


def test_state_is_good_once(
    state: str, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    finish(database, settings, clock, state=state)
    b24.codes["code"] = "employee-token"
    b24.asked.clear()
    with pytest.raises(LaunchRefused, match="finished before"):
        finish(database, settings, clock, state=state)
    assert b24.asked == []


def test_state_is_used_up_by_a_callback_that_failed(
    state: str, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    with pytest.raises(LaunchRefused):
        finish(database, settings, clock, state=state, code="made-up")
    with pytest.raises(LaunchRefused, match="finished before"):
        finish(database, settings, clock, state=state)


def _turned(state: str) -> str:
    return state[:5] + ("a" if state[5] != "a" else "b") + state[6:]


@pytest.mark.parametrize(
    "change", [_turned, lambda _: "", lambda s: s[:-3], lambda s: s * 99, lambda _: "bm9uY2U.x"]
)
def test_changed_state_asks_nobody(
    change: Callable[[str], str],
    state: str,
    b24: Bitrix24,
    database: Database,
    settings: Settings,
    clock: FakeClock,
) -> None:
    with pytest.raises(LaunchRefused, match="not begun here"):
        finish(database, settings, clock, state=change(state))
    assert b24.asked == []


@pytest.mark.parametrize("browser", ["", new_browser_secret()], ids=["none", "another"])
def test_login_that_was_begun_in_another_browser_is_refused(
    browser: str, state: str, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    with pytest.raises(LaunchRefused, match="another browser"):
        finish(database, settings, clock, state=state, browser=browser)
    assert b24.asked == []


def test_state_grows_old_and_is_forgotten(
    state: str, b24: Bitrix24, database: Database, settings: Settings, clock: FakeClock
) -> None:
    clock.advance(LIFE.total_seconds() + 1)
    with pytest.raises(LaunchRefused, match="too long"):
        finish(database, settings, clock, state=state)
    assert b24.asked == []
    assert purge(database, settings, clock).logins == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (Grant(member_id="m2", domain="two.example"), "another portal"),
        (Grant(client_id="app.2"), "another app"),
        (Grant(member_id="m2"), "another portal"),
    ],
)
def test_code_that_is_not_for_this_portal_and_app_is_refused(
    grant: Grant,
    reason: str,
    state: str,
    installed: int,
    b24: Bitrix24,
    database: Database,
    settings: Settings,
    clock: FakeClock,
) -> None:
    b24.grants["foreign"] = grant
    b24.codes["code"] = "foreign"
    before = DatabaseTokenStore(database, installed).load()
    with pytest.raises(LaunchRefused, match=reason):
        finish(database, settings, clock, state=state)
    assert DatabaseTokenStore(database, installed).load() == before
    with database.read() as session:
        assert session.scalars(select(Portal.host)).all() == ["one.example"]


@pytest.mark.parametrize("code", ["", "x" * 5_000, "made-up"])
def test_bad_code_is_refused_and_not_shown(
    code: str, state: str, database: Database, settings: Settings, clock: FakeClock
) -> None:
    with pytest.raises(LaunchRefused) as caught:
        finish(database, settings, clock, state=state, code=code)
    assert not code or code not in str(caught.value)


def test_app_without_keys_says_so(
    installed: int, database: Database, settings: Settings, clock: FakeClock
) -> None:
    bare = settings.model_copy(update={"client_id": ""})
    with pytest.raises(BadSetting, match="CLIENT_ID"):
        begin_login(database, bare, "one.example", BROWSER, clock=clock)
