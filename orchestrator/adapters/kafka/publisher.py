"""Appending to Kafka: idempotent, acknowledged by all replicas, bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import kafka
from kafka.errors import KafkaError

from orchestrator.adapters.kafka.settings import KafkaSettings, open_client
from orchestrator.event_log import (
    MAX_MESSAGE_BYTES,
    LogUnavailable,
    Message,
    check_sizes,
)

MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 8_000_000


class KafkaPublisher:
    """
    Publishes through one idempotent producer.

    kafka-python's own buffer has no bound, so messages and bytes without an
    answer are counted here, and what is over the bound waits outside or is left
    unsent: while the broker is away memory stays where it is.  After *within*
    seconds the producer gives up a message for good; the outbox sends it again.
    """

    def __init__(self, settings: KafkaSettings, *, within: float = 8.0) -> None:
        self._settings = settings
        self._within = within
        self._room = _Room(MAX_WAITING, MAX_WAITING_BYTES)
        self._producer: Any = open_client(
            kafka.KafkaProducer,
            settings,
            enable_idempotence=True,
            acks="all",
            allow_auto_create_topics=False,
            max_request_size=MAX_MESSAGE_BYTES + 10_000,
            max_block_ms=int(within * 500),
            request_timeout_ms=int(within * 500),
            delivery_timeout_ms=int(within * 1000),
        )

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Send what there is room for and wait up to *within* seconds for answers."""
        check_sizes(messages)
        deadline = time.monotonic() + self._within
        futures = self._hand_on(messages, deadline)
        if messages and not any(futures):
            raise LogUnavailable(
                f"Kafka at {self._settings.bootstrap} takes nothing now: check that "
                "the broker runs and the topics exist (erasure topics list)."
            )
        return tuple(_is_acknowledged(future, deadline) for future in futures)

    def close(self) -> None:
        """Wait briefly for what is under way and let go of connections."""
        self._producer.close(timeout=self._within)

    def _hand_on(self, messages: Sequence[Message], deadline: float) -> list[Any]:
        """
        Give messages to the producer; None stands for each it did not take.

        Once one of a topic is not taken the rest of that topic waits too: else
        it would overtake.
        """
        futures: list[Any] = []
        closed: set[str] = set()
        for message in messages:
            future = None
            if message.topic not in closed and self._room.take(message.size, deadline):
                future = self._send(message)
            if future is None:
                closed.add(message.topic)
            futures.append(future)
        return futures

    def _send(self, message: Message) -> Any:  # noqa: ANN401 - kafka-python has no types
        """Give one message, which has its room, to the producer; None if it refuses."""
        try:
            future = self._producer.send(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
            )
        except KafkaError:
            self._room.give_back(message.size)
            return None
        # Runs on the producer's thread, once, whatever the answer is.
        future.add_both(lambda _: self._room.give_back(message.size))
        return future


class _Room:
    """How much more may be under way; safe to use from several threads."""

    def __init__(self, messages: int, size: int) -> None:
        self._messages = messages
        self._bytes = size
        self._change = threading.Condition()

    def take(self, size: int, deadline: float) -> bool:
        """Reserve room for *size* bytes; False if there is none by *deadline*."""
        with self._change:
            is_free = self._change.wait_for(
                lambda: self._messages >= 1 and self._bytes >= size,
                timeout=max(0.0, deadline - time.monotonic()),
            )
            if is_free:
                self._messages -= 1
                self._bytes -= size
            return is_free

    def give_back(self, size: int) -> None:
        """Free what `take` reserved."""
        with self._change:
            self._messages += 1
            self._bytes += size
            self._change.notify_all()


def _is_acknowledged(future: Any, deadline: float) -> bool:  # noqa: ANN401 - no types
    """Wait for *future* until *deadline* and tell whether the broker has it."""
    if future is None:
        return False
    try:
        future.get(timeout=max(0.0, deadline - time.monotonic()))
    except KafkaError:
        return False
    return True
