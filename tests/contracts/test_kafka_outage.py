"""Kafka away: nothing is lost, memory stays bounded, work resumes by itself."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from orchestrator.adapters.kafka import KafkaConsumer, KafkaPublisher
from orchestrator.adapters.kafka.consumer import Patience
from orchestrator.ports.event_log import LogUnavailable, Message, Publisher
from tests.support.broker import Broker
from tests.support.logs import (
    KafkaUnderTest,
    Positions,
    a_message,
    collect,
    eventually,
)
from tests.support.patience import PATIENCE

# kafka-python 3.0.12 leaves the socket of a refused connection to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

# Long enough for a slow machine; the library itself would wait for ever.
RESUME_WITHIN: Final = 60.0


@pytest.fixture
def log(broker: Broker) -> Iterator[KafkaUnderTest]:
    """Lend a Kafka that a test may stop; it runs again afterwards."""
    broker.start()
    with ExitStack() as stack:
        yield KafkaUnderTest(broker.bootstrap, stack)
        broker.thaw()
        broker.start()
    gc.collect()


def is_published(publisher: Publisher, message: Message) -> bool:
    """Try once to publish, as the relay does."""
    try:
        return list(publisher.publish([message])) == [True]
    except LogUnavailable:
        return False


def has_read(consumer: KafkaConsumer) -> bool:
    """Poll once; a short patience may be over before the consumer is let in."""
    try:
        return bool(consumer.poll(0.5))
    except LogUnavailable:
        return False


def go_away(broker: Broker, how: str) -> None:
    """Take the broker away in one of three ways."""
    {"stop": broker.stop, "kill": broker.kill, "freeze": broker.freeze}[how]()


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_publishing_resumes_by_itself(
    log: KafkaUnderTest, broker: Broker, how: str
) -> None:
    """
    While the broker is away the answer is False, then a sentence; then all is well.

    The outage is longer than the producer waits for one answer: an idempotent
    producer of 3.0.12 that gives up a batch then would never send again.
    """
    topic = log.topic()
    publisher = KafkaPublisher(log.settings, within=2)
    publisher.publish([a_message(topic, b"k", b"before")])

    go_away(broker, how)
    before = time.monotonic()
    first = publisher.publish([a_message(topic, b"k", b"during")])
    with pytest.raises(LogUnavailable, match="takes nothing now"):
        publisher.publish([a_message(topic, b"k", b"refused")])
    waited = time.monotonic() - before
    broker.thaw()
    broker.start()

    again = a_message(topic, b"k", b"after")
    eventually(
        lambda: is_published(publisher, again), RESUME_WITHIN, "the broker's answer"
    )
    publisher.close()
    assert list(first) == [False]
    assert waited < 30
    records = collect(log.consumer(topic, stored=Positions()), 3)
    assert [r.value for r in records][:3] == [b"before", b"during", b"after"]


# A frozen broker is away for longer than a member's session of 6 s, so that the group
# forgets the member; one that stopped begins all sessions anew.
@pytest.mark.parametrize(
    ("how", "slot", "seconds"),
    [("kill", None, 1), ("freeze", None, 7), ("stop", "worker-1", 1)],
)
def test_reading_resumes_by_itself(
    log: KafkaUnderTest, broker: Broker, how: str, slot: str | None, seconds: int
) -> None:
    """An outage looks like no records, and reading goes on where the database says."""
    topic = log.topic()
    publisher = KafkaPublisher(log.settings, within=2)
    positions = Positions()
    publisher.publish([a_message(topic, b"k", b"%d" % n) for n in range(3)])
    consumer = log.consumer(topic, stored=positions, slot=slot)
    positions.store(collect(consumer, 3))

    go_away(broker, how)
    quiet = [consumer.poll(1) for _ in range(seconds)]
    broker.thaw()
    broker.start()
    eventually(
        lambda: is_published(publisher, a_message(topic, b"k", b"after")),
        RESUME_WITHIN,
        "an answer",
    )
    records = collect(consumer, 1, within=RESUME_WITHIN)

    publisher.close()
    assert not any(quiet)
    assert records[0].value == b"after"


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_long_silence_is_said_and_healed(
    log: KafkaUnderTest, broker: Broker, how: str
) -> None:
    """Past its patience a poll raises one sentence; polling on finds the broker."""
    topic = log.topic()
    consumer = KafkaConsumer(
        log.settings,
        [topic],
        group="patience-" + how,
        stored=Positions(),
        patience=Patience(probe=0.5, outage=2),
    )
    publisher = log.publisher()
    publisher.publish([a_message(topic)])
    eventually(lambda: has_read(consumer), PATIENCE, "the first record")

    go_away(broker, how)
    with pytest.raises(LogUnavailable, match=r"for \d+ s: check the broker"):
        collect(consumer, 1)
    broker.thaw()
    broker.start()

    def is_heard() -> bool:
        try:
            consumer.poll(0.5)
        except LogUnavailable:
            return False
        return True

    eventually(is_heard, RESUME_WITHIN, "a poll without an error")
    consumer.close()


def test_idle_consumer_is_not_taken_for_an_outage(log: KafkaUnderTest) -> None:
    """Without records the broker is asked for a sign of life before any complaint."""
    topic = log.topic()
    consumer = KafkaConsumer(
        log.settings,
        [topic],
        group="idle",
        stored=Positions(),
        patience=Patience(probe=0.3, outage=3),
    )
    log.publisher().publish([a_message(topic)])
    eventually(lambda: has_read(consumer), PATIENCE, "the first record")

    for _ in range(8):
        assert list(consumer.poll(0.5)) == []

    consumer.close()


def test_client_that_does_not_come_back_is_said(
    log: KafkaUnderTest, broker: Broker
) -> None:
    """A client that hangs is noticed from outside it, and closing does not hang."""
    topic = log.topic()
    consumer = KafkaConsumer(
        log.settings,
        [topic],
        group="hanging",
        stored=Positions(),
        patience=Patience(probe=0, outage=60, watchdog=0.5),
    )
    log.publisher().publish([a_message(topic)])
    eventually(lambda: has_read(consumer), PATIENCE, "the first record")

    # The sign of life is asked with a time-out of one second: longer than we watch.
    broker.freeze()
    with pytest.raises(LogUnavailable, match="restart this process"):
        collect(consumer, 1)
    broker.thaw()

    consumer.close()


def test_memory_stays_bounded_while_the_broker_is_frozen(
    log: KafkaUnderTest, broker: Broker
) -> None:
    """However often the relay tries, no more is kept than the bound."""
    topics = [log.topic() for _ in range(4)]
    publisher = KafkaPublisher(log.settings, within=0.4, replace_after=60)
    for topic in topics:
        publisher.publish([a_message(topic)])
    broker.freeze()

    tracemalloc.start()
    taken = 0
    for _ in range(5):
        for topic in topics:
            try:
                publisher.publish([a_message(topic, b"k", bytes(100_000))] * 100)
                taken += 1
            except LogUnavailable:
                continue
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    broker.thaw()

    assert 1 <= taken <= 4
    assert peak < 40_000_000
    again = a_message(topics[0])
    eventually(lambda: is_published(publisher, again), RESUME_WITHIN, "an answer")
    publisher.close()


def test_stuck_producer_is_replaced(log: KafkaUnderTest, broker: Broker) -> None:
    """A producer that has been silent for too long gives way to a new one."""
    topic = log.topic()
    publisher = KafkaPublisher(log.settings, within=1, replace_after=2)
    publisher.publish([a_message(topic)])
    stuck = publisher._producer  # noqa: SLF001 - only its identity
    broker.freeze()
    publisher.publish([a_message(topic, b"k", b"waiting")])

    def is_said() -> bool:
        try:
            publisher.publish([a_message(topic)])
        except LogUnavailable as error:
            return "No Kafka answers" in str(error)
        return False

    eventually(is_said, PATIENCE, "the attempt to replace it")
    broker.thaw()
    again = a_message(topic, b"k", b"after")
    eventually(lambda: is_published(publisher, again), RESUME_WITHIN, "an answer")

    publisher.close()
    assert stuck is not None


def test_closing_while_the_broker_is_away_is_bounded(
    log: KafkaUnderTest, broker: Broker
) -> None:
    """A shutdown does not wait for a broker that is not there."""
    topic = log.topic()
    publisher = KafkaPublisher(log.settings, within=1)
    consumer = log.consumer(topic, stored=Positions())
    publisher.publish([a_message(topic)])
    collect(consumer, 1)
    broker.kill()
    publisher.publish([a_message(topic)])

    before = time.monotonic()
    publisher.close()
    consumer.close()

    assert time.monotonic() - before < 60
