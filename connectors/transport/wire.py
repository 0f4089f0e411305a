"""
One physical request: sent once, answered whole, or not.

httpx over aiohttp's connections (0.31 ms of CPU a call against 1.54 ms for httpx's
own pool at 16 at once).  Nothing here retries, follows a redirect, keeps a cookie or
reads the environment (so a proxy is used only if the register names one), and whatever
goes wrong becomes a `NoAnswer` that says whether the request can have left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from base64 import b64encode
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from connectors.transport.resolving import (
    AddressNotAllowed,
    CheckingResolver,
    NameServer,
)

Query = Mapping[str, str] | Sequence[tuple[str, str]]

# Shorter than servers keep an idle connection (uvicorn: 5 s), because a request on a
# connection that the server just closed counts as a lost answer.
_KEEP_ALIVE = 4.0
_CONNECT = 10.0
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "erasure-orchestrator",
}
# One encoding at most: each further one multiplies what a small piece may grow to.
_ENCODINGS = ("", "identity", "gzip", "deflate")
# They print URLs, and a few processors want an identifier there.
_TALKATIVE = ("httpx", "httpcore", "aiohttp.client", "aiohttp.internal")


class Fate(Enum):
    """What may have become of a request that has no usable answer."""

    NOT_SENT = "not_sent"  # no connection was made
    FORBIDDEN = "forbidden"  # nor may one be made: the address is inside a network
    LOST = "lost"  # it may have been carried out
    UNUSABLE = "unusable"  # it was answered, in a way nobody can use


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why a request has no usable answer; `cause` is a code."""

    fate: Fate
    cause: str


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer; the header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """A request ready to leave; either `json` or `form` may be set."""

    method: str
    url: str = field(repr=False)
    query: Query | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """How hosts are reached: by addresses that were judged, or through a proxy."""

    allow_hosts: Collection[str] = ()
    # asked before each request, because it may hold a secret that was rotated
    proxy: Callable[[], str] | None = field(default=None, repr=False)
    names: NameServer | None = None


class Wire:
    """One account's connections; it belongs to the event loop that first used it."""

    def __init__(
        self, *, timeout: float, max_bytes: int, connections: int, route: Route
    ) -> None:
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._route = route
        # The transport without httpx's client around it: redirects, cookies and
        # authentication are what we do not want, and cost a third of a call.
        self._transport = AiohttpTransport(
            client=lambda: _session(connections, route), verify=_tls(), trust_env=False
        )
        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._extensions = {"timeout": limits.as_dict()}

    async def send(self, sending: Sending) -> Received | NoAnswer:
        """Send once and read the whole answer within the time and size allowed."""
        try:
            async with asyncio.timeout(self._timeout), self._open(sending) as response:
                return await self._read(response)
        except _ALL as error:
            return _no_answer(error)

    async def stream(self, sending: Sending) -> AsyncGenerator[Received | bytes]:
        """
        Give the answer's head, then its body in pieces.

        The time allowed is for the head and for each piece, not for all.  A `NoAnswer`
        met on the way ends the stream as a `StreamBroken`.
        """
        broken: NoAnswer | None = None
        try:
            async with contextlib.AsyncExitStack() as stack:
                async with asyncio.timeout(self._timeout):
                    response = await stack.enter_async_context(self._open(sending))
                yield Received(response.status_code, _lower(response.headers), b"")
                pieces = response.aiter_bytes()
                while (piece := await self._next(pieces)) is not None:
                    yield piece
        except _ALL as error:
            broken = _no_answer(error)
        if broken is not None:
            raise StreamBroken(broken)

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        """Wait for a piece no longer than allowed, however slowly bytes drip in."""
        async with asyncio.timeout(self._timeout):
            return await anext(pieces, None)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    @contextlib.asynccontextmanager
    async def _open(self, sending: Sending) -> AsyncIterator[httpx.Response]:
        request = httpx.Request(
            sending.method,
            sending.url,
            params=_pairs(sending.query),
            headers={**_HEADERS, **sending.headers},
            json=sending.json,
            data=sending.form,
            extensions=self._extensions,
        )
        if self._route.proxy is not None:
            self._transport.proxy = proxy = _proxy(self._route.proxy())
            if request.url.scheme == "http":  # without a tunnel, the proxy reads it
                request.headers.update(proxy.headers)
        response = await self._transport.handle_async_request(request)
        try:
            if response.headers.get("content-encoding", "").lower() not in _ENCODINGS:
                raise httpx.DecodingError("", request=request)
            yield response
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> Received | NoAnswer:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._max_bytes:
                return NoAnswer(Fate.UNUSABLE, "answer_too_large")
        return Received(response.status_code, _lower(response.headers), bytes(body))


class StreamBroken(Exception):  # noqa: N818 (a signal between two modules)
    """A stream ended before its end."""

    def __init__(self, no_answer: NoAnswer) -> None:
        super().__init__(no_answer.cause)
        self.no_answer = no_answer


_ALL = (
    httpx.HTTPError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    AddressNotAllowed,
    OSError,
    TimeoutError,
)


def _no_answer(error: BaseException) -> NoAnswer:
    """
    Say what became of the request.

    The transport calls a connection lost in mid-request `ConnectTimeout`
    (httpx-aiohttp 0.2.0 maps every `ClientConnectionError` to it), so only aiohttp's
    own error tells whether a connection was ever made.
    """
    if isinstance(error, AddressNotAllowed):
        return NoAnswer(Fate.FORBIDDEN, "address_not_public")
    # The cause of our own time limit is a cancellation, which says nothing.
    cause = error.__cause__
    origin = cause if isinstance(cause, aiohttp.ClientError) else error
    if isinstance(
        origin, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError
    ):
        return NoAnswer(Fate.NOT_SENT, "connect_failed")
    if isinstance(origin, aiohttp.ClientHttpProxyError):
        return NoAnswer(Fate.NOT_SENT, "proxy_refused")
    if isinstance(error, httpx.DecodingError):
        return NoAnswer(Fate.UNUSABLE, "undecodable")
    if isinstance(origin, TimeoutError):
        return NoAnswer(Fate.LOST, "timeout")
    return NoAnswer(Fate.LOST, "connection_lost")


def _session(connections: int, route: Route) -> aiohttp.ClientSession:
    # A proxy resolves the names of hosts itself, and only its own is resolved here.
    is_direct = route.proxy is None
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections,
            keepalive_timeout=_KEEP_ALIVE,
            ssl=_tls(),
            resolver=CheckingResolver(route.allow_hosts, route.names)
            if is_direct
            else None,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    # aiohttp 3.14 sends GET, PUT and DELETE again by itself when a kept connection
    # turns out dead: a second send that neither lease nor rate window has passed.
    session._retry_connection = False  # noqa: SLF001 (it offers no other way)
    return session


@cache
def _tls() -> ssl.SSLContext:
    """Load the trusted certificates once for all accounts."""
    return httpx.create_ssl_context(trust_env=False)


def _proxy(url: str) -> httpx.Proxy:
    """Hand the password over as a header: aiohttp's own way of it is deprecated."""
    proxy = httpx.Proxy(url)
    if proxy.auth is None:
        return proxy
    pair = b64encode(":".join(proxy.auth).encode()).decode()
    return httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {pair}"})


def _lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _pairs(
    query: Query | None,
) -> list[tuple[str, str | int | float | bool | None]] | None:
    if query is None:
        return None
    return list(query.items() if isinstance(query, Mapping) else query)


def _drop(_record: logging.LogRecord) -> bool:
    return False


for _name in _TALKATIVE:
    logging.getLogger(_name).addFilter(_drop)
