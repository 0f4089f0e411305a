"""How to reach a Kafka, and how its clients are opened so that nothing leaks."""

from __future__ import annotations

import gc
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import kafka
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from orchestrator.adapters.kafka.connecting import ConnectionManager
from orchestrator.adapters.kafka.credentials import FreshCredentials
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.trouble import Trouble
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


def open_client(
    make: Callable[..., Any],
    settings: KafkaSettings,
    trouble: Trouble | None = None,
    **options: object,
) -> Any:  # noqa: ANN401 - kafka-python has no types
    """
    Make a client of kafka-python that reached its broker; it is the caller's to close.

    Raises `LogUnavailable` or `SetUpError` with one sentence; later *trouble* tells
    why connections fail.  A constructor of kafka-python that fails leaves its threads
    and sockets behind, so the network part is kept at hand and closed here.
    """
    quieten()
    parts: list[Any] = []
    trouble = trouble or Trouble()
    fresh = FreshCredentials(settings)

    def keep(**given: object) -> Any:  # noqa: ANN401 - kafka-python has no types
        net = NetworkSelector(**given)
        manager = ConnectionManager(net, fresh, trouble, **given)
        parts.append(KafkaNetClient(net, manager))
        return parts[-1]

    try:
        return make(kafka_client=keep, **settings.options(), **options)
    except KafkaError as error:
        for part in parts:
            part.close()
        raise explain(error, settings.bootstrap, trouble.sentence) from error


def quieten() -> None:
    """
    Keep the library's own log from printing what it carries.

    At DEBUG kafka-python prints keys and values, and the admin client its whole
    configuration with the password.  Its INFO is one line for each rebalance and
    connection, and its logger follows the root unless it has a level of its own.
    """
    logger = logging.getLogger(kafka.__name__)
    if logger.level < logging.INFO:
        logger.setLevel(logging.WARNING)
    # At every start it warns of topics whose metadata is on the way.
    logger.getChild("coordinator.assignors").setLevel(logging.ERROR)


class Sweeper:
    """
    Closes the sockets of refused connections, which kafka-python leaves in cycles.

    Each attempt to reach an absent broker leaves one behind; until the interpreter
    happens upon them they can add up to hundreds in an outage.
    """

    _EVERY_SECONDS: Final = 15.0

    def __init__(self) -> None:
        self._swept = 0.0

    def sweep(self) -> None:
        """Sweep, unless that was done a moment ago; it takes some milliseconds."""
        if time.monotonic() - self._swept > self._EVERY_SECONDS:
            gc.collect()
            self._swept = time.monotonic()


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
