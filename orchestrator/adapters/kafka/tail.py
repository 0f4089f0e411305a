"""Read a topic without a group: its end, to see what was published, or all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any, Final

import kafka
from kafka.errors import KafkaError

from orchestrator.adapters.kafka.clients import open_client
from orchestrator.adapters.kafka.consumer import as_record
from orchestrator.adapters.kafka.lane import Lane
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.ports.event_log import LogUnavailable, Record

_PATIENCE: Final = 30.0  # seconds without a record, or until all of a tail is there
_AT_A_TIME_MS: Final = 200


def read_tail(settings: KafkaSettings, topic: str, most: int) -> list[Record]:
    """
    Return the last *most* records of each partition; nothing of a topic not there.

    kafka-python may wait inside itself for ever, so that it is left behind then.
    Raises `LogUnavailable`.
    """
    lane = Lane("kafka-tail")
    reading = lane.submit(lambda: list(_read(settings, topic, most)))
    wait([reading], timeout=2 * _PATIENCE)
    if not reading.done():
        raise LogUnavailable(f"Kafka did not answer while {topic} was read; see to it.")
    lane.close(1)
    return reading.result()


def read_all(settings: KafkaSettings, topic: str) -> Iterator[Record]:
    """Yield every record of *topic* that Kafka still keeps; raises `LogUnavailable`."""
    yield from _read(settings, topic, None)


def _read(settings: KafkaSettings, topic: str, most: int | None) -> Iterator[Record]:
    """Yield records from a place in each partition to where it ends now."""
    reader = open_client(
        kafka.KafkaConsumer, settings, enable_auto_commit=False, group_id=None
    )
    try:
        yield from _between(reader, topic, most)
    except KafkaError as error:
        raise explain(error, settings.bootstrap) from error
    finally:
        reader.close()


def _between(reader: Any, topic: str, most: int | None) -> Iterator[Record]:  # noqa: ANN401 (kafka-python has no types)
    """Yield the records, until each partition has been read to its end."""
    numbers = reader.partitions_for_topic(topic) or ()
    parts = [kafka.TopicPartition(topic, number) for number in sorted(numbers)]
    if not parts:
        return
    begins, ends = reader.beginning_offsets(parts), reader.end_offsets(parts)
    reader.assign(parts)
    for part in parts:
        start = begins[part]
        start = start if most is None else max(start, ends[part] - most)
        reader.seek(part, start)
    heard = time.monotonic()
    while any(reader.position(part) < ends[part] for part in parts):
        if time.monotonic() - heard > _PATIENCE:
            raise LogUnavailable(f"Kafka gave nothing of {topic} for {_PATIENCE} s.")
        for records in reader.poll(timeout_ms=_AT_A_TIME_MS).values():
            heard = time.monotonic()
            yield from map(as_record, records)
