"""The settings that say where Kafka is, and who we are to it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from orchestrator.settings.kinds import (
    RenewedSecret,
    SaslMechanism,
    Secret,
    SecurityProtocol,
)

_LOGIN = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
_TLS = (
    "kafka_ssl_cafile",
    "kafka_ssl_certfile",
    "kafka_ssl_keyfile",
    "kafka_ssl_password",
)


class KafkaPart(BaseSettings):
    """How Kafka is reached, where it is not the embedded log; a part of `Settings`."""

    kafka: str = Field(
        default="",
        description="Kafka's bootstrap servers; empty for the embedded log.",
        examples=["kafka-1:9092,kafka-2:9092"],
    )
    kafka_security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.PLAINTEXT,
        description=(
            "How Kafka is spoken to: in clear or by TLS (`SSL`), and with a login"
            " (`SASL_…`) or without."
        ),
        examples=["SASL_SSL"],
    )
    kafka_sasl_mechanism: SaslMechanism | None = Field(
        default=None,
        description="How we prove to Kafka who we are.",
        examples=["SCRAM-SHA-512"],
    )
    kafka_sasl_username: str | None = Field(
        default=None, description="Our name at Kafka.", examples=["erasure"]
    )
    kafka_sasl_password: RenewedSecret | None = Field(
        default=None,
        description=(
            "Our password at Kafka; a `file:` is read again for each new connection."
        ),
        examples=["file:/run/secrets/kafka"],
    )
    kafka_ssl_cafile: Path | None = Field(
        default=None,
        description=(
            "The authority that signed the brokers' certificates (PEM); without it"
            " those that this machine knows."
        ),
        examples=["/etc/ssl/kafka-ca.pem"],
    )
    kafka_ssl_certfile: Path | None = Field(
        default=None,
        description=(
            "Our own certificate and what it leads to (PEM), where Kafka asks for one."
        ),
        examples=["/run/secrets/kafka.crt"],
    )
    kafka_ssl_keyfile: Path | None = Field(
        default=None,
        description="Its key (PEM), unless the file of the certificate holds it too.",
        examples=["/run/secrets/kafka.key"],
    )
    kafka_ssl_password: Secret | None = Field(
        default=None,
        description="What opens that key, if it is encrypted.",
        examples=["file:/run/secrets/kafka-key-password"],
    )

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        """Refuse half a set of credentials, and what would change nothing."""
        protocol = self.kafka_security_protocol
        if protocol.startswith("SASL_"):
            missing = [_name(one) for one in _LOGIN if not getattr(self, one)]
            if missing:
                raise ValueError(
                    f"{protocol} needs {' and '.join(missing)}; "
                    "set them, or ERASURE_KAFKA_SECURITY_PROTOCOL=PLAINTEXT."
                )
        else:
            self._refuse_unused(_LOGIN, "SASL_SSL")
        if not protocol.endswith("SSL"):
            self._refuse_unused(_TLS, "SSL or SASL_SSL")
        if self.kafka_ssl_keyfile and not self.kafka_ssl_certfile:
            raise ValueError(
                "ERASURE_KAFKA_SSL_KEYFILE needs ERASURE_KAFKA_SSL_CERTFILE; set that"
                " too."
            )
        return self

    def _refuse_unused(self, fields: tuple[str, ...], instead: str) -> None:
        """Raise if one of *fields* is given, for Kafka would be spoken to without."""
        protocol = self.kafka_security_protocol
        for field in fields:
            if getattr(self, field):
                raise ValueError(
                    f"{_name(field)} changes nothing with {protocol}; set"
                    f" ERASURE_KAFKA_SECURITY_PROTOCOL to {instead}, or unset it."
                )


def _name(field: str) -> str:
    return f"ERASURE_{field.upper()}"
