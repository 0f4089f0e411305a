"""
`POST /callbacks/{account}`: take what a processor says, store it sealed, answer.

Nothing is verified or read here: that is the work of the account's owner.  So an
answer comes at once, and a stranger can do no more than fill his account's share of
the inbox, which is capped in size, in pace and in what may wait.  Neither a URL nor a
body is ever logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.core.words import AccountId
from orchestrator.errors import CannotStore, Conflict, Unavailable
from orchestrator.ports import MOST_WAITING, Clock, Inbox, Letter

MOST_BYTES = 256 * 1024  # of one body
MOST_HEADER_BYTES = 8 * 1024  # of the headers that are kept
PER_SECOND = 50.0  # letters of one account, after a burst
BURST = 500.0
BODY_SECONDS = 10.0

ACCEPTED, TIMED_OUT, TOO_LARGE = 202, 408, 413
TOO_MANY, HEADERS_TOO_LARGE, AWAY = 429, 431, 503

# What a signature or an envelope may need.  Proxies' own headers name the sender's
# address, and cookies and credentials are nobody's business here.
_KEPT = ("content-type", "content-digest", "signature", "webhook-", "x-")
_LEFT_OUT = ("x-forwarded-", "x-real-ip", "x-client-ip", "x-amzn-", "x-envoy-")

Told = Callable[[Exception | None], None]


class Callbacks:
    """The application of the accounts that hear; `asgi` is served by a server."""

    def __init__(
        self, accounts: Collection[AccountId], inbox: Inbox, clock: Clock, told: Told
    ) -> None:
        """Keep the parts; *told* learns of each letter, or why one was not stored."""
        self._desks = {id_: _Desk(id_, inbox, clock, told) for id_ in accounts}
        # One at a time: SQLite has one writer, and a burst waits here, not in threads.
        self._storing = ThreadPoolExecutor(1, thread_name_prefix="callbacks-database")
        receive = Route("/callbacks/{account}", self._receive, methods=["POST"])
        self.asgi = Starlette(routes=[receive])

    def close(self) -> None:
        """Store what is being stored."""
        self._storing.shutdown(wait=True)

    async def _receive(self, request: Request) -> Response:
        """Answer once the letter is durable, and otherwise so that it is sent again."""
        desk = self._desks.get(AccountId(request.path_params["account"]))
        if desk is None:
            return Response(status_code=404)
        if not desk.admits():
            return Response(status_code=TOO_MANY, headers={"Retry-After": "10"})
        headers = kept_headers(request.headers)
        if headers is None:
            return Response(status_code=HEADERS_TOO_LARGE)
        body = await _body(request)
        if isinstance(body, int):
            return Response(status_code=body)
        loop = asyncio.get_running_loop()
        is_stored = await loop.run_in_executor(
            self._storing, desk.stored, headers, body
        )
        if not is_stored:
            return Response(status_code=AWAY, headers={"Retry-After": "30"})
        return Response(status_code=ACCEPTED)


class _Desk:
    """One account's share: its pace, and how much may wait for its owner."""

    def __init__(
        self, account: AccountId, inbox: Inbox, clock: Clock, told: Told
    ) -> None:
        """Begin with a full burst."""
        self._account = account
        self._inbox = inbox
        self._clock = clock
        self._told = told
        self._left = BURST
        self._left_at = clock.monotonic()
        self._counted_at: float | None = None
        self._waiting = 0

    def admits(self) -> bool:
        """Take one letter's place in the pace; false if there is none."""
        now = self._clock.monotonic()
        gained = (now - self._left_at) * PER_SECOND
        self._left, self._left_at = min(BURST, self._left + gained), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def stored(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Store one letter; false if it has to come again."""
        now = self._clock.monotonic()
        try:
            if self._counted_at is None or now - self._counted_at >= 1:
                self._waiting = self._inbox.bytes_waiting(self._account)
                self._counted_at = now
            letter = self._letter(headers, body)
            if self._waiting + letter.size > MOST_WAITING:
                return False
            self._inbox.put(letter)
        except (Unavailable, Conflict, CannotStore) as error:
            self._told(error)
            return False
        self._waiting += letter.size
        self._told(None)
        return True

    def _letter(self, headers: Mapping[str, str], body: bytes) -> Letter:
        """Name what came."""
        return Letter(
            id=self._clock.new_id("b"),
            account=self._account,
            channel="callback",
            received_at=self._clock.now(),
            headers=headers,
            body=body,
        )


def kept_headers(headers: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the headers that a connector may need, or `None` if they are too many."""
    kept = {
        name.lower(): value
        for name, value in headers.items()
        if name.lower().startswith(_KEPT) and not name.lower().startswith(_LEFT_OUT)
    }
    size = sum(len(name) + len(value) for name, value in kept.items())
    return kept if size <= MOST_HEADER_BYTES else None


async def _body(request: Request) -> bytes | int:
    """Read a body up to its cap and in time, or return the status that says why not."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MOST_BYTES:
        return TOO_LARGE
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    return TOO_LARGE
    except (TimeoutError, ClientDisconnect):
        return TIMED_OUT
    return bytes(body)
