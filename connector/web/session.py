"""Who is in front of the page: a short-lived, signed bearer token. Must never be put into a URL or a cookie.

Browsers block third-party cookies in a frame of another site, so the token travels with every request itself: in a hidden field of
each form, or as `Authorization: Bearer` from scripts. It is issued after a launch was confirmed by the OAuth server and renewed with
every answer, at most for `LONGEST` since that launch; then the portal has to vouch for the person again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer
from itsdangerous.timed import TimestampSigner

from connector.clock import Clock

FIELD = "session"
HEADER = "X-Leadswitch-Session"
LONGEST = timedelta(hours=12)
_SALT = "leadswitch.session.1"


class SessionExpired(Exception):
    """The token was ours and is too old: the app has to be opened again."""


class NoSession(Exception):
    """There is no token, or it was not signed by us."""


@dataclass(frozen=True, slots=True)
class WebSession:
    """One person on one portal. `origin` is the portal's address as the OAuth server named it; `since` is unix seconds of the launch."""

    portal_id: int
    origin: str
    user_id: int
    name: str
    admin: bool
    lang: str
    since: int
    jti: str = ""
    tz: str = ""

    def speaking(self, lang: str) -> WebSession:
        """The same person in another language."""
        return replace(self, lang=lang)


class Sessions:
    """Issues and reads tokens. `keys` are signing keys, oldest first (`Keyring.derive`); `minutes` is how long one is good unused."""

    def __init__(self, keys: Sequence[bytes], minutes: int, clock: Clock) -> None:
        self._clock = clock
        self._age = minutes * 60

        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(clock.now().timestamp())

        self._serializer = URLSafeTimedSerializer(list(keys), salt=_SALT, signer=Signer)

    def issue(self, session: WebSession) -> str:
        """A fresh token for the same person."""
        return str(self._serializer.dumps(asdict(replace(session, jti=secrets.token_urlsafe(9)))))

    def read(self, token: str) -> WebSession:
        """The person that the token names; raises `NoSession` for a foreign or broken one, `SessionExpired` for an old one."""
        try:
            session = WebSession(**self._serializer.loads(token, max_age=self._age))
        except SignatureExpired:
            raise SessionExpired from None
        except (BadData, TypeError):
            raise NoSession from None
        if self._clock.now().timestamp() - session.since > LONGEST.total_seconds():
            raise SessionExpired
        return session

    def peek(self, token: str) -> WebSession | None:
        """Whom an expired token of ours was for, to speak their language; must never let anybody in."""
        try:
            return WebSession(**self._serializer.loads(token))
        except (BadData, TypeError):
            return None
