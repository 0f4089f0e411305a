"""Serve a fake over real HTTP on loopback, in a thread of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Protocol

import uvicorn
from starlette.types import Receive, Scope, Send


class Servable(Protocol):
    """An ASGI application whose stalled requests can be let go."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

    def release(self) -> None:
        """Let every stalled request go on."""


class _Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def serve(app: Servable, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve *app* until the block ends and give its URL; port 0 takes a free one."""
    listener = socket.create_server((host, port))
    # asyncio does not set it on these sockets, and each answer would wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",  # a connection cut on purpose is no error here
        # A stalled request must not keep the fake alive.
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    server.listening.wait(timeout=10)
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        app.release()
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
