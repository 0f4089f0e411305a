"""The event log's part of the composition root: how to reach it, and its readers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from orchestrator.adapters.embedded_log import EmbeddedLog
from orchestrator.adapters.kafka import (
    KafkaConsumer,
    KafkaSettings,
    read_all,
    read_tail,
)
from orchestrator.adapters.store import SqlStore
from orchestrator.event_log import Consumer, Record, TopicPartition
from orchestrator.settings import Settings
from schemas.topics import REQUESTS


def kafka_settings(settings: Settings) -> KafkaSettings:
    """Return how to reach Kafka; raises `SetUpError` if the parts do not fit."""
    mechanism = settings.kafka_sasl_mechanism
    password = settings.kafka_sasl_password
    cafile = settings.kafka_ssl_cafile
    return KafkaSettings(
        bootstrap=settings.kafka,
        security_protocol=settings.kafka_security_protocol.value,
        sasl_mechanism=mechanism and mechanism.value,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=password.get_secret_value() if password else None,
        ssl_cafile=str(cafile) if cafile else None,
    )


def open_consumer(
    topic: str, settings: Settings, store: SqlStore, embedded: EmbeddedLog | None
) -> Consumer:
    """Open a reader of *topic* that goes on where the database says."""

    def stored(wanted: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        known = store.stored_offsets()
        return {
            one: known[one.topic, one.partition]
            for one in wanted
            if (one.topic, one.partition) in known
        }

    if embedded is not None:
        return embedded.consumer([topic], stored)
    # A group of its own for each topic: members of one group read the same topics.
    suffix = "" if topic == REQUESTS else f".{topic}"
    return KafkaConsumer(
        kafka_settings(settings),
        [topic],
        group=settings.consumer_group + suffix,
        stored=stored,
        slot=settings.instance,
    )


def read_topic(
    topic: str, most: int | None, settings: Settings, embedded: EmbeddedLog | None
) -> Iterable[Record]:
    """Read the last *most* records of each partition of *topic*, or all of them."""
    if embedded is not None:
        return embedded.tail(topic, most)
    if most is None:
        return read_all(kafka_settings(settings), topic)
    return read_tail(kafka_settings(settings), topic, most)
