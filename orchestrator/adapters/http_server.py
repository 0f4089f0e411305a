"""An HTTP server in a thread of its own: quiet, capped, and ended in time."""

from __future__ import annotations

import socket
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from orchestrator.errors import SetUpError

CONNECTIONS = 128
HEADER_BYTES = 16 * 1024
STOP_SECONDS = 5


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
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
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
