"""One request done properly: cancellation asked, operating time and bucket slot reserved, credential fetched, sent,
renewed or moved once if the portal says so, limits learned from the answer. Never repeats a request for any other
reason; that is retry.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from connector.bitrix.credentials import Credential, CredentialSource, OAuthToken
from connector.bitrix.download import GET_FILE, Downloaded, Downloads
from connector.bitrix.limits import (
    Bucket,
    OperatingTimes,
    OwnTimes,
    blocked,
    operating_wait,
    refuse,
    reported,
    take,
)
from connector.bitrix.retry import Deadline, Patience
from connector.bitrix.transport import Reply, Transport, WireSettings
from connector.clock import Clock
from connector.errors import (
    BadAnswer,
    BitrixError,
    DeadCredential,
    LimitError,
    MethodTimeLimit,
    NotSent,
    PortalMoved,
    RateLimited,
    TokenExpired,
    TokenRefused,
    TransportError,
)


class Log(Protocol):
    """A structlog-like logger; the wire hands it names and numbers only, never parameters or bodies."""

    def debug(self, event: str, /, **fields: object) -> object: ...

    def warning(self, event: str, /, **fields: object) -> object: ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and what came of it: `reply` or `error`. `params` and `reply` are as they went over the wire, without
    the token: whoever keeps them masks them. `seconds` from sending to the answer.
    """

    method: str
    params: Mapping[str, object] = field(repr=False)
    seconds: float
    reply: Reply | None = field(default=None, repr=False)
    error: BitrixError | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


Observer = Callable[[Exchange], None]
"""Told of every HTTP request once it has ended, in the thread that sent it. Must be quick and must not raise."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The `time` part of an answer, seconds; every key is optional on the platform. `duration` is the longer of the
    platform's `duration` and `processing`.
    """

    duration: float | None = None
    operating: float | None = None
    operating_reset_at: float | None = None

    @classmethod
    def of(cls, raw: object) -> Timing:
        if not isinstance(raw, Mapping):
            return cls()
        known = [
            seconds for name in ("duration", "processing") if (seconds := _float(raw.get(name))) is not None
        ]
        return cls(
            max(known, default=None), _float(raw.get("operating")), _float(raw.get("operating_reset_at"))
        )


