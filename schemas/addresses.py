"""
Which addresses requests may be sent to, and which of them are inside a network.

A URL is accepted in one spelling only, so that no two parsers can read two hosts in
it.  The tables below say more than `ipaddress.is_global`, which differs between
versions of Python and takes NAT64, 6to4, multicast and a cloud's metadata address for
public.  Nothing here asks a name server (connectors/transport/resolving.py does).

Sources: the IANA special-purpose address registries (IPv4, IPv6), RFC 6052 (NAT64),
RFC 3056 (6to4), RFC 4380 (Teredo), RFC 6598 (carriers' NAT); read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address

# Visible ASCII without what parsers disagree on: \ is a / to some, and controls or
# blanks are dropped by others.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)(?P<rest>[/?#].*)?"
)
_VISIBLE = re.compile(r"[!-\[\]-~]+")
_PLACE = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[1-9][0-9]{0,4}))?"
)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_NAME = 253
_MAX_PORT = 65_535
_INSIDE_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")


class Reach(Enum):
    """Who can be at an address."""

    PUBLIC = "public"  # anybody's host on the internet
    INSIDE = "inside"  # a host of one's own network, or this machine
    NOWHERE = "nowhere"  # no single host, or one that no account can mean


class NotPlainError(ValueError):
    """A URL is not spelled as scheme, host, port and path; the message is a code."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads: the scheme and host in lower case, the host unbracketed."""

    scheme: str
    host: str
    port: int | None


def place_of(url: str) -> Place:
    """
    Return where *url* leads; raises `NotPlainError`.

    Refused: user names, blanks, controls, backslashes, letters beyond ASCII (a name
    in another script is written in its punycode, `xn--…`), a final dot, port 0, an
    IPv6 zone, and numbers that only some programs take for an address (`127.1`,
    `0x7f.1`, `2130706433`, `0177.0.0.1`).
    """
    found = _URL.fullmatch(url) if is_visible(url) else None
    place = _PLACE.fullmatch(found["place"]) if found else None
    if found is None or place is None:
        raise NotPlainError("url_not_plain")
    port = int(place["port"]) if place["port"] else None
    if port is not None and port > _MAX_PORT:
        raise NotPlainError("url_not_plain")
    return Place(found["scheme"].lower(), host_of(place["host"]), port)


def is_visible(text: str) -> bool:
    """Tell whether *text* holds only what a URL may: no blank, no backslash."""
    return _VISIBLE.fullmatch(text) is not None


def host_of(text: str) -> str:
    """Return a host as it is compared, `[::1]` as `::1`; raises `NotPlainError`."""
    host = text.lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise NotPlainError("url_not_plain")
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        return _literal(host)
    labels = host.split(".")
    if len(host) > _MAX_NAME or not all(_LABEL.fullmatch(it) for it in labels):
        raise NotPlainError("url_not_plain")
    return host


def _literal(host: str) -> str:
    """Return an address in its one spelling; IPv4 has no other that is accepted."""
    if "%" not in host:
        try:
            return str(ip_address(host))
        except ValueError:
            pass
    raise NotPlainError("url_not_plain")


def address_in(host: str) -> Address | None:
    """Return the address that a host is, or None where it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_inside(host: str) -> bool:
    """Tell whether *host* cannot be public, without asking a name server."""
    address = address_in(host)
    if address is not None:
        return reach_of(address) is not Reach.PUBLIC
    return "." not in host or any(
        host == name or host.endswith(f".{name}") for name in _INSIDE_NAMES
    )


def may_connect(host: str, address: Address, allowed: Collection[str]) -> bool:
    """
    Tell whether a connection to *host* may go to *address*.

    A host among *allowed* may be inside a network; nowhere is nowhere for all.
    """
    match reach_of(address):
        case Reach.PUBLIC:
            return True
        case Reach.INSIDE:
            return host in allowed
        case Reach.NOWHERE:
            return False


def reach_of(address: Address) -> Reach:
    """Return who can be at *address*; what carries another address is never public."""
    if isinstance(address, IPv4Address):
        return _reach_of_4(address)
    carried = _carried(address)
    if carried is not None:
        inner = _reach_of_4(carried)
        return Reach.NOWHERE if inner is Reach.NOWHERE else Reach.INSIDE
    if any(address in one for one in _INSIDE_6) and address not in _METADATA:
        return Reach.INSIDE
    is_public = address in _PUBLIC_6 and not any(address in it for it in _NOT_PUBLIC_6)
    return Reach.PUBLIC if is_public and address.is_global else Reach.NOWHERE


def _reach_of_4(address: IPv4Address) -> Reach:
    if address in _METADATA or any(address in one for one in _NOWHERE_4):
        return Reach.NOWHERE
    if any(address in one for one in _INSIDE_4):
        return Reach.INSIDE
    return Reach.PUBLIC if address.is_global else Reach.NOWHERE


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address within: IPv4-mapped, NAT64 or 6to4."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour


_INSIDE_4 = tuple(
    IPv4Network(one)
    for one in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
)
_NOWHERE_4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # "this host": connecting to it reaches loopback
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_INSIDE_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # Teredo, ORCHID, benchmarking, anycast services
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# Where clouds tell a machine its credentials, outside the link-local ranges.
_METADATA = frozenset[Address](
    {
        IPv4Address("100.100.100.200"),  # Alibaba Cloud
        IPv4Address("168.63.129.16"),  # Azure
        IPv6Address("fd00:ec2::254"),  # AWS
        IPv6Address("fd20:ce::254"),  # Google Cloud
        IPv6Address("fd00:42::42"),  # Scaleway
    }
)
