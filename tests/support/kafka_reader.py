"""Read a Kafka topic from one known place to another, as an archive would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from tests.support.logs import eventually
from tests.support.patience import PATIENCE


@contextmanager
def a_reader(bootstrap: str) -> Iterator[Any]:
    """Lend a consumer without a group."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        yield consumer
    finally:
        consumer.close()


def ends_of(reader: Any, topic: str) -> dict[int, int]:  # noqa: ANN401 (kafka-python has no types)
    """Return where each partition of *topic* ends now."""
    numbers: set[int] = set()

    def is_known() -> bool:
        # A broker hears of a topic a moment after it was created.
        numbers.update(reader.partitions_for_topic(topic) or ())
        return bool(numbers)

    eventually(is_known, PATIENCE, f"the partitions of {topic}")
    partitions = [TopicPartition(topic, number) for number in numbers]
    found = reader.end_offsets(partitions)
    return {at.partition: found[at] for at in partitions}


def read_between(reader: Any, topic: str, begins: Mapping[int, int]) -> list[Any]:  # noqa: ANN401 (kafka-python has no types)
    """Return the records of *topic* from *begins* to its end now, in order."""
    ends = ends_of(reader, topic)
    wanted = sum(ends[number] - begins[number] for number in ends)
    reader.assign([TopicPartition(topic, number) for number in ends])
    for number in ends:
        reader.seek(TopicPartition(topic, number), begins[number])
    records: list[Any] = []
    for _ in range(200):
        if len(records) >= wanted:
            break
        for batch in reader.poll(timeout_ms=200).values():
            records += batch
    return records
