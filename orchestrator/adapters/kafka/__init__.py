"""
The event log on Apache Kafka, through kafka-python 3.0.12 or later.

What was measured about that library, and what follows from it, stands in
`docs/decisions/0020-kafka-python.md`.
"""

from orchestrator.adapters.kafka.consumer import KafkaConsumer
from orchestrator.adapters.kafka.publisher import KafkaPublisher
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.adapters.kafka.tail import read_all, read_tail
from orchestrator.adapters.kafka.topics import KafkaTopics

__all__ = [
    "KafkaConsumer",
    "KafkaPublisher",
    "KafkaSettings",
    "KafkaTopics",
    "read_all",
    "read_tail",
]
