"""A file by its signed address: one GET, so many bytes at most, or one exception that says what it proves. Never retries, never follows a
redirect, never lets the address, which is a secret, into an exception.

Sources: files/how-to-update-files.md (`urlMachine`), settings/how-to-call-rest-api/general-principles.md (the headers of a browser).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from connector.bitrix.transport import USER_AGENT, Where, WireSettings, decode
from connector.clock import Clock
from connector.errors import AnswerLost, TransportError

GET_FILE = "crm.controller.item.getFile"
"""The method behind `urlMachine`; it may not be called in a batch."""
_CHUNK = 256 * 1024
_ENVELOPE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file: its name and bytes; `content` is None when it is larger than was allowed."""

    name: str
    content: bytes | None = field(repr=False)


class Downloads:
    """Gets files over a session that it shares with the transport."""

    def __init__(self, session: requests.Session, settings: WireSettings, clock: Clock) -> None:
        self._session, self._settings, self._clock = session, settings, clock

    def get(self, url: str, *, portal: str, secrets: tuple[str, ...], limit: int) -> Downloaded:
        """Up to `limit` bytes. Raises NotSent, AnswerLost, BadAnswer, or the exception of the policy table for a refusal."""
        where = Where(portal, GET_FILE, secrets)
        origin = urlsplit(url)
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Language": "en",
            "Referer": f"{origin.scheme}://{origin.netloc}/",
        }
        response = self._ask(url, headers, where)
        try:
            disposition = response.headers.get("Content-Disposition", "")
            if response.status_code == requests.codes.ok and disposition:
                return Downloaded(file_name(disposition), self._read(response, where, limit))
            # A refusal comes as an envelope; everything else is no file.
            text = (self._read(response, where, _ENVELOPE) or b"").decode("utf-8", "replace")
            decode(text, response.status_code, where)
            raise where.bad("an answer instead of a file", response.status_code)
        finally:
            response.close()

    def _ask(self, url: str, headers: Mapping[str, str], where: Where) -> requests.Response:
        failure: TransportError
        try:
            return self._session.get(
                url,
                headers=headers,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            failure = where.lost(error)
        raise failure

    def _read(self, response: requests.Response, where: Where, limit: int) -> bytes | None:
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > limit:
            return None
        started, size = self._clock.monotonic(), 0
        chunks: list[bytes] = []
        failure: TransportError | None = None
        try:
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > limit:
                    return None
                if self._clock.monotonic() - started > self._settings.total_timeout:
                    failure = where.error(AnswerLost, "the file did not end in time", response.status_code)
                    break
                chunks.append(chunk)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            kind = type(error).__name__
            failure = where.error(AnswerLost, f"the file broke off ({kind})", response.status_code)
        if failure is not None:
            raise failure
        return b"".join(chunks)


def file_name(disposition: str) -> str:
    """The name in a Content-Disposition header (RFC 6266), without any folder."""
    message = Message()
    message["Content-Disposition"] = disposition
    found = message.get_param("filename", "", "Content-Disposition")
    name = collapse_rfc2231_value(found) if found else ""
    return name.replace("\\", "/").rpartition("/")[2].strip()[:200] or "file"
