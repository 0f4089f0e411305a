"""The event log's part of the composition root: how to reach it, and its readers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr

from orchestrator.adapters.cases.store import SqlStore
from orchestrator.adapters.embedded_log import EmbeddedLog
from orchestrator.adapters.kafka import (
    KafkaConsumer,
    KafkaSettings,
    read_all,
    read_tail,
)
from orchestrator.ports.event_log import Consumer, Record, TopicPartition
from orchestrator.settings import KeptSecret, Settings
from schemas.topics import REQUESTS


def kafka_settings(settings: Settings) -> KafkaSettings:
    """Return how to reach Kafka; raises `SetUpError` if the parts do not fit."""
    mechanism = settings.kafka_sasl_mechanism
    password = settings.kafka_sasl_password
    of_key = settings.kafka_ssl_password
    return KafkaSettings(
        bootstrap=settings.kafka,
        security_protocol=settings.kafka_security_protocol.value,
        sasl_mechanism=mechanism and mechanism.value,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=_as_it_is(password) if password else None,
        ssl_cafile=_text(settings.kafka_ssl_cafile),
        ssl_certfile=_text(settings.kafka_ssl_certfile),
        ssl_keyfile=_text(settings.kafka_ssl_keyfile),
        ssl_password=of_key.get_secret_value() if of_key else None,
    )


def _as_it_is(password: SecretStr) -> str | Callable[[], str]:
    """Return a password, or where it may change what tells it as it is now."""
    if isinstance(password, KeptSecret):
        return password.now
    return password.get_secret_value()


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


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
