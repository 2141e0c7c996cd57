"""Which addresses webhooks may go to, asked when an endpoint is registered. The connection itself is guarded once more in `sender`.

Public https on ports 443 and 8443, to hosts all of whose addresses are public. An installation of one's own may allow more
(`LEADSWITCH_WEBHOOK_PRIVATE_NETWORKS`), but never link-local addresses, where clouds keep their credentials.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from connector.errors import BadAddress
from connector.i18n import N_, _

PORTS = frozenset({443, 8443})
LONGEST = 2000
# `is_global` of Python 3.11 knows neither all tunnels nor IPv4-compatible addresses (technology.md 5).
_NEVER = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) → addresses as text; raises OSError when there are none."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the operating system finds them."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check(url: str, *, private: bool, resolve: Resolve = resolve) -> str:
    """The address as it is stored. Raises BadAddress with the reason in the reader's language."""
    text = url.strip()
    parts, port = _parts(text, private)
    host = parts.hostname or ""
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError):
        raise _bad(N_("its host is not known")) from None
    if not found:
        raise _bad(N_("its host is not known"))
    for address in found:
        if not allowed(address, private=private):
            raise _bad(N_("it leads into a private network"))
    return text


def _parts(text: str, private: bool) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _bad(N_("it is not an address")) from None
    if len(text) > LONGEST or not text.isascii() or any(ord(letter) <= 32 for letter in text) or "\\" in text:
        raise _bad(N_("it is not an address"))
    if parts.scheme not in (("http", "https") if private else ("https",)):
        raise _bad(N_("it must start with https"))
    if not parts.hostname:
        raise _bad(N_("it is not an address"))
    if parts.username is not None or parts.password is not None:
        raise _bad(N_("it carries a user name or password"))
    number = port or (443 if parts.scheme == "https" else 80)
    if not private and number not in PORTS:
        raise _bad(N_("only the ports 443 and 8443 are allowed"))
    return parts, number


def allowed(address: str, *, private: bool) -> bool:
    """Whether a connection to this IP address may be made."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    if private:
        return True
    return ip.is_global and not any(ip in net for net in _NEVER if net.version == ip.version)


def shown(url: str) -> str:
    """The address as people may see it: without path and query, which often are a key."""
    parts = urlsplit(url)
    return (
        f"{parts.scheme}://{parts.netloc}/…"
        if parts.path.strip("/") or parts.query
        else f"{parts.scheme}://{parts.netloc}"
    )


def _bad(reason: str) -> BadAddress:
    return BadAddress(reason=_(reason))
