"""What every event log promises, on Kafka and on the embedded one alike."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.errors import NotPossible, Unavailable
from orchestrator.ports.event_log import MAX_MESSAGE_BYTES, Message, TopicPartition
from tests.support.logs import (
    EmbeddedUnderTest,
    KafkaUnderTest,
    LogUnderTest,
    Positions,
    a_message,
    collect,
    eventually,
)
from tests.support.noisy_log import NoisyConsumer, NoisyPublisher
from tests.support.patience import PATIENCE

# Of a poll that would last for a minute: far less, even where all else is slow.
AT_ONCE = 30


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogUnderTest]:
    """Lend each kind of log in turn."""
    with ExitStack() as stack:
        if request.param == "embedded":
            yield EmbeddedUnderTest(tmp_path, stack)
        else:
            yield KafkaUnderTest(request.getfixturevalue("kafka"), stack)


def test_records_of_one_key_keep_their_order(log: LogUnderTest) -> None:
    """What was published under one key is read in that order, from one partition."""
    topic = log.topic()
    messages = [a_message(topic, b"k%d" % (n % 7), b"%d" % n) for n in range(700)]
    log.publisher().publish(messages)

    records = collect(log.consumer(topic, stored=Positions()), 700)

    by_key = defaultdict(list)
    for record in records:
        by_key[record.key].append((record.partition, record.offset, record.value))
    assert len(by_key) == 7
    for key, seen in by_key.items():
        sent = [m.value for m in messages if m.key == key]
        assert [value for _, _, value in seen] == sent
        assert len({partition for partition, _, _ in seen}) == 1
        assert [offset for _, offset, _ in seen] == sorted(o for _, o, _ in seen)


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        pytest.param((), b"", id="empty value"),
        pytest.param((), None, id="null value"),
        pytest.param((("ce_id", b"1"), ("ce_id", b"2")), b"{}", id="repeated header"),
        pytest.param((("b", bytes(range(256))),), bytes(range(256)), id="binary"),
        pytest.param((("größe", b""), ("", b"x")), b"\xff\x00", id="odd names"),
    ],
)
def test_headers_and_values_come_back_byte_for_byte(
    log: LogUnderTest, headers: tuple[tuple[str, bytes], ...], value: bytes | None
) -> None:
    """Nothing is decoded, merged, reordered or filled in on the way."""
    topic = log.topic()
    log.publisher().publish([Message(topic, b"\x00key\xff", headers, value)])

    (record,) = collect(log.consumer(topic, stored=Positions()), 1)

    assert (record.topic, record.key) == (topic, b"\x00key\xff")
    assert (record.headers, record.value) == (headers, value)


@pytest.mark.parametrize("size", [300 * 1024, MAX_MESSAGE_BYTES - 1])
def test_large_record_is_delivered(log: LogUnderTest, size: int) -> None:
    """A record over what intake accepts arrives, so that it can be quarantined."""
    topic = log.topic()
    value = bytes(size)
    small = a_message(topic)

    published = log.publisher().publish([small, a_message(topic, b"k", value), small])
    records = collect(log.consumer(topic, stored=Positions()), 3)

    assert list(published) == [True] * 3
    assert [len(record.value or b"") for record in records] == [1, size, 1]


def test_oversized_message_is_refused_before_anything_is_sent(
    log: LogUnderTest,
) -> None:
    """A message that no broker would take stops the whole publish with a sentence."""
    topic = log.topic()
    publisher = log.publisher()
    huge = a_message(topic, b"k", bytes(MAX_MESSAGE_BYTES))

    with pytest.raises(NotPossible, match="smaller"):
        publisher.publish([a_message(topic, b"k", b"before"), huge])

    publisher.publish([a_message(topic, b"k", b"after")])
    (record,) = collect(log.consumer(topic, stored=Positions()), 1)
    assert record.value == b"after"


def test_publishing_nothing_answers_nothing(log: LogUnderTest) -> None:
    """An empty list is no reason to ask a broker."""
    assert list(log.publisher().publish([])) == []


def test_reading_starts_where_the_database_says(log: LogUnderTest) -> None:
    """A new consumer goes on from the stored position, not from the beginning."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(6)])
    positions = Positions()
    first = collect(log.consumer(topic, stored=positions), 6)

    positions.store(first[:4])
    rest = collect(log.consumer(topic, stored=positions), 2)

    assert [record.value for record in rest] == [b"4", b"5"]


def test_offset_committed_to_the_log_is_not_relied_on(log: LogUnderTest) -> None:
    """What was shown to others moves nobody: only the database does."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(3)])
    consumer = log.consumer(topic, stored=Positions())
    records = collect(consumer, 3)

    consumer.committed(dict(record.position for record in records))
    consumer.rewind()

    assert collect(consumer, 3) == records


def test_rewind_goes_back_to_what_is_stored(log: LogUnderTest) -> None:
    """After a failed transaction everything since the stored position comes again."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(5)])
    positions = Positions()
    consumer = log.consumer(topic, stored=positions)
    first = collect(consumer, 5)

    positions.store(first[:2])
    consumer.rewind()
    again = collect(consumer, 3)

    assert again == first[2:]


def test_rewind_that_fails_is_made_up_for(log: LogUnderTest) -> None:
    """If the database is away at the rewind, the next poll rewinds: nothing is lost."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(5)])
    positions = Positions()
    consumer = log.consumer(topic, stored=positions)
    first = collect(consumer, 5)

    positions.failure = Unavailable("The database is away.")
    with pytest.raises(Unavailable, match="database is away"):
        consumer.rewind()
    with pytest.raises(Unavailable, match="database is away"):
        consumer.poll(0.1)
    positions.failure = None

    assert collect(consumer, 5) == first


def test_nothing_is_delivered_while_the_database_cannot_say_where(
    log: LogUnderTest,
) -> None:
    """Without its position no partition is read; the database's error is passed on."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(4)])
    positions = Positions()
    known = collect(log.consumer(topic, stored=positions), 4)
    positions.store(known[:3])
    positions.failure = Unavailable("The database is away.")
    consumer = log.consumer(topic, stored=positions)

    for _ in range(2):
        with pytest.raises(Unavailable, match="database is away"):
            collect(consumer, 1)
    positions.failure = None

    assert collect(consumer, 1) == known[3:]