class Wire:
    """Requests to one portal."""

    def __init__(
        self,
        source: CredentialSource,
        transport: Transport,
        downloads: Downloads,
        *,
        bucket: Bucket,
        operating: OperatingTimes,
        clock: Clock,
        settings: WireSettings,
        patience: Patience,
        log: Log | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.source = source
        self._transport, self._downloads = transport, downloads
        self._bucket = bucket
        self._operating = operating
        self._own = OwnTimes()
        self._clock = clock
        self._settings = settings
        self._patience = patience
        self._log = log
        self._observer = observer
        self._portal = source.portal
        self.requests = 0

    @property
    def portal(self) -> str:
        return self._portal

    def now(self) -> float:
        """Wall clock as a Unix second: bucket and operating state are compared between processes."""
        return self._clock.now().timestamp()

    def blocked_for(self, method: str) -> float:
        """Seconds until this method may be called, by its operating time. 0.0 = now."""
        now = self.now()
        shared = operating_wait(self._operating.get(self._portal, method), now)
        return max(shared, operating_wait(self._own.latest(method), now))

    def learn(self, method: str, timing: Timing) -> None:
        """Keep the latest operating time of a method: the portal's own sum where it says one, else what its calls took."""
        if timing.operating is None and timing.duration is not None:
            self._own.add(method, timing.duration, self._settings.operating, self.now())
        if timing.operating is not None:
            reset = timing.operating_reset_at or 0.0
            latest = reported(timing.operating, reset, self._settings.operating, self.now())
            self._operating.put(self._portal, method, latest)

    def block(self, method: str) -> None:
        """This method answered 429: remember until when, so that others go on."""
        self._operating.put(
            self._portal, method, blocked(self._operating.get(self._portal, method), self.now())
        )

    def renew(self) -> None:
        """Renew the credential because a command inside a batch was answered `expired_token`."""
        credential = self._credential(self.source.current)
        if isinstance(credential, OAuthToken):
            self._renewed(credential)

    def send(
        self, method: str, params: Mapping[str, object], deadline: Deadline, methods: Iterable[str] = ()
    ) -> Reply:
        """One logical request. `methods` are further ones whose operating time it needs: those inside a batch. Whether a
        portal bills them or `batch` itself differs between portals, so both are watched.

        Raises what transport raises, Cancelled, and the limit errors without sending if waiting would take longer than
        the deadline. Follows one renewal and one confirmed move.
        """
        for name in (method, *methods):
            self._hold(self.blocked_for(name), deadline, MethodTimeLimit, name)
        credential = self._credential(self.source.current)
        renewed = moved = False
        while True:
            self._portal = credential.portal
            wait = self._bucket.change(
                self._portal, lambda state: take(state, self._settings.rate, self.now())
            )
            self._hold(wait, deadline, RateLimited, method)
            try:
                return self._post(credential, method, params)
            except TokenExpired:
                if renewed or not isinstance(credential, OAuthToken):
                    raise
                credential, renewed = self._renewed(credential), True
            except TokenRefused:
                # Another process may be renewing: the older token ends before the newer one is stored.
                if renewed or not isinstance(credential, OAuthToken):
                    raise
                newest = self._newest(credential)
                if newest == credential:
                    raise
                credential, renewed = newest, True
            except PortalMoved as error:
                if moved:
                    raise
                credential, moved = self._moved(credential, error), True

    def download(self, url: str, deadline: Deadline, limit: int) -> Downloaded:
        """A file by the signed address that the portal has just given (`urlMachine`), which must be the portal's own.

        Counts as a request. Raises what transport raises, BadAnswer for an address elsewhere, Cancelled, RateLimited.
        """
        credential = self._credential(self.source.current)
        ours, theirs = urlsplit(credential.url(GET_FILE)), urlsplit(url)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise BadAnswer("a file that is not on the portal", portal=credential.portal, method=GET_FILE)
        wait = self._bucket.change(
            credential.portal, lambda state: take(state, self._settings.rate, self.now())
        )
        self._hold(wait, deadline, RateLimited, GET_FILE)
        self._patience.check()
        self.requests += 1
        started = self._clock.monotonic()
        secrets = (*credential.secrets(), *parse_qs(theirs.query).get("token", ()))
        try:
            file = self._downloads.get(url, portal=credential.portal, secrets=secrets, limit=limit)
        except BitrixError as error:
            self._note(error, GET_FILE)
            self._tell(GET_FILE, {}, started, credential, error=error)
            raise
        self._tell(GET_FILE, {}, started, credential)
        return file

    def _newest(self, seen: OAuthToken) -> Credential:
        return self._credential(lambda: self.source.newest(seen))

    def _renewed(self, seen: OAuthToken) -> Credential:
        return self._credential(lambda: self.source.renew(seen))

    def _moved(self, seen: Credential, error: PortalMoved) -> Credential:
        location = str(error.details.get("location", ""))
        return self._credential(lambda: self.source.moved(seen, location))

    def _credential(self, get: Callable[[], Credential]) -> Credential:
        """Whatever goes wrong on the way to the OAuth server, our call itself was not sent."""
        failure: NotSent
        try:
            return get()
        except PortalMoved:
            raise
        except TransportError as error:
            failure = NotSent(
                f"the access could not be renewed: {error}", portal=self._portal, method="oauth.token"
            )
        raise failure

    def _post(self, credential: Credential, method: str, params: Mapping[str, object]) -> Reply:
        self._patience.check()
        body = dict(params)
        if isinstance(credential, OAuthToken):
            body["auth"] = credential.access_token
        self.requests += 1
        started = self._clock.monotonic()
        try:
            reply = self._transport.post(
                credential.url(method),
                body,
                portal=credential.portal,
                method=method,
                secrets=credential.secrets(),
            )
        except BitrixError as error:
            if isinstance(error, RateLimited):
                self._bucket.change(
                    credential.portal, lambda state: refuse(state, self._settings.rate, self.now())
                )
            elif isinstance(error, MethodTimeLimit):
                self.block(method)
            elif isinstance(error, DeadCredential):
                self.source.bury(credential, error)
            self._note(error, method)
            self._tell(method, params, started, credential, error=error)
            raise
        self._tell(method, params, started, credential, reply=reply)
        self.learn(method, Timing.of(reply.body.get("time")))
        if self._log is not None:
            self._log.debug(
                "bitrix24 answered", portal=self._portal, method=method, seconds=round(reply.seconds, 3)
            )
        return reply

    def _tell(
        self,
        method: str,
        params: Mapping[str, object],
        started: float,
        credential: Credential,
        *,
        reply: Reply | None = None,
        error: BitrixError | None = None,
    ) -> None:
        if self._observer is not None:
            seconds = self._clock.monotonic() - started
            self._observer(Exchange(method, params, seconds, reply, error, credential.secrets()))

    def _note(self, error: BitrixError, method: str) -> None:
        if self._log is not None:
            self._log.warning(
                "bitrix24 refused",
                portal=error.portal,
                method=method,
                code=error.code,
                http_status=error.http_status,
                request_id=error.request_id,
                error=type(error).__name__,
            )

    def _hold(self, seconds: float, deadline: Deadline, late: type[LimitError], method: str) -> None:
        if seconds <= 0:
            return
        if seconds > deadline.left:
            error = late(f"would have to wait {seconds:.0f} s", portal=self._portal, method=method)
            error.asked = False
            raise error
        self._patience.sleep(seconds)


def _float(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None
