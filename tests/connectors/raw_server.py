"""A server that answers with bytes a web framework would never send."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from threading import Thread

Speak = Callable[[socket.socket, bytes], None]


class Raw:
    """Keeps the head of each request and lets `speak` answer it."""

    def __init__(self, speak: Speak, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of loopback, encrypted if there is a *tls*."""
        self.heads: list[bytes] = []
        self._speak = speak
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Answer one connection after the other until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Wake the accepting thread and stop."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            if self._tls is not None:
                encrypted = self._tls.wrap_socket(connection, server_side=True)
                with encrypted:
                    self._converse(encrypted)
            else:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        """Take one request and answer it."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65_536)
            if not piece:
                return
            head += piece
        self.heads.append(head)
        self._speak(connection, head)


@contextlib.contextmanager
def speaking(speak: Speak, tls: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """Serve until the block ends; *speak* gets the connection and the request."""
    raw = Raw(speak, tls)
    thread = Thread(target=raw.accept, daemon=True)
    thread.start()
    try:
        yield raw
    finally:
        raw.close()
        thread.join(timeout=10)


def saying(answer: bytes) -> Speak:
    """Answer every request with the same bytes."""
    return lambda connection, _: connection.sendall(answer)


def for_ever(start: bytes, again: bytes) -> Speak:
    """Begin an answer that has no end; the other side has to go."""

    def speak(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(again)

    return speak


def tunnel(to: int) -> Speak:
    """Answer CONNECT as a proxy does, then carry bytes to a port of loopback."""

    def speak(connection: socket.socket, _: bytes) -> None:
        with socket.create_connection(("127.0.0.1", to), timeout=10) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = Thread(target=_carry, args=(onward, connection), daemon=True)
            back.start()
            _carry(connection, onward)
            back.join(timeout=10)

    return speak


def _carry(from_: socket.socket, to: socket.socket) -> None:
    """Pass on every byte until one side is over."""
    with contextlib.suppress(OSError):
        while piece := from_.recv(65_536):
            to.sendall(piece)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)
