"""The connection of one POST: to exactly the address that was checked, for so many seconds altogether. Sends nothing itself.

`requests-hardened` resolves the host once, refuses private addresses and connects to what it has checked, so a name that resolves to
something else a moment later (rebinding) gains nothing; what it lets through (technology.md 5) is checked here again. Where private
networks are allowed, the same is done with our own check. Time-outs of sockets are for each read: a receiver that drips its answer would
never meet one, so the whole exchange has an end, too.
"""

import socket
import threading
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from webhooks.outbound import address

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0


class Watch:
    """Ends a connection after so many seconds, wherever it is: handshake, head or body. One for each POST; used as a context."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def over(self, connection: socket.socket) -> None:
        """Keep a second handle of the connection: the first one is taken over by TLS."""
        self._sockets.append(connection.dup())

    def _expire(self) -> None:
        self.expired = True
        for one in self._sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for one in self._sockets:
            one.close()


def guarded_session(private: bool, watch: Watch) -> requests.Session:
    """A session that connects to public addresses only, unless `private`; it takes no proxy or credential from the environment."""
    config = Config(
        ip_filter_enable=not private,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    session: requests.Session = HTTPSession(config)
    session.trust_env = False
    session.adapters.clear()
    if private:
        session.mount("http://", _Pinned(watch))
        session.mount("https://", _Pinned(watch))
    else:
        session.mount("https://", _PublicOnly(watch))
    return session


def _watched(pool: Any, watch: Watch) -> Any:
    """The same pool, whose connections are watched from their first moment on."""
    kind: Any = pool.ConnectionCls

    class Watched(kind):  # type: ignore[misc]  # a class of urllib3, for http or https
        def _new_conn(self) -> socket.socket:
            connection: socket.socket = super()._new_conn()
            watch.over(connection)
            return connection

    pool.ConnectionCls = Watched
    return pool


class _PublicOnly(IPFilterAdapter):  # type: ignore[misc]  # the library ships no types
    """After the library has chosen the one address to connect to, ours has to agree."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(is_https_proto=True)
        self._watch = watch

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        if not address.allowed(str(host["host"]).strip("[]"), private=False):
            raise InvalidIPAddress(host["host"])
        return host, pool

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        return _watched(super().get_connection_with_tls_context(*args, **kwargs), self._watch)


class _Pinned(HTTPAdapter):
    """For installations that may reach private networks: resolved once, checked, and connected to just that."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        name, secure = str(host["host"]), host["scheme"] == "https"
        port = host["port"] or (443 if secure else 80)
        found = address.resolve(name, port)
        if not found or not all(address.allowed(one, private=True) for one in found):
            raise InvalidIPAddress(name)
        shown = f"[{name}]" if ":" in name else name
        args[0].headers["Host"] = shown if host["port"] is None else f"{shown}:{host['port']}"
        if secure:
            return {**host, "host": found[0]}, {**pool, "assert_hostname": name, "server_hostname": name}
        return {**host, "host": found[0]}, pool

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        return _watched(super().get_connection_with_tls_context(*args, **kwargs), self._watch)
