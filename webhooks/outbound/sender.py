"""One signed POST to one endpoint. Connects only as `connection` lets it, follows no redirect, reads no more than a beginning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import requests
import structlog
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook
from urllib3.exceptions import HTTPError

from connector.clock import Clock
from connector.errors import BadAddress
from webhooks.outbound import address
from webhooks.outbound.connection import CONNECT_SECONDS, READ_SECONDS, Watch, guarded_session
from webhooks.outbound.schedule import wish_of

WHOLE_SECONDS = 30.0
"""Of one try, from the connection to the end of what is read."""
MOST_READ = 2048
AGENT = "Leadswitch-Webhooks/1"
_THROTTLED = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """How a try ended: ok, refused, redirected, gone, throttled, silent, blocked or failed; `wish` is `Retry-After` in seconds."""

    outcome: str
    status: int | None = None
    answer: str = ""
    wish: float | None = None
    duration_ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether the receiver has taken it (2xx)."""
        return self.outcome == "ok"


def headers(id_: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; each secret signs, the newest first."""
    moment = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(msg_id=id_, timestamp=moment, data=body) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": id_,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class Sender:
    """Posts to endpoints. `private` lets it reach private networks, as the installation's setting says."""

    def __init__(
        self,
        *,
        private: bool,
        clock: Clock,
        session: Callable[[bool, Watch], requests.Session] = guarded_session,
        seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._private, self._clock = private, clock
        self._session, self._seconds = session, seconds

    def post(self, url: str, body: str, head: Mapping[str, str]) -> Sent:
        """Never raises: whatever happens is an outcome. What the receiver answers is cut to its first 2 kB."""
        began = self._clock.monotonic()
        watch = Watch(self._seconds)
        try:
            with watch:
                sent = self._post(url, body, head, watch)
        except InvalidIPAddress:
            sent = Sent("blocked", answer="private address")
        except requests.Timeout:
            sent = Sent("silent", answer="no answer in time")
        except (requests.RequestException, HTTPError, OSError, ValueError, BadAddress) as problem:
            # Only the class: the text of these errors quotes the address, which may be a key.
            kind = "blocked" if isinstance(problem, BadAddress) else "failed"
            late = Sent("silent", answer="no answer in time")
            sent = late if watch.expired else Sent(kind, answer=type(problem).__name__)
        took = round((self._clock.monotonic() - began) * 1000)
        return Sent(sent.outcome, sent.status, sent.answer, sent.wish, took)

    def _post(self, url: str, body: str, head: Mapping[str, str], watch: Watch) -> Sent:
        # What was allowed once may not be any more: the setting, or the networks of an installation of one's own.
        if self._private or not url.startswith("https://"):
            address.check(url, private=self._private)
        with (
            self._session(self._private, watch) as session,
            session.post(
                url,
                data=body.encode(),
                headers=dict(head),
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            ) as answer,
        ):
            if watch.expired:
                # An end in the middle of the head looks like the head's own end.
                raise requests.Timeout
            text = self._beginning(answer)
            wish = wish_of(answer.headers.get("retry-after"), self._clock.now())
            return Sent(outcome_of(answer.status_code), answer.status_code, text, wish)

    def _beginning(self, answer: requests.Response) -> str:
        """The first bytes of the body, as far as they come soon; a receiver that drips its answer is not waited for."""
        taken, until = b"", self._clock.monotonic() + READ_SECONDS
        try:
            while len(taken) < MOST_READ and self._clock.monotonic() < until:
                part = answer.raw.read1(MOST_READ - len(taken))
                if not part:
                    break
                taken += part
        except (HTTPError, OSError):
            log.debug("the answer of an endpoint broke off")
        return taken.decode("utf-8", "replace").replace("\0", "")


def outcome_of(status: int) -> str:
    """What an HTTP status means: only 2xx is success, a redirect is not followed and so a failure."""
    if 200 <= status < 300:
        return "ok"
    if 300 <= status < 400:
        return "redirected"
    if status == HTTPStatus.GONE:
        return "gone"
    return "throttled" if status in _THROTTLED else "refused"
