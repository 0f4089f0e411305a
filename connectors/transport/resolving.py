"""
Names become addresses here: once for each connection, and each one is judged.

The connection goes to just the address that was judged, so a name server that
changes its answer between the check and the connect (DNS rebinding) changes nothing.
One bad address among several spoils the whole answer.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from schemas.addresses import address_in, host_of, may_connect


class AddressNotAllowed(Exception):  # noqa: N818 (a signal between two modules)
    """A name leads inside a network that the register does not allow for it."""


class NameServer(Protocol):
    """Turns a name into addresses: aiohttp's own resolver, or a test's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> Sequence[ResolveResult]:
        """Return every address of *host*; raises `OSError` where it has none."""


class CheckingResolver(AbstractResolver):
    """Resolves for one account; belongs to the event loop that made it."""

    def __init__(
        self, allowed: Collection[str], names: NameServer | None = None
    ) -> None:
        """Let the *allowed* hosts be inside a network; ask *names* or the system."""
        self._allowed = frozenset(allowed)
        self._names: NameServer = names or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return all addresses of *host*; raises `AddressNotAllowed` for a bad one."""
        found = list(await self._names.resolve(host, port, family))
        if not all(self._may_connect(host, one["host"]) for one in found):
            raise AddressNotAllowed
        return found

    async def close(self) -> None:
        """Keep nothing open: the system's resolver has nothing to close."""

    def _may_connect(self, host: str, text: str) -> bool:
        address = address_in(text)
        return address is not None and may_connect(
            host_of(host), address, self._allowed
        )
