"""One HTTP request to a portal and one answer, or one exception that says what it proves. Never retries, never waits,
never follows a redirect, never lets a secret into an exception.

Sources: doc pages settings/how-to-call-rest-api/general-principles.md (envelope, headers), change-domen.md (302),
settings/performance/limits.md (a request is cut after 60 s).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlencode, urljoin, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from connector.bitrix.limits import OperatingPolicy, Rate
from connector.bitrix.policy import Policy, policy_for
from connector.clock import Clock
from connector.errors import (
    AnswerLost,
    BadAnswer,
    BitrixError,
    CertificateInvalid,
    NotSent,
    PortalMoved,
    TransportError,
)
from connector.redact import redact_text


def _user_agent() -> str:
    try:
        return f"leadswitch/{version('leadswitch')}"
    except PackageNotFoundError:
        return "leadswitch/0"


# name/version, as the platform asks for; looked up once, reading package metadata takes milliseconds.
USER_AGENT = _user_agent()
_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class WireSettings:
    """Knobs of the wire, all in seconds, bytes or counts.

    `read_timeout` is above the 60 s after which Bitrix24 cuts a request, so that a slow answer is not mistaken for a
    lost one. `batch_seconds` is what one batch aims at.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 75.0
    total_timeout: float = 150.0
    max_body: int = 64 * 1024 * 1024
    max_command: int = 64 * 1024
    max_batch: int = 1024 * 1024
    batch_size: int = 50
    batch_seconds: float = 20.0
    attempts: int = 6
    connect_attempts: int = 3
    budget_seconds: float = 900.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    rate: Rate = field(default_factory=Rate)
    operating: OperatingPolicy = field(default_factory=OperatingPolicy)


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded JSON object that is a success envelope, with the seconds it took."""

    body: Mapping[str, object]
    seconds: float
    request_id: str = ""


def new_session(pool: int = 16) -> requests.Session:
    """A pooled session: no cookies, no .netrc, no urllib3 retries, no redirects by default."""
    session = requests.Session()
    # Proxies and CA bundles of the machine are honoured; a .netrc entry must not add a header of its own.
    session.auth = _no_auth
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=pool, pool_maxsize=pool, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Transport:
    """Posts JSON and reads one envelope."""

    def __init__(self, session: requests.Session, settings: WireSettings, clock: Clock) -> None:
        self._session = session
        self._settings = settings
        self._clock = clock
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}

    def post(
        self,
        url: str,
        body: Mapping[str, object],
        *,
        portal: str,
        method: str,
        secrets: tuple[str, ...],
        form: bool = False,
    ) -> Reply:
        """Send and read. `portal`, `method` and `secrets` are for the exceptions: names to show, values to hide.
        `form` posts a flat map as a form instead of JSON, which every PHP end understands.

        Raises NotSent, AnswerLost, BadAnswer, PortalMoved, or the exception of the policy table for an error envelope.
        """
        where = Where(portal, method, secrets)
        started = self._clock.monotonic()
        if form:
            data = urlencode({name: str(value) for name, value in body.items()}).encode()
        else:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        response = self._exchange(url, data, where, _FORM if form else _JSON)
        try:
            if response.status_code in _REDIRECTS:
                raise PortalMoved(
                    portal=portal,
                    method=method,
                    http_status=response.status_code,
                    location=_origin(url, response.headers.get("Location", "")),
                )
            text = self._read(response, where, started)
        finally:
            response.close()
        request_id = response.headers.get("X-Request-Id") or response.headers.get("X-Bitrix-Request-Id") or ""
        envelope = decode(text, response.status_code, where, request_id)
        return Reply(envelope, self._clock.monotonic() - started, request_id)

    def _exchange(self, url: str, data: bytes, where: Where, content_type: str) -> requests.Response:
        # The exception is built outside the except block: the original one names the address with the webhook key,
        # and would otherwise be printed as its context.
        failure: TransportError
        try:
            return self._session.post(
                url,
                data=data,
                headers={**self._headers, "Content-Type": content_type},
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            failure = where.lost(error)
        raise failure

    def _read(self, response: requests.Response, where: Where, started: float) -> str:
        limit = self._settings.max_body
        chunks: list[bytes] = []
        size = 0
        failure: TransportError | None = None
        try:
            for chunk in response.iter_content(64 * 1024):
                size += len(chunk)
                if size > limit:
                    failure = where.bad(f"the answer is larger than {limit} bytes", response.status_code)
                    break
                if self._clock.monotonic() - started > self._settings.total_timeout:
                    failure = where.error(AnswerLost, "the answer did not end in time", response.status_code)
                    break
                chunks.append(chunk)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            kind = type(error).__name__
            failure = where.error(AnswerLost, f"the answer broke off ({kind})", response.status_code)
        if failure is not None:
            raise failure
        try:
            return b"".join(chunks).decode("utf-8-sig")
        except UnicodeDecodeError:
            failure = where.bad("the answer is not UTF-8", response.status_code)
        raise failure


@dataclass(frozen=True, slots=True)
class Where:
    """What an exception may name (portal, method) and what it must hide (secrets)."""

    portal: str
    method: str
    secrets: tuple[str, ...] = field(repr=False)

    def error(self, kind: type[TransportError], message: str, status: int | None = None) -> TransportError:
        return kind(
            redact_text(message, self.secrets), portal=self.portal, method=self.method, http_status=status
        )

    def bad(self, message: str, status: int) -> TransportError:
        """A body that is no answer. Behind a 4xx or 5xx the status says more."""
        if status >= 400:
            row = policy_for("", http_status=status)
            if issubclass(row.error, TransportError):
                return self.error(row.error, message, status)
        return self.error(BadAnswer, message, status)

    def lost(self, error: requests.RequestException) -> TransportError:
        """Whether the request certainly never left, or may have arrived."""
        name = type(error).__name__
        if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
            return self.error(CertificateInvalid, "the certificate of the portal is not valid")
        if _never_left(error):
            return self.error(NotSent, f"no connection ({name})")
        if isinstance(error, requests.exceptions.Timeout):
            return self.error(AnswerLost, "no answer in time")
        return self.error(AnswerLost, f"the connection ended without an answer ({name})")


def _never_left(error: BaseException) -> bool:
    if isinstance(
        error,
        requests.exceptions.ConnectTimeout
        | requests.exceptions.InvalidURL
        | requests.exceptions.InvalidSchema
        | requests.exceptions.MissingSchema
        | requests.exceptions.ProxyError,
    ):
        return True
    cause = error.args[0] if error.args else None
    reason: object = getattr(cause, "reason", cause)
    return isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    ) and not isinstance(reason, urllib3.exceptions.ReadTimeoutError)


def decode(text: str, status: int, where: Where, request_id: str = "") -> Mapping[str, object]:
    """The success envelope in a body. Raises BadAnswer, or the policy table's exception for an error envelope.

    An `error` key makes it an error whatever the status and even when the code is an empty string.
    """
    failure: BitrixError
    try:
        body = json.loads(text)
    except ValueError:
        failure = where.bad(_what_is(text), status)
    else:
        if isinstance(body, dict) and "error" not in body and "result" in body and status < 400:
            return body
        if isinstance(body, dict) and "error" in body:
            code, description = error_fields(body)
            failure = error_of(
                code,
                description,
                portal=where.portal,
                method=where.method,
                http_status=status,
                request_id=request_id,
                secrets=where.secrets,
            )
        elif status >= 400:
            failure = error_of("", "", portal=where.portal, method=where.method, http_status=status)
        else:
            failure = where.bad("a JSON body without result and without error", status)
    raise failure


def error_fields(body: Mapping[str, object]) -> tuple[str, str]:
    """Code and description of an error envelope, of either REST generation (REST 3.0 nests them)."""
    nested = body["error"]
    if isinstance(nested, Mapping):
        return _text(nested.get("code")), _text(nested.get("message"))
    return _text(nested), _text(body.get("error_description"))


def error_of(
    code: str,
    description: str,
    *,
    portal: str,
    method: str,
    http_status: int | None = None,
    request_id: str = "",
    secrets: tuple[str, ...] = (),
) -> BitrixError:
    """The exception that the policy table names for an error answer; secrets hidden."""
    row: Policy = policy_for(code, http_status=http_status, description=description)
    return row.error(
        portal=portal,
        method=method,
        code=redact_text(code, secrets),
        http_status=http_status,
        request_id=request_id,
        description=redact_text(description, secrets),
        key=row.message_key,
        who=row.who,
        ran=row.ran,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _what_is(text: str) -> str:
    head = text.lstrip()[:200].lower()
    if not head:
        return "the body is empty"
    if head.startswith("<"):
        return "the body is a web page, not JSON"
    return "the JSON is cut off or broken" if head[0] in "{[" else "the body is not JSON"


def _origin(base: str, location: str) -> str:
    """scheme://host[:port] of a redirect target: enough to name it; the path may carry the webhook key."""
    parts = urlsplit(urljoin(base, location))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "(no address)"
