"""The event logs that contract tests run on, each with fresh topics."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from orchestrator.adapters.embedded_log import EmbeddedLog, Sealing
from orchestrator.adapters.kafka import (
    KafkaConsumer,
    KafkaPublisher,
    KafkaSettings,
    KafkaTopics,
)
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.tables import log_records, metadata
from orchestrator.adapters.vault.cipher import KEY_BYTES, DataKey
from orchestrator.ports.event_log import (
    Consumer,
    Message,
    Publisher,
    Record,
    Stored,
    TopicPartition,
)
from tests.support.patience import PATIENCE


@dataclass
class Positions:
    """A database's knowledge of where to read on; counts how often it was asked."""

    next: dict[TopicPartition, int] = field(default_factory=dict)
    failure: Exception | None = None
    asked: list[frozenset[TopicPartition]] = field(default_factory=list)

    def __call__(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Answer as the store would."""
        self.asked.append(frozenset(partitions))
        if self.failure is not None:
            raise self.failure
        return {at: self.next[at] for at in partitions if at in self.next}

    def store(self, records: Sequence[Record]) -> None:
        """Move past *records*, as the transaction of their effect would."""
        self.next.update(record.position for record in records)


class LogUnderTest(Protocol):
    """One kind of log with the same ways to use it."""

    def topic(self) -> str:
        """Create a topic with a fresh name."""

    def publisher(self) -> Publisher:
        """Open a publisher, closed at the end of the test."""

    def consumer(self, *topics: str, stored: Stored) -> Consumer:
        """Open a consumer in a group of its own, closed at the end of the test."""


@dataclass(frozen=True, slots=True)
class PlainTopic:
    """A topic as the adapters need to know it."""

    name: str
    partitions: int = 3
    config: Mapping[str, str] = field(default_factory=dict)


class KafkaUnderTest:
    """A real Kafka."""

    def __init__(self, bootstrap: str, stack: ExitStack) -> None:
        self.settings = KafkaSettings(bootstrap)
        self._stack = stack

    def topic(self) -> str:
        """Create a topic of three partitions."""
        topic = PlainTopic(f"t-{uuid.uuid4().hex[:12]}")
        KafkaTopics(self.settings).create([topic])
        return topic.name

    def publisher(self) -> KafkaPublisher:
        """Open a publisher."""
        publisher = KafkaPublisher(self.settings)
        self._stack.callback(publisher.close)
        return publisher

    def consumer(
        self,
        *topics: str,
        stored: Stored,
        group: str | None = None,
        slot: str | None = None,
    ) -> KafkaConsumer:
        """Open a consumer, in a group of its own unless one is named."""
        group = group or f"g-{uuid.uuid4().hex[:12]}"
        consumer = KafkaConsumer(
            self.settings, topics, group=group, stored=stored, slot=slot
        )
        self._stack.callback(consumer.close)
        return consumer


class StoppedClock:
    """A clock at which nothing moves; the embedded log only stamps its rows."""

    def now(self) -> datetime:
        """Return always the same time."""
        return datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return always the same second."""
        return 0.0

    def new_id(self, prefix: str) -> str:
        """Return a new id."""
        return f"{prefix}-{uuid.uuid4().hex}"

    def jitter(self) -> float:
        """Return no jitter."""
        return 0.0


class EmbeddedUnderTest:
    """A table of a fresh SQLite file; topics named `sealed-…` hold personal data."""

    sealed = "sealed-requests"

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.database = Database(f"sqlite:///{folder / 'log.db'}")
        self._stack = stack
        self.log = self._opened(self.database)
        self._topics = 0

    def opened(self) -> EmbeddedLog:
        """Open the same file once more, as another process would."""
        return self._opened(Database(str(self.database.url)))

    def _opened(self, database: Database) -> EmbeddedLog:
        self._stack.callback(database.close)
        metadata.create_all(database.engine, tables=[log_records])
        key = DataKey(b"k" * KEY_BYTES, "log", "requests")
        sealing = Sealing(frozenset({self.sealed}), key)
        return EmbeddedLog(database, StoppedClock(), sealing)

    def topic(self) -> str:
        """Name a topic."""
        self._topics += 1
        return f"t-{self._topics}"

    def publisher(self) -> EmbeddedLog:
        """Use the one log there is."""
        return self.log

    def consumer(self, *topics: str, stored: Stored) -> Consumer:
        """Read the one log there is."""
        return self.log.consumer(topics, stored)


def a_message(topic: str, key: bytes = b"k", value: bytes | None = b"v") -> Message:
    """Build a message without headers."""
    return Message(topic, key, (), value)


def collect(
    consumer: Consumer, count: int, within: float = PATIENCE, at_a_time: float = 0.5
) -> list[Record]:
    """Poll until *count* records have come, or fail after *within* seconds."""
    records: list[Record] = []

    def poll() -> bool:
        records.extend(consumer.poll(at_a_time))
        return len(records) >= count

    eventually(poll, within, f"{count} records to come")
    return records


def eventually(is_so: Callable[[], bool], within: float, what: str) -> None:
    """Ask, which must itself take time, until it is so; fail after *within* seconds."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {within} s in vain for {what}.")
