"""
An encrypted door before a PostgreSQL whose programs were built without OpenSSL.

To a client it is a server with `ssl = on` that takes nobody in clear: it answers the
request for TLS, shows a certificate, and hands on what it hears.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

# https://www.postgresql.org/docs/18/protocol-message-formats.html, read 2026-11.
_WANTS_TLS = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")


class TlsFront:
    """Listens on a loopback port and speaks for the server at *port*."""

    def __init__(self, certificate: Path, port: int) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def accept(self) -> None:
        """Serve one client after the other until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Wake the accepting thread and stop."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        """Take one client, who must ask for TLS before anything else."""
        with client, contextlib.suppress(OSError):
            if client.recv(8) != _WANTS_TLS:
                return
            client.sendall(b"S")
            behind = socket.create_connection(("127.0.0.1", self._behind))
            with self._tls.wrap_socket(client, server_side=True) as heard, behind:
                _hand_on(heard, behind)


def _hand_on(heard: ssl.SSLSocket, behind: socket.socket) -> None:
    """Hand on what either says until one ends; one thread, as OpenSSL wants it."""
    while True:
        ready, _, _ = select.select([heard, behind], [], [])
        if behind in ready:
            piece = behind.recv(65_536)
            if not piece:
                return
            heard.sendall(piece)
        if heard in ready:
            piece = heard.recv(65_536)
            while heard.pending():
                piece += heard.recv(65_536)
            if not piece:
                return
            behind.sendall(piece)


@contextlib.contextmanager
def tls_before(port: int, certificate: Path) -> Iterator[int]:
    """Lend the port of an encrypted door before the server at *port*."""
    front = TlsFront(certificate, port)
    Thread(target=front.accept, daemon=True).start()
    try:
        yield front.port
    finally:
        front.close()
