"""Where Kafka is and who we are to it, and what kafka-python is told of that."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.errors import SetUpError

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """
    Where Kafka is and who we are to it.

    Raises `SetUpError` on creation if the parts do not fit together, with the
    name of the field and what to write.  Secrets are left out of `repr`.  A password
    that may change is given as what returns it as it is now.
    """

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | Callable[[], str] | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_password: str | None = field(default=None, repr=False)
    ssl_ciphers: str | None = None
    client_id: str = "erasure"
    bootstrap_timeout: float = 5.0

    def __post_init__(self) -> None:
        _check_servers(self.servers)
        if self.security_protocol not in PROTOCOLS:
            raise SetUpError(
                "Kafka's security_protocol must be one of " + ", ".join(PROTOCOLS) + "."
            )
        if self.security_protocol.startswith("SASL_"):
            _check_sasl(self)

    @property
    def servers(self) -> list[str]:
        """The brokers to ask first, as `host:port`."""
        return [name.strip() for name in self.bootstrap.split(",") if name.strip()]

    def options(self) -> dict[str, Any]:
        """Spell these settings as kafka-python's own, the same for every client."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "bootstrap_timeout_ms": int(self.bootstrap_timeout * 1000),
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            # The default of 30 s would outlast most outages.
            "reconnect_backoff_max_ms": 1000,
        }
        if self.security_protocol.startswith("SASL_"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
        return options | self.credentials()

    def credentials(self, context: ssl.SSLContext | None = None) -> dict[str, object]:
        """
        Spell what can change while a client lives; a given *context* stays.

        Raises `SetUpError` if a file is of no use.
        """
        options: dict[str, object] = {}
        if self.security_protocol.startswith("SASL_"):
            password = self.sasl_password
            options["sasl_plain_password"] = (
                password() if callable(password) else password
            )
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = context or _ssl_context(self)
        return options


def _check_servers(servers: list[str]) -> None:
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal():
            raise SetUpError(
                "Kafka's bootstrap must name brokers as host:port, separated by "
                "commas, for example kafka-1:9092,kafka-2:9092."
            )
    if not servers:
        raise SetUpError("Kafka's bootstrap is empty: write host:port of a broker.")


def _check_sasl(settings: KafkaSettings) -> None:
    if settings.sasl_mechanism not in MECHANISMS:
        raise SetUpError(
            "Kafka's sasl_mechanism must be one of " + ", ".join(MECHANISMS) + "."
        )
    if not settings.sasl_username or not settings.sasl_password:
        raise SetUpError(
            f"Kafka's sasl_username and sasl_password are both needed for "
            f"{settings.sasl_mechanism}."
        )


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Build the context ourselves: kafka-python 3.0.12 ignores `ssl_ciphers`."""
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.ssl_certfile:
            # A callable, for else OpenSSL asks the terminal for a missing password.
            context.load_cert_chain(
                settings.ssl_certfile,
                settings.ssl_keyfile,
                password=lambda: settings.ssl_password or "",
            )
        if settings.ssl_ciphers:
            context.set_ciphers(settings.ssl_ciphers)
    except (OSError, ssl.SSLError) as error:
        raise SetUpError(
            "Kafka's certificates cannot be used: check ssl_cafile, ssl_certfile, "
            "ssl_keyfile, ssl_password (ERASURE_KAFKA_SSL_CAFILE and so on) and "
            f"ssl_ciphers ({type(error).__name__})."
        ) from error
    return context
