"""
The event log without Kafka: a table of the SQLite database, for one process.

It keeps the promises of `orchestrator.ports.event_log` with one partition a topic.
Offsets are the table's own numbers, shared by all topics: they rise, with gaps,
and are never given twice, even after rows were deleted.  SQLite has one writer
at a time, so a lower offset is always visible before a higher one.

Not here: deleting what a forgotten case leaves, which is a statement of the
transaction that forgets (`ForgetRequestRecord`).
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, bindparam, func, insert, select

from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.tables import log_records
from orchestrator.errors import SetUpError, Unavailable
from orchestrator.ports import Clock
from orchestrator.ports.event_log import (
    Headers,
    LogUnavailable,
    Message,
    Record,
    Stored,
    Topic,
    TopicPartition,
    check_sizes,
)
from schemas.topics import CONFIRMATIONS, REQUESTS

# What others say may name anybody; what we say ourselves names nobody.
SEALED_TOPICS: Final = frozenset({REQUESTS, CONFIRMATIONS})
MAX_RECORDS: Final = 500
MAX_BYTES: Final = 8_000_000

# Built once: building a statement takes longer than running it.
_READ: Final = (
    select(
        log_records.c.offset,
        log_records.c.key,
        log_records.c.headers,
        log_records.c.value,
    )
    .where(
        log_records.c.topic == bindparam("topic"),
        log_records.c.offset >= bindparam("position"),
    )
    .order_by(log_records.c.offset)
    .limit(MAX_RECORDS)
)

# How soon we see what another process appended; our own rings the bell.
_LOOK_EVERY_SECONDS: Final = 0.1


class Sealer(Protocol):
    """Encrypts bytes for one place and opens them only there."""

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt *plaintext* for the place *context*."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for *context*."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """Which topics hold personal data, and what seals their headers and values."""

    topics: frozenset[str]
    sealer: Sealer


class EmbeddedLog:
    """
    Publisher, consumers and topics of the embedded log, which share a doorbell.

    Raises `SetUpError` on creation if the database is not SQLite.
    """

    def __init__(self, database: Database, clock: Clock, sealing: Sealing) -> None:
        if not database.is_sqlite:
            raise SetUpError(
                "Without Kafka the database must be SQLite: set the Kafka bootstrap "
                "servers, or write sqlite:///… as the database's address."
            )
        self._database = database
        self._clock = clock
        self._rows = _Rows(sealing)
        self._bell = Doorbell()

    def consumer(self, topics: Sequence[str], stored: Stored) -> EmbeddedConsumer:
        """Read *topics* from where *stored* says."""
        return EmbeddedConsumer(self._database, self._rows, self._bell, topics, stored)

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Append all *messages* in one durable transaction; raise if none could be."""
        check_sizes(messages)
        if not messages:
            return ()
        now = self._clock.now()
        rows = [{**self._rows.row(m), "appended_at": now} for m in messages]
        with _translated(), self._database.writing() as connection:
            connection.execute(insert(log_records), rows)
        self._bell.ring(message.topic for message in messages)
        return (True,) * len(messages)

    def tail(self, topic: str, most: int | None) -> list[Record]:
        """Return the last *most* records of *topic*, or all of them, in order."""
        at = log_records.c
        newest = select(at.offset, at.key, at.headers, at.value)
        newest = newest.where(at.topic == topic).order_by(at.offset.desc())
        with _translated(), self._database.reading() as connection:
            rows = connection.execute(newest.limit(most)).all()
        return [self._rows.record(topic, *row) for row in reversed(rows)]

    def missing(self, topics: Sequence[Topic]) -> list[str]:  # noqa: ARG002 - a port
        """Name nothing: here every topic exists."""
        return []

    def create(self, topics: Sequence[Topic]) -> list[str]:  # noqa: ARG002 - a port
        """Create nothing: here every topic exists."""
        return []

    def close(self) -> None:
        """Leave the database, which is somebody else's, as it is."""


