"""Topics on Kafka: which are missing, and creating them on request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import kafka
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import (
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    PolicyViolationError,
    TopicAlreadyExistsError,
)

from orchestrator.adapters.kafka.clients import open_client
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.errors import SetUpError
from orchestrator.ports.event_log import Topic

Answer = TypeVar("Answer")

_PATIENCE: Final = 15.0  # seconds; a broker counts as lost after 9 of silence

_REFUSALS = (
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    PolicyViolationError,
)


class KafkaTopics:
    """
    Topics of one Kafka; a connection is opened for each question and closed.

    New topics get *replication* copies, by default as many as the broker's
    `default.replication.factor` says.
    """

    def __init__(self, settings: KafkaSettings, *, replication: int = -1) -> None:
        self._settings = settings
        self._replication = replication

    def missing(self, topics: Sequence[Topic]) -> list[str]:
        """Name those of *topics* that do not exist."""
        there = set(self._ask(lambda admin: list[str](admin.list_topics())))
        return [topic.name for topic in topics if topic.name not in there]

    def create(self, topics: Sequence[Topic]) -> list[str]:
        """Create those of *topics* that do not exist and return their names."""
        names = set(self.missing(topics))
        return self._ask(
            lambda admin: [
                topic.name
                for topic in topics
                if topic.name in names and self._create_one(admin, topic)
            ]
        )

    def records_after(self, topic: str, positions: Mapping[int, int]) -> int:
        """
        Count the records of *topic* from these positions on, by partition.

        A partition without a position counts from its first record; so does one whose
        position is no longer kept.
        """
        ends = self._offsets(topic, OffsetSpec.LATEST)
        begins = self._offsets(topic, OffsetSpec.EARLIEST)
        return sum(
            max(0, end - max(positions.get(partition, 0), begins[partition]))
            for partition, end in ends.items()
        )

    def ends(self, topic: str) -> Mapping[int, int]:
        """Return where each partition of *topic* ends."""
        return self._offsets(topic, OffsetSpec.LATEST)

    def _offsets(self, topic: str, spec: OffsetSpec) -> Mapping[int, int]:
        def ask(admin: KafkaAdminClient) -> Mapping[int, int]:
            (described,) = admin.describe_topics([topic])
            parts = [
                kafka.TopicPartition(topic, one["partition_index"])
                for one in described["partitions"]
            ]
            found = admin.list_partition_offsets(dict.fromkeys(parts, spec))
            return {part.partition: found[part].offset for part in parts}

        return self._ask(ask)

    def _create_one(self, admin: KafkaAdminClient, topic: Topic) -> bool:
        """Create *topic*, wait until it can be used, and tell whether we did it."""
        wanted = {
            "num_partitions": topic.partitions,
            "replication_factor": self._replication,
            "configs": dict(topic.config),
        }
        try:
            admin.create_topics({topic.name: wanted}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return False
        except _REFUSALS as error:
            raise SetUpError(
                f"Kafka refused to create the topic {topic.name} "
                f"({type(error).__name__}): its operators may allow other settings; "
                "let them create it, or change its partitions and configuration."
            ) from error
        return True

    def _ask(self, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
        """
        Ask one broker, and another one if that is lost, until patience ends.

        Until Kafka has noticed a loss its other brokers still name the lost one.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._ask_once(question)
            except KafkaConnectionError as error:
                if time.monotonic() > deadline:
                    raise explain(error, self._settings.bootstrap) from error
            except KafkaError as error:
                raise explain(error, self._settings.bootstrap) from error

    def _ask_once(self, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
        admin = open_client(KafkaAdminClient, self._settings)
        try:
            return question(admin)
        finally:
            admin.close()
