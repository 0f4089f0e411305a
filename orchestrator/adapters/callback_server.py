"""
`POST /callbacks/{account}`: take what a processor says, store it sealed, answer.

Nothing is verified or read here: that is the work of the account's owner.  So an
answer comes at once, and a stranger can do no more than fill his account's share of
the inbox, which is capped in size, in pace and in what may wait.  Neither a URL nor a
body is ever logged.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.core.words import AccountId
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import Clock, Inbox, Letter

log = structlog.get_logger()

MOST_BYTES = 256 * 1024  # of one body
MOST_HEADER_BYTES = 8 * 1024  # of the headers that are kept
MOST_WAITING = 64 * 1024 * 1024  # bytes of one account that nobody has read yet
PER_SECOND = 50.0  # letters of one account, after a burst
BURST = 500.0
BODY_SECONDS = 10.0
STOP_SECONDS = 5
CONNECTIONS = 128

ACCEPTED, TIMED_OUT, TOO_LARGE = 202, 408, 413
TOO_MANY, HEADERS_TOO_LARGE, AWAY = 429, 431, 503

# What a signature or an envelope may need.  Proxies' own headers name the sender's
# address, and cookies and credentials are nobody's business here.
_KEPT = ("content-type", "content-digest", "signature", "webhook-", "x-")
_LEFT_OUT = ("x-forwarded-", "x-real-ip", "x-client-ip", "x-amzn-", "x-envoy-")


class CallbackServer:
    """An HTTP server in a thread of its own, for the accounts that hear."""

    def __init__(
        self,
        bind: str,
        accounts: Collection[AccountId],
        inbox: Inbox,
        clock: Clock,
        on_letter: Callable[[], None],
    ) -> None:
        """Keep the parts; nothing is bound yet."""
        self._bind = bind
        self._desks = {id_: _Desk(id_, inbox, clock) for id_ in accounts}
        self._inbox = inbox
        self._clock = clock
        self._on_letter = on_letter
        # One at a time: SQLite has one writer, and a burst waits here, not in threads.
        self._storing = ThreadPoolExecutor(1, thread_name_prefix="callbacks-database")
        self._listener: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        if self._listener is None:
            raise RuntimeError("The callback server has not been started.")
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Listen; raises `SetUpError` where that cannot be."""
        self._listener = _listener(self._bind)
        receive = Route("/callbacks/{account}", self._receive, methods=["POST"])
        config = uvicorn.Config(
            Starlette(routes=[receive]),
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=2 * MOST_HEADER_BYTES,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = _Server(config)
        sockets = {"sockets": [self._listener]}
        self._thread = Thread(
            target=self._server.run, kwargs=sockets, name="callbacks", daemon=True
        )
        self._thread.start()
        self._server.listening.wait(STOP_SECONDS)
        log.info("callbacks_ready", count=len(self._desks))

    def stop(self) -> None:
        """Take nothing more; what is being stored is stored and answered."""
        if self._server is None or self._thread is None or self._listener is None:
            return
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS + 1)
        self._storing.shutdown(wait=True)
        self._listener.close()

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
        self._on_letter()
        return Response(status_code=ACCEPTED)


class _Desk:
    """One account's share: its pace, and how much may wait for its owner."""

    def __init__(self, account: AccountId, inbox: Inbox, clock: Clock) -> None:
        """Begin with a full burst."""
        self._account = account
        self._inbox = inbox
        self._clock = clock
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
            if self._waiting + len(body) > MOST_WAITING:
                return False
            self._inbox.put(
                Letter(
                    id=self._clock.new_id("b"),
                    account=self._account,
                    channel="callback",
                    received_at=self._clock.now(),
                    headers=headers,
                    body=body,
                )
            )
        except (Unavailable, Conflict, CannotStore) as error:
            log.warning("callback_not_stored", cause=type(error).__name__)
            return False
        self._waiting += len(body)
        return True


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


class _Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.listening.set()


def _listener(bind: str) -> socket.socket:
    """Bind `host:port`; raises `SetUpError`."""
    parts = urlsplit(f"//{bind}")
    host, port = parts.hostname or "", parts.port or 0
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise SetUpError(
            "Nobody can listen at ERASURE_CALLBACK_BIND; name an address of this"
            " machine and a port that is free."
        ) from error
    # asyncio does not set it on these sockets, and each answer would wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