class EmbeddedConsumer:
    """Reads topics of the embedded log; see `orchestrator.ports.event_log.Consumer`."""

    def __init__(
        self,
        database: Database,
        rows: _Rows,
        bell: Doorbell,
        topics: Sequence[str],
        stored: Stored,
    ) -> None:
        self._database = database
        self._rows = rows
        self._bell = bell
        self._topics = list(topics)
        self._stored = stored
        self._next: dict[str, int] | None = None
        self._woken = threading.Event()

    def poll(self, timeout: float) -> Sequence[Record]:
        """Wait up to *timeout* seconds for at most `MAX_RECORDS` records."""
        deadline = time.monotonic() + timeout
        while True:
            heard = self._bell.rings(self._topics)
            records = self._read()
            if records or self._take_wake():
                return records
            left = deadline - time.monotonic()
            if left <= 0:
                return ()
            self._bell.wait(self._topics, heard, min(left, _LOOK_EVERY_SECONDS))

    def rewind(self) -> None:
        """Go on from what the database says, as soon as it says so."""
        self._next = None
        partitions = [TopicPartition(topic) for topic in self._topics]
        positions = self._stored(partitions)
        self._next = {at.topic: positions.get(at, 0) for at in partitions}

    def committed(self, positions: object) -> None:
        """Show nothing: nobody but us sees this log."""

    def lag(self) -> int | None:
        """Count what is not delivered yet."""
        if self._next is None:
            return None
        with _translated(), self._database.reading() as connection:
            return sum(
                connection.execute(
                    select(func.count())
                    .select_from(log_records)
                    .where(log_records.c.topic == topic)
                    .where(log_records.c.offset >= position)
                ).scalar_one()
                for topic, position in self._next.items()
            )

    def wake(self) -> None:
        """Let this poll, or else the next one, return at once."""
        self._woken.set()
        self._bell.ring(self._topics)

    def close(self) -> None:
        """Leave the database, which is somebody else's, as it is."""

    def _take_wake(self) -> bool:
        if not self._woken.is_set():
            return False
        self._woken.clear()
        return True

    def _read(self) -> Sequence[Record]:
        """Read on in each topic, in turns, within the bounds."""
        if self._next is None:
            self.rewind()
        positions = dict(self._next or {})
        records: list[Record] = []
        size = 0
        with _translated(), self._database.reading() as connection:
            for record in self._ahead(connection, positions):
                records.append(record)
                positions[record.topic] = record.offset + 1
                size += len(record.value or b"")
                if len(records) >= MAX_RECORDS or size >= MAX_BYTES:
                    break
        # Only now: whatever failed above is read again.
        self._next = positions
        # What is full of one topic begins with the next: none starves another.
        self._topics.append(self._topics.pop(0))
        return records

    def _ahead(
        self, connection: Connection, positions: Mapping[str, int]
    ) -> Iterator[Record]:
        for topic in self._topics:
            yield from self._rows.read(connection, topic, positions[topic])


class Doorbell:
    """Wakes who waits for a topic, and is not missed by one who was about to wait."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._rings: Counter[str] = Counter()

    def rings(self, topics: Collection[str]) -> int:
        """How often it rang for *topics*: note it, look, and then wait for more."""
        return sum(self._rings[topic] for topic in topics)

    def ring(self, topics: Iterable[str]) -> None:
        """Wake everyone who waits for one of *topics*; from any thread."""
        with self._rung:
            self._rings.update(set(topics))
            self._rung.notify_all()

    def wait(self, topics: Collection[str], heard: int, timeout: float) -> None:
        """Return when it has rung more than *heard* times, or after *timeout*."""
        with self._rung:
            self._rung.wait_for(lambda: self.rings(topics) != heard, timeout)


class _Rows:
    """How a message is written into a row and read back."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def row(self, message: Message) -> dict[str, Any]:
        """Write *message*, sealed if its topic holds personal data."""
        headers, value = _headers_to_text(message.headers), message.value
        if message.topic in self._sealing.topics:
            seal = self._sealing.sealer.seal
            sealed = seal(
                headers.encode(), place(message.topic, message.key, "headers")
            )
            headers = base64.b64encode(sealed).decode()
            if value is not None:
                value = seal(value, place(message.topic, message.key, "value"))
        return {
            "topic": message.topic,
            "key": message.key,
            "headers": headers,
            "value": value,
        }

    def read(
        self, connection: Connection, topic: str, position: int
    ) -> Iterator[Record]:
        """Yield the records of *topic* from *position* on, at most `MAX_RECORDS`."""
        rows = connection.execute(_READ, {"topic": topic, "position": position})
        for offset, key, headers, value in rows:
            yield self.record(topic, offset, key, headers, value)

    def record(
        self, topic: str, offset: int, key: bytes, headers: str, value: bytes | None
    ) -> Record:
        """Return a row as a record, opened where its topic is sealed."""
        if topic in self._sealing.topics:
            unseal = self._sealing.sealer.open
            sealed = base64.b64decode(headers)
            headers = unseal(sealed, place(topic, key, "headers")).decode()
            if value is not None:
                value = unseal(value, place(topic, key, "value"))
        return Record(topic, 0, offset, key, _headers_from_text(headers), value)


def place(topic: str, key: bytes, part: str) -> str:
    """
    Name the place of a sealed part of a record.

    Never change: what is sealed for one place opens in no other.
    """
    return f"log/{topic}/{key.hex()}/{part}"


def _headers_to_text(headers: Headers) -> str:
    return json.dumps([[n, base64.b64encode(v).decode()] for n, v in headers])


def _headers_from_text(text: str) -> Headers:
    return tuple((name, base64.b64decode(value)) for name, value in json.loads(text))


@contextmanager
def _translated() -> Iterator[None]:
    """Say of an absent database that the log is away."""
    try:
        yield
    except LogUnavailable:
        raise
    except Unavailable as error:
        raise LogUnavailable(str(error)) from error
