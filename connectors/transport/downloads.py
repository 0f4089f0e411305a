"""
Files that an answer points to: at another host, and never with our credentials.

The only place where redirects are followed, because vendors' links lead to object
stores by way of one; each hop passes the same rules as the first address.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from urllib.parse import urljoin

from connectors.errors import (
    AddressRefused,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    Refused,
    TryLater,
)
from connectors.transport.egress import Egress, SendGate
from connectors.transport.wire import NoAnswer, Received, Sending, StreamBroken, Wire
from connectors.verdicts import Again, Unauthorised, as_error, judge
from schemas.addresses import is_visible
from schemas.connecting import Effect, Rate

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3


class Downloads:
    """Streams one account's files; what leaves was declared as a read."""

    def __init__(
        self, egress: Egress, wire: Wire, gate: SendGate, clock: Callable[[], float]
    ) -> None:
        self._egress = egress
        self._wire = wire
        self._gate = gate
        self._clock = clock

    async def pieces(
        self, operation: str, url: str, redirects: int
    ) -> AsyncIterator[bytes]:
        """Give the file in pieces, never more or longer than allowed."""
        declared = self._egress.operation(operation)
        if declared.effect is not Effect.READ:
            raise EgressRefused("download_is_not_a_read")
        left = self._egress.max_download_bytes
        ends_at = self._clock() + self._egress.max_download_time
        rates = self._egress.rates(declared)
        async with aclosing(self._file(url, rates, redirects)) as pieces:
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    raise ContractChanged("download_too_large")
                if self._clock() > ends_at:
                    raise TryLater("download_too_slow")
                yield piece

    async def _file(
        self, url: str, rates: Sequence[Rate], redirects: int
    ) -> AsyncGenerator[bytes]:
        """Follow a few redirects to the file itself."""
        for _ in range(redirects + 1):
            self._check(url)
            await self._gate.before_send(rates, Effect.READ)
            async with aclosing(self._parts(url)) as parts:
                head = await anext(parts)
                if not isinstance(head, Received):
                    raise ContractChanged("unexpected_answer")
                onward = _onward(url, head)
                if onward is None:
                    self._check_head(head)
                    async for piece in parts:
                        if isinstance(piece, bytes):
                            yield piece
                    return
                url = onward
        raise ContractChanged("redirected_too_often")

    async def _parts(self, url: str) -> AsyncGenerator[Received | bytes]:
        """Send once; a stream that breaks becomes one of our errors."""
        broken: NoAnswer | None = None
        try:
            async with aclosing(self._wire.stream(Sending("GET", url))) as parts:
                async for part in parts:
                    yield part
        except StreamBroken as error:
            broken = error.no_answer
        if broken is not None:
            raise _not_the_account(as_error(judge(Effect.READ, broken)))

    def _check(self, url: str) -> None:
        """Judge an address that the processor named, not the register."""
        refused = None
        try:
            self._egress.check(url)
        except AddressRefused as error:
            refused = error
        if refused is not None:
            raise _not_the_account(refused)

    def _check_head(self, head: Received) -> None:
        """Refuse an answer that is not the file; a signed URL has no credentials."""
        verdict = judge(Effect.READ, head)
        if isinstance(verdict, Again) and verdict.after is not None:
            self._gate.hold_until_after(verdict.after)
        if isinstance(verdict, Unauthorised | CredentialsRefused):
            raise Refused(head.status)
        if not isinstance(verdict, Received):
            raise as_error(verdict)


def _onward(url: str, head: Received) -> str | None:
    """Return where a redirect leads; None where the answer is none."""
    place = head.headers.get("location", "")
    if head.status not in _REDIRECTS or not place:
        return None
    if not is_visible(place):
        raise EgressRefused("url_not_plain")
    return urljoin(url, place)


def _not_the_account(error: Exception) -> Exception:
    """Tell a file's bad address from the account's own, which would pause it."""
    if isinstance(error, AddressRefused):
        return EgressRefused("download_address_not_public")
    return error
