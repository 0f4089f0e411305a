"""
Connections to brokers: who we are is read afresh, and why one fails is kept.

kafka-python 3.0.12 tells only that no broker answered in time, whatever was said, and
has three more faults here (read in its source and seen, 2026-11).  It drops what a
broker said just before it hung up, a refused password above all.  It waits for ever
for a peer that accepts a connection and never speaks TLS.  It leaves the socket of a
handshake that failed to the collector.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kafka.errors import KafkaConnectionError, KafkaError
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from orchestrator.adapters.kafka.trouble import Trouble

Credentials = Callable[[], Mapping[str, object]]


class ConnectionManager(KafkaConnectionManager):  # type: ignore[misc] # has no types
    """Makes connections with the *credentials* of the moment, and notes *trouble*."""

    def __init__(
        self,
        net: Any,  # noqa: ANN401 - kafka-python has no types
        credentials: Credentials,
        trouble: Trouble,
        **given: object,
    ) -> None:
        super().__init__(net, **given)
        self._credentials = credentials
        self._trouble = trouble
        self._was_let_in = False

    def get_connection(self, node_id: Any, **options: object) -> Any:  # noqa: ANN401
        """Return the connection to a broker, perhaps a new one that begins now."""
        if node_id not in self._conns:
            self.config.update(self._credentials())
        connection = super().get_connection(node_id, **options)
        if not connection.init_future.is_done:
            node = self.cluster.broker_metadata(node_id)
            note = partial(self._note, f"{node.host}:{node.port}")
            connection.init_future.add_errback(note)
            connection.init_future.add_callback(lambda _: note(None))
        return connection

    def _note(self, address: str, failure: BaseException | None) -> None:
        """Note how a connection began, and end a start that cannot succeed."""
        self._trouble.note(address, failure)
        self._was_let_in |= failure is None
        every = len(self.config["bootstrap_servers"])
        if not self._was_let_in and self._trouble.is_hopeless(every):
            self.close()

    async def _build_transport(self, node: Any, timeout_at: Any = None) -> Any:  # noqa: ANN401
        """Connect and shake hands, both before *timeout_at*."""
        plain = await create_connection(
            self._net,
            node.host,
            node.port,
            self.config["socket_options"],
            proxy_url=self.config["proxy_url"],
            timeout_at=timeout_at,
        )
        transport = self._wrapped(plain, node.host)
        late = self._net.call_at(timeout_at, transport.hang_up) if timeout_at else None
        try:
            await transport.handshake()
        except Exception as error:
            transport.close()
            raise KafkaConnectionError("The handshake failed.") from error
        finally:
            if late is not None:
                self._net.cancel(late)
        return transport

    def _wrapped(self, plain: Any, host: str) -> Any:  # noqa: ANN401
        if not self.ssl_enabled:
            return _Plain(self._net, plain, host=host)
        return _Tls(self._net, plain, host=host, ssl_context=self.config["ssl_context"])


class _HeardToTheEnd(KafkaTCPTransport):  # type: ignore[misc] # has no types
    """Hands on what came before the end, and then the end."""

    def _sock_recv(self) -> tuple[bytes, KafkaError | None]:
        heard, error = super()._sock_recv()
        # An end stays an end: the next reading meets it again.
        return heard, None if heard else error

    def hang_up(self) -> None:
        """Wake whoever waits for this peer, with the end of the connection."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            return  # it has ended by itself


class _Plain(_HeardToTheEnd):
    """A connection in clear."""


class _Tls(_HeardToTheEnd, KafkaSSLTransport):  # type: ignore[misc] # has no types
    """An encrypted connection."""
