"""A portal may compress its records in any way that Kafka knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import kafka as kafka_python
import pytest

from orchestrator.adapters.kafka import KafkaTopics
from tests.support.logs import (
    KafkaUnderTest,
    PlainTopic,
    Positions,
    a_message,
    collect,
)

CODECS = ("gzip", "snappy", "lz4", "zstd")
COMPRESSIBLE = b"".join(b"%d" % n for n in range(20_000))


@pytest.fixture
def log(kafka: str) -> Iterator[KafkaUnderTest]:
    """Lend the real Kafka."""
    with ExitStack() as stack:
        yield KafkaUnderTest(kafka, stack)


def test_whatever_a_portal_compresses_with_is_read(log: KafkaUnderTest) -> None:
    """Kafka knows four ways; the record is the same whichever the portal chose."""
    topic, value = log.topic(), COMPRESSIBLE
    for codec in CODECS:
        producer = kafka_python.KafkaProducer(
            bootstrap_servers=log.settings.servers, compression_type=codec
        )
        producer.send(topic, key=codec.encode(), value=value)
        producer.close()

    records = collect(log.consumer(topic, stored=Positions()), 4)

    read = {(record.key or b"").decode(): record.value for record in records}
    assert read == dict.fromkeys(CODECS, value)


@pytest.mark.parametrize("codec", CODECS)
def test_what_kafka_itself_compresses_is_read(log: KafkaUnderTest, codec: str) -> None:
    """Java frames its blocks in its own way: so do the broker and Java's portals."""
    topic = PlainTopic(f"t-{uuid.uuid4().hex}", config={"compression.type": codec})
    KafkaTopics(log.settings).create([topic])
    log.publisher().publish([a_message(topic.name, b"k", COMPRESSIBLE)])

    (record,) = collect(log.consumer(topic.name, stored=Positions()), 1)

    assert record.value == COMPRESSIBLE
