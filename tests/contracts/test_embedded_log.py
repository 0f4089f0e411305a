"""What is particular to the embedded log: sealing, other processes, its database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.adapters.embedded_log import EmbeddedLog, Sealing
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.cipher import KEY_BYTES, DataKey
from orchestrator.errors import OrchestratorError, SetUpError
from orchestrator.ports.event_log import Message, Record
from tests.support.logs import (
    EmbeddedUnderTest,
    PlainTopic,
    Positions,
    StoppedClock,
    a_message,
    collect,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedUnderTest]:
    """Lend an embedded log in a fresh file."""
    with ExitStack() as stack:
        yield EmbeddedUnderTest(tmp_path, stack)


def bytes_on_disk(log: EmbeddedUnderTest) -> bytes:
    """Read all that SQLite has written, its write-ahead log included."""
    folder = Path(log.database.url.database or "").parent
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_topic_with_personal_data_is_sealed_on_disk(log: EmbeddedUnderTest) -> None:
    """Neither value nor headers of a sealed topic stand in the file in clear."""
    message = Message(log.sealed, b"r-1", (("ce_subject", b"canary-1"),), b"canary-2")

    log.publisher().publish([message, a_message("open", b"k", b"in the clear")])
    (record,) = collect(log.consumer(log.sealed, stored=Positions()), 1)

    assert (record.headers, record.value) == (message.headers, message.value)
    assert b"canary" not in bytes_on_disk(log)
    assert b"in the clear" in bytes_on_disk(log)


def test_message_without_data_stays_so_when_sealed(log: EmbeddedUnderTest) -> None:
    """A null value is not turned into a sealed empty one."""
    log.publisher().publish([a_message(log.sealed, b"r-1", None)])

    (record,) = collect(log.consumer(log.sealed, stored=Positions()), 1)

    assert record.value is None


def test_sealed_value_opens_only_under_its_own_key(log: EmbeddedUnderTest) -> None:
    """A row moved to another request's key is refused, not delivered."""
    log.publisher().publish([a_message(log.sealed, b"r-1")])
    with log.database.writing() as connection:
        connection.execute(text("UPDATE log_records SET key = x'7222'"))

    with pytest.raises(OrchestratorError, match="does not open"):
        log.consumer(log.sealed, stored=Positions()).poll(0)


def test_what_another_process_appends_is_seen_soon(log: EmbeddedUnderTest) -> None:
    """A record of a second connection, which rings no bell of ours, comes in time."""
    topic = log.topic()
    consumer, other = log.consumer(topic, stored=Positions()), log.opened()
    consumer.poll(0)
    other.publish([a_message(topic)])

    before = time.monotonic()
    records = consumer.poll(60)

    assert len(records) == 1
    assert time.monotonic() - before < 30


def test_deleted_records_free_no_offset(log: EmbeddedUnderTest) -> None:
    """A number is never given twice, or a stored position would skip a new record."""
    topic = log.topic()
    positions = Positions()
    log.publisher().publish([a_message(topic)])
    positions.store(collect(log.consumer(topic, stored=positions), 1))
    with log.database.writing() as connection:
        connection.execute(text("DELETE FROM log_records"))

    log.publisher().publish([a_message(topic, b"k", b"new")])

    (record,) = collect(log.consumer(topic, stored=positions), 1)
    assert record.value == b"new"


def test_poll_is_bounded_in_bytes(log: EmbeddedUnderTest) -> None:
    """Many large records come in several polls, so that memory stays bounded."""
    topic = log.topic()
    large = a_message(topic, b"k", bytes(900_000))
    for _ in range(4):
        log.publisher().publish([large] * 5)
    consumer = log.consumer(topic, stored=Positions())

    first = consumer.poll(0)
    rest = collect(consumer, 20 - len(first))

    assert sum(len(record.value or b"") for record in first) < 9_000_000
    assert len(rest) == 20 - len(first)


def test_full_disk_appends_nothing_and_says_so(log: EmbeddedUnderTest) -> None:
    """A publish that does not fit is not there in part; the reason is a sentence."""
    with log.database.writing() as connection:
        connection.execute(text("PRAGMA max_page_count = 64"))
    messages = [a_message("t"), a_message("t", b"k", bytes(900_000))]

    with pytest.raises(OrchestratorError, match="disk is full"):
        log.publisher().publish(messages)

    assert list(log.consumer("t", stored=Positions()).poll(0)) == []


def test_failed_read_loses_no_record(log: EmbeddedUnderTest) -> None:
    """What was read before an error of the same poll comes again in the next."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"first")])
    log.publisher().publish([a_message(log.sealed, b"r-1")])
    change = "UPDATE log_records SET key = {} WHERE topic = 'sealed-requests'"
    consumer = log.consumer(topic, log.sealed, stored=Positions())

    with log.database.writing() as connection:
        connection.execute(text(change.format("x'7222'")))
    with pytest.raises(OrchestratorError, match="does not open"):
        consumer.poll(0)
    with log.database.writing() as connection:
        connection.execute(text(change.format("x'722d31'")))

    values: list[Record] = collect(consumer, 2)
    assert {record.value for record in values} == {b"first", b"v"}


def test_every_topic_exists(log: EmbeddedUnderTest) -> None:
    """There is nothing to create in an embedded log."""
    topics = [PlainTopic("privacy.requests")]

    assert log.log.missing(topics) == []
    assert log.log.create(topics) == []


def test_other_databases_are_refused() -> None:
    """On PostgreSQL a lower number may appear later: the log lives in SQLite only."""
    database = Database("postgresql+psycopg://nobody@127.0.0.1/none")
    sealing = Sealing(frozenset(), DataKey(b"k" * KEY_BYTES, "log", "requests"))

    with pytest.raises(SetUpError, match="must be SQLite"):
        EmbeddedLog(database, StoppedClock(), sealing)

    database.close()