def test_lag_counts_what_is_not_delivered(log: LogUnderTest) -> None:
    """Lag is unknown at first, then falls to nothing as records are delivered."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(600)])
    consumer = log.consumer(topic, stored=Positions())

    unknown = consumer.lag()
    collect(consumer, 600)
    consumer.poll(0.3)

    assert unknown is None
    assert consumer.lag() == 0


def test_one_poll_returns_a_bounded_number(log: LogUnderTest) -> None:
    """However much waits, one poll returns at most 500 records."""
    topic = log.topic()
    log.publisher().publish([a_message(topic, b"k", b"%d" % n) for n in range(900)])
    consumer = log.consumer(topic, stored=Positions())

    sizes: list[int] = []

    def poll() -> bool:
        sizes.append(len(consumer.poll(0.5)))
        return sum(sizes) >= 900

    eventually(poll, PATIENCE, "900 records")
    assert max(sizes) <= 500


def test_several_topics_flow_through_one_consumer(log: LogUnderTest) -> None:
    """A full topic does not keep another one's records back."""
    busy, quiet = log.topic(), log.topic()
    publisher = log.publisher()
    publisher.publish([a_message(busy, b"k", b"%d" % n) for n in range(990)])
    publisher.publish([a_message(quiet, b"k", b"quiet")])

    records = collect(log.consumer(busy, quiet, stored=Positions()), 991)

    assert Counter(record.topic for record in records) == {busy: 990, quiet: 1}


def test_wake_ends_a_waiting_poll(log: LogUnderTest) -> None:
    """A poll that waits for a minute returns at once when another thread wakes it."""
    consumer = log.consumer(log.topic(), stored=Positions())
    consumer.poll(0.1)
    timer = threading.Timer(0.2, consumer.wake)

    timer.start()
    before = time.monotonic()
    records = consumer.poll(60)
    took = time.monotonic() - before
    timer.join()

    assert list(records) == []
    assert took < AT_ONCE


def test_wake_before_a_poll_is_not_lost(log: LogUnderTest) -> None:
    """Whoever is woken between two polls does not wait in the next one."""
    topic = log.topic()
    consumer = log.consumer(topic, stored=Positions())
    consumer.poll(0.1)
    consumer.wake()

    before = time.monotonic()
    consumer.poll(60)
    woken_after = time.monotonic() - before
    log.publisher().publish([a_message(topic)])

    assert woken_after < AT_ONCE
    assert len(collect(consumer, 1)) == 1


def test_published_record_ends_a_waiting_poll(log: LogUnderTest) -> None:
    """A poll does not wait out its time when a record comes."""
    topic = log.topic()
    consumer, publisher = log.consumer(topic, stored=Positions()), log.publisher()
    publisher.publish([a_message(topic)])
    collect(consumer, 1)
    timer = threading.Timer(0.2, publisher.publish, [[a_message(topic)]])

    timer.start()
    before = time.monotonic()
    records = consumer.poll(60)
    took = time.monotonic() - before
    timer.join()

    assert len(records) == 1
    assert took < AT_ONCE


def test_every_acknowledged_message_is_there(log: LogUnderTest) -> None:
    """What publish says True of can be read, whoever reads it."""
    topic = log.topic()
    messages = [a_message(topic, b"k%d" % n, b"%d" % n) for n in range(50)]

    answers = log.publisher().publish(messages)
    records = collect(log.consumer(topic, stored=Positions()), 50)

    assert list(answers) == [True] * 50
    assert sorted(r.value or b"" for r in records) == sorted(
        b"%d" % n for n in range(50)
    )


def test_noise_repeats_but_loses_and_reorders_nothing(log: LogUnderTest) -> None:
    """On a bad day everything comes late and three times, and each time in order."""
    topic = log.topic()
    consumer = NoisyConsumer(log.consumer(topic, stored=Positions()))
    publisher = NoisyPublisher(log.publisher())

    answers = [publisher.publish([a_message(topic, b"k", b"%d" % n)]) for n in range(4)]
    records = collect(consumer, 12)

    assert [list(answer) for answer in answers] == [[False], [True]] * 2
    assert set(Counter(record.value for record in records).values()) == {3}
    first_seen = list(dict.fromkeys(record.value for record in records))
    assert first_seen == [b"0", b"1", b"2", b"3"]


def test_nothing_carried_is_logged(
    log: LogUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger open, no key, header or value appears in the log."""
    caplog.set_level(logging.DEBUG)
    topic = log.topic()
    headers = (("ce_subject", b"canary-header"),)
    message = Message(topic, b"canary-key", headers, b"canary-value")
    positions = Positions()

    log.publisher().publish([message])
    consumer = log.consumer(topic, stored=positions)
    (record,) = collect(consumer, 1)
    consumer.committed(dict([record.position]))
    consumer.rewind()
    collect(consumer, 1)

    assert "canary" not in caplog.text


def test_values_hide_what_they_carry() -> None:
    """Neither a record nor a message shows a person's data in an error text."""
    message = Message("t", b"canary", (("canary", b"canary"),), b"canary")

    assert "canary" not in repr(message)
    assert TopicPartition("t") == TopicPartition("t", 0)
