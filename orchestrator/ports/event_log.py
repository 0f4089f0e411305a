"""
The event log as the stages see it: records come in, messages go out.

Two adapters keep these promises, Kafka and the embedded log, and one suite of
contract tests holds both to them.  Delivery is at least once: a record may come
again, and after `Consumer.rewind` or an assignment older records come again.
The order of records of one partition is kept; messages of one key share one.

Where to read on from is never the log's own knowledge: it is asked of the
database (`Stored`), which keeps it in the transaction of the records' effect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from orchestrator.errors import NotPossible, Unavailable

Headers = tuple[tuple[str, bytes], ...]
"""Names may repeat; values are bytes as they came."""

MAX_MESSAGE_BYTES: Final = 1_000_000
"""What `Publisher.publish` takes, all parts together; brokers take 1,048,588."""


class LogUnavailable(Unavailable):
    """The log is away for longer than it heals itself; nothing was acknowledged."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One ordered part of a topic; the embedded log has only partition 0."""

    topic: str
    partition: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """
    What the log delivered, byte for byte; it may hold a person's data.

    `value` is None for a message without data, `key` is None if the producer
    gave none.  Offsets of one partition rise, with gaps.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)
    value: bytes | None = field(repr=False)

    @property
    def position(self) -> tuple[TopicPartition, int]:
        """Where to read on from once this record's effect is stored."""
        return TopicPartition(self.topic, self.partition), self.offset + 1


def pack(record: Record) -> bytes:
    """
    Spell a record's key, headers and value as bytes, to be sealed.

    Never change: quarantined records lie stored like this.
    """
    parts = [
        record.key or b"",
        *(p for n, v in record.headers for p in (n.encode(), v)),
    ]
    value = record.value if record.value is not None else b""
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in [*parts, value])
    flags = bytes([record.key is not None, record.value is not None])
    return flags + framed


def unpack(content: bytes, topic: str, partition: int, offset: int) -> Record:
    """Read what `pack` wrote of the record at this place."""
    has_key, has_value = bool(content[0]), bool(content[1])
    parts, at = [], 2
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        parts.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    names, values = parts[1:-1:2], parts[2:-1:2]
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        key=parts[0] if has_key else None,
        headers=tuple((n.decode(), v) for n, v in zip(names, values, strict=True)),
        value=parts[-1] if has_value else None,
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be appended; `value` is None for a message without data."""

    topic: str
    key: bytes = field(repr=False)
    headers: Headers = field(repr=False)
    value: bytes | None = field(repr=False)

    @property
    def size(self) -> int:
        """Count the bytes of key, headers and value."""
        names = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key) + len(self.value or b"") + names


def check_sizes(messages: Sequence[Message]) -> None:
    """Raise `NotPossible` if one of *messages* is over `MAX_MESSAGE_BYTES`."""
    if any(message.size > MAX_MESSAGE_BYTES for message in messages):
        raise NotPossible(
            f"A message is over {MAX_MESSAGE_BYTES:,} bytes, which the event log does "
            "not take: nothing was sent; make it smaller."
        )


Stored = Callable[[Collection[TopicPartition]], Mapping[TopicPartition, int]]
"""Read the next offset of each partition from the database; absent is the beginning."""


class Consumer(Protocol):
    """
    Reads some topics, together with the other consumers of its group.

    One thread calls it; only `wake` may come from another.  Whatever it was
    given before, on every assignment it starts from what `Stored` says.
    """

    def poll(self, timeout: float) -> Sequence[Record]:
        """
        Wait up to *timeout* seconds for records; return a bounded number or none.

        An outage that heals by itself looks like no records.  Raises
        `LogUnavailable` when it lasts too long or the client does not come back,
        and `SetUpError` when only a person can help; polling again is always
        allowed.  What `Stored` raises passes through,
        and the partitions concerned deliver nothing until it has answered.
        """

    def rewind(self) -> None:
        """Read `Stored` again and go on from there, after a transaction that failed."""

    def committed(self, positions: Mapping[TopicPartition, int]) -> None:
        """Show others how far we are; nothing relies on it and failures are ignored."""

    def lag(self) -> int | None:
        """Count the records not yet delivered; None if that is unknown now."""

    def wake(self) -> None:
        """Let this poll, or else the next one, return at once; from any thread."""

    def close(self) -> None:
        """Leave the group and let go of connections; an absent log is no error."""


class Publisher(Protocol):
    """Appends messages; safe to use from several threads."""

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """
        Append *messages* in order and wait, within bounds, for what became of them.

        True means durably acknowledged; False means not known: send it again.
        Raises `LogUnavailable` if not one could even be tried, `SetUpError` when
        only a person can help, and `NotPossible`, before anything is sent, if one
        is over `MAX_MESSAGE_BYTES`.
        """

    def close(self) -> None:
        """Wait briefly for what is under way and let go of connections."""


class Topic(Protocol):
    """What is to be known of a topic to create it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def partitions(self) -> int:
        """How many parts it has."""

    @property
    def config(self) -> Mapping[str, str]:
        """The broker's settings for it, such as `retention.ms`."""


class TopicAdmin(Protocol):
    """Looks after topics, which are never created by accident."""

    def missing(self, topics: Sequence[Topic]) -> list[str]:
        """Name those of *topics* that do not exist; raises `LogUnavailable`."""

    def create(self, topics: Sequence[Topic]) -> list[str]:
        """Create those of *topics* that do not exist and return their names."""
