"""The event log's part of the composition root: how to reach Kafka."""

from __future__ import annotations

from orchestrator.adapters.kafka import KafkaSettings
from orchestrator.settings import Settings


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
