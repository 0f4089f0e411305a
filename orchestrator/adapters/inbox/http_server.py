"""An HTTP server in a thread of its own: quiet, capped, and ended in time."""

from __future__ import annotations

import asyncio
import socket
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from orchestrator.errors import SetUpError

CONNECTIONS = 128
HEADER_BYTES = 16 * 1024
STOP_SECONDS = 5
IDLE_SECONDS = 10.0  # without a request being answered


class HttpServer:
    """Serves one ASGI application on one address; logs nothing of what comes."""

    def __init__(self, bind: str, app: Any) -> None:  # noqa: ANN401 (ASGI)
        """Keep *bind* (host:port) and the application; nothing is bound yet."""
        self._bind = bind
        self._listener: socket.socket | None = None
        self._thread: Thread | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=HEADER_BYTES,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        if self._listener is None:
            raise RuntimeError("The server has not been started.")
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Listen; raises `SetUpError` where that cannot be."""
        self._listener = _listener(self._bind)
        self._thread = Thread(
            target=self._server.run,
            kwargs={"sockets": [self._listener]},
            name="callbacks",
            daemon=True,
        )
        self._thread.start()
        self._server.listening.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Take nothing more, and let what is being answered be answered."""
        if self._thread is not None and self._listener is not None:
            self._server.should_exit = True
            self._thread.join(STOP_SECONDS + 1)
            self._listener.close()


class _Connection(H11Protocol):
    """
    A connection that costs a file only while a request is on its way.

    uvicorn 0.54 waits for a request's head for ever, and takes connections without end.
    """

    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep it, unless there are enough."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        else:
            self._set_alarm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._unset_alarm()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._set_alarm()
        super().on_response_complete()

    def _set_alarm(self) -> None:
        self._unset_alarm()
        if not self.transport.is_closing():
            self._alarm = self.loop.call_later(IDLE_SECONDS, self._let_go)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _let_go(self) -> None:
        """Close what is idle; a request being answered has a time of its own."""
        is_answering = bool(self.cycle) and not self.cycle.response_complete
        if not is_answering:
            self.transport.abort()


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
