"""How Kafka's clients are opened so that nothing leaks."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import kafka
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from kafka.net.selector import NetworkSelector

from orchestrator.adapters.kafka.connecting import ConnectionManager
from orchestrator.adapters.kafka.credentials import FreshCredentials
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.adapters.kafka.trouble import Trouble


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
