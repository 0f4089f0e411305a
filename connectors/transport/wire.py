"""
One physical request: sent once, answered whole, or not.

aiohttp's connections, since httpx's own cost four times the CPU; httpx spells what has
to be escaped and unpacks what is packed.  Nothing here retries, follows a redirect,
keeps a cookie or reads the environment (so a proxy is used only if the register names
one), and whatever goes wrong becomes a `NoAnswer` that says whether the request can
have left.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from base64 import b64encode
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from urllib.parse import urlencode

import aiohttp
import httpx
from httpx_aiohttp.transport import AiohttpResponseStream

from connectors.transport.resolving import (
    AddressNotAllowed,
    CheckingResolver,
    NameServer,
)

Query = Mapping[str, str] | Sequence[tuple[str, str]]
_Response = aiohttp.ClientResponse

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
_PLAIN, _PACKED = ("", "identity"), ("gzip", "deflate")
_PIECE = 16 * 1024
# A URL in which nothing is to be escaped, however it is read.
_NOTHING_TO_ESCAPE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_-]+)*")
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
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        # All other waits end by the time that is allowed for the whole.
        self._limits = aiohttp.ClientTimeout(
            total=None, sock_connect=min(timeout, _CONNECT)
        )

    async def send(self, sending: Sending) -> Received | NoAnswer:
        """Send once and read the whole answer within the time and size allowed."""
        try:
            async with asyncio.timeout(self._timeout):
                async with self._request(sending) as response:
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
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._timeout):
                    response = await stack.enter_async_context(self._request(sending))
                headers = _lower(response.raw_headers)
                pieces = _pieces(response, headers)
                yield Received(response.status, headers, b"")
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
        if self._session is not None:
            await self._session.close()

    def _request(self, sending: Sending) -> AbstractAsyncContextManager[_Response]:
        """Return the request, which leaves when it is entered."""
        if self._session is None:  # made here, because it belongs to the event loop
            self._session = _session(self._connections, self._route)
        url, headers = _url(sending), {**_HEADERS, **sending.headers}
        body = _body(sending, headers)
        through = None if self._route.proxy is None else _proxy(self._route.proxy())
        if through is not None and url.startswith("http:"):
            headers.update(through.headers)  # without a tunnel, the proxy reads it
        return self._session.request(
            sending.method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            auto_decompress=False,
            timeout=self._limits,
            proxy=None if through is None else str(through.url),
            proxy_headers=None if through is None else through.headers,
        )

    async def _read(self, response: _Response) -> Received | NoAnswer:
        headers, body = _lower(response.raw_headers), bytearray()
        async for piece in _pieces(response, headers):
            body += piece
            if len(body) > self._max_bytes:
                return NoAnswer(Fate.UNUSABLE, "answer_too_large")
        return Received(response.status, headers, bytes(body))


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


def _url(sending: Sending) -> str:
    """Return the URL as it is sent, with every character escaped that has to be."""
    if sending.query is None:
        if _NOTHING_TO_ESCAPE.fullmatch(sending.url):
            return sending.url
        return str(httpx.URL(sending.url))
    return str(httpx.URL(sending.url, params=_pairs(sending.query)))


def _body(sending: Sending, headers: dict[str, str]) -> bytes | None:
    """Return the body, and say in *headers* what it is unless they say it."""
    if sending.json is not None:
        kind = "application/json"
        said = json.dumps(
            sending.json, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
    elif sending.form:
        kind, said = "application/x-www-form-urlencoded", urlencode(sending.form)
    else:
        return None
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = kind
    return said.encode()


def _pieces(response: _Response, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """Return the body as it comes, unpacked; raises `DecodingError` at an odd one."""
    encoding = headers.get("content-encoding", "").lower()
    if encoding in _PLAIN:
        return response.content.iter_chunked(_PIECE)
    if encoding not in _PACKED:
        raise httpx.DecodingError("")
    packed = AiohttpResponseStream(response)
    coded = [("Content-Encoding", encoding)]
    return httpx.Response(response.status, headers=coded, stream=packed).aiter_bytes()


def _no_answer(error: BaseException) -> NoAnswer:
    """
    Say what became of the request.

    What httpx unpacks has its errors around aiohttp's own, and only these tell whether
    a connection was ever made.
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


def _lower(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Return the headers by their names in lower case, equal ones joined."""
    joined: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1").lower(), _text(value)
        joined[name] = f"{joined[name]}, {text}" if name in joined else text
    return joined


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


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
