"""Bearer tokens: signed, short-lived, renewed, never good for more than half a day after a launch."""

from dataclasses import replace

import pytest

from connector.clock import FakeClock
from connector.web.session import LONGEST, NoSession, SessionExpired, Sessions, WebSession

WHO = WebSession(1, "https://portal.example", 7, "Anna", True, "pl", since=0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _who(clock: FakeClock) -> WebSession:
    return replace(WHO, since=int(clock.now().timestamp()))


def test_a_token_names_the_person_it_was_issued_for(clock: FakeClock) -> None:
    sessions = Sessions([b"k" * 32], 15, clock)
    read = sessions.read(sessions.issue(_who(clock)))
    assert replace(read, jti="") == _who(clock)


def test_two_tokens_for_one_person_differ(clock: FakeClock) -> None:
    sessions = Sessions([b"k" * 32], 15, clock)
    assert sessions.issue(_who(clock)) != sessions.issue(_who(clock))


def test_an_unused_token_expires(clock: FakeClock) -> None:
    sessions = Sessions([b"k" * 32], 15, clock)
    token = sessions.issue(_who(clock))
    clock.sleep(15 * 60)
    sessions.read(token)
    clock.sleep(2)
    with pytest.raises(SessionExpired):
        sessions.read(token)


def test_renewing_does_not_go_on_for_ever(clock: FakeClock) -> None:
    sessions = Sessions([b"k" * 32], 60, clock)
    token = sessions.issue(_who(clock))
    for _ in range(int(LONGEST.total_seconds() // 1800)):
        clock.sleep(1800)
        token = sessions.issue(sessions.read(token))
    clock.sleep(10)
    with pytest.raises(SessionExpired):
        sessions.read(token)


@pytest.mark.parametrize(
    "change", [lambda t: t[:9] + ("a" if t[9] != "a" else "b") + t[10:], lambda t: "x" + t, lambda _: ""]
)
def test_a_changed_token_is_no_session(clock: FakeClock, change: object) -> None:
    sessions = Sessions([b"k" * 32], 15, clock)
    assert callable(change)
    with pytest.raises(NoSession):
        sessions.read(change(sessions.issue(_who(clock))))


def test_a_token_of_another_installation_is_no_session(clock: FakeClock) -> None:
    with pytest.raises(NoSession):
        Sessions([b"k" * 32], 15, clock).read(Sessions([b"o" * 32], 15, clock).issue(_who(clock)))


def test_tokens_survive_a_new_key(clock: FakeClock) -> None:
    token = Sessions([b"o" * 32], 15, clock).issue(_who(clock))
    assert Sessions([b"o" * 32, b"n" * 32], 15, clock).read(token).user_id == 7


def test_an_expired_token_still_tells_whose_language_to_speak(clock: FakeClock) -> None:
    sessions = Sessions([b"k" * 32], 15, clock)
    token = sessions.issue(_who(clock))
    clock.sleep(10_000)
    found = sessions.peek(token)
    assert found is not None
    assert found.lang == "pl"
    assert sessions.peek("forged") is None
