"""Appending to Kafka: idempotent, acknowledged by all replicas, bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import kafka
from kafka.errors import AuthorizationError, KafkaError, MessageSizeTooLargeError

from orchestrator.adapters.kafka.clients import Sweeper, open_client
from orchestrator.adapters.kafka.sentences import explain
from orchestrator.adapters.kafka.settings import KafkaSettings
from orchestrator.adapters.kafka.trouble import Trouble
from orchestrator.ports.event_log import (
    MAX_MESSAGE_BYTES,
    LogUnavailable,
    Message,
    check_sizes,
)

MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 8_000_000

_ELEVEN_DAYS_MS: Final = 1_000_000_000
_HOPELESS: Final = (AuthorizationError, MessageSizeTooLargeError)


class KafkaPublisher:
    """
    Publishes through one idempotent producer, which is replaced if it gets stuck.

    kafka-python's own buffer has no bound.  So messages and bytes without an
    answer are counted here, and nothing more of a topic is handed on while an
    earlier publish to it has no answer: memory stays where it is while the broker
    is away, and what waits is sent when it is back.  The outbox sends it too, so
    it may arrive twice.

    Answers are awaited for *within* seconds; a producer that still has none after
    *replace_after* seconds is replaced.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        within: float = 8.0,
        replace_after: float = 30.0,
    ) -> None:
        self._settings = settings
        self._within = within
        self._replace_after = replace_after
        self._room = _Room(MAX_WAITING, MAX_WAITING_BYTES)
        self._lock = threading.Lock()
        self._sweeper = Sweeper()
        self._left: dict[str, _Left] = {}
        self._trouble = Trouble()
        self._producer = self._opened()

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Send what there is room for and wait up to *within* seconds for answers."""
        check_sizes(messages)
        now = time.monotonic()
        deadline = now + self._within
        self._replace_if_stuck(now)
        topics = {message.topic for message in messages}
        waiting = self._await_left(topics, now + self._within / 2)
        futures = self._hand_on(messages, waiting, deadline)
        if messages and not any(futures):
            self._sweeper.sweep()
            raise LogUnavailable(
                self._trouble.sentence
                or f"Kafka at {self._settings.bootstrap} takes nothing now: check that "
                "its brokers run, that enough replicas are in sync "
                "(min.insync.replicas), and the topics (erasure topics list)."
            )
        answers = tuple(_is_acknowledged(future, deadline) for future in futures)
        self._leave(messages, futures)
        if not any(answers):
            self._raise_if_hopeless(futures)
        return answers

    def close(self) -> None:
        """Wait briefly for what is under way and let go of connections."""
        _close(self._producer, self._within)

    def _raise_if_hopeless(self, futures: Sequence[Any]) -> None:
        """Raise what only a person can change: sending again would not help."""
        for future in futures:
            if future and isinstance(future.exception, _HOPELESS):
                raise explain(future.exception, self._settings.bootstrap)

    def _opened(self) -> Any:  # noqa: ANN401 - kafka-python has no types
        return open_client(
            kafka.KafkaProducer,
            self._settings,
            self._trouble,
            enable_idempotence=True,
            acks="all",
            allow_auto_create_topics=False,
            max_request_size=MAX_MESSAGE_BYTES + 10_000,
            max_block_ms=int(self._within * 500),
            request_timeout_ms=int(self._within * 500),
            # An idempotent producer of 3.0.12 that gives up one batch after it was
            # sent once never sends again: so it never gives up, and we replace it.
            delivery_timeout_ms=_ELEVEN_DAYS_MS,
        )

    def _leave(self, messages: Sequence[Message], futures: Sequence[Any]) -> None:
        """Remember what has no answer yet."""
        with self._lock:
            for message, future in zip(messages, futures, strict=True):
                if future and not future.is_done:
                    left = self._left.setdefault(message.topic, _Left(time.monotonic()))
                    left.futures.append(future)

    def _await_left(self, topics: Collection[str], deadline: float) -> set[str]:
        """Wait for earlier publishes to *topics*; name the topics without an answer."""
        with self._lock:
            left = [self._left[topic] for topic in topics if topic in self._left]
        for waiting in left:
            for future in waiting.futures:
                _is_acknowledged(future, deadline)
        with self._lock:
            self._drop_answered()
            return set(self._left)

    def _replace_if_stuck(self, now: float) -> None:
        """Open another producer if this one has been silent for too long."""
        with self._lock:
            self._drop_answered()
            oldest = min((left.since for left in self._left.values()), default=now)
            if now - oldest < self._replace_after:
                return
            stuck, self._producer = self._producer, self._opened()
            self._left.clear()
        _close(stuck, 0)

    def _drop_answered(self) -> None:
        self._left = {
            topic: left
            for topic, left in self._left.items()
            if not all(future.is_done for future in left.futures)
        }

    def _hand_on(
        self, messages: Sequence[Message], waiting: set[str], deadline: float
    ) -> list[Any]:
        """
        Give messages to the producer; None stands for each it did not take.

        Once one of a topic is not taken the rest of that topic waits too: else
        it would overtake.
        """
        futures: list[Any] = []
        closed = set(waiting)
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


@dataclass(frozen=True, slots=True)
class _Left:
    """What earlier publishes to one topic left without an answer."""

    since: float
    futures: list[Any] = field(default_factory=list)


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


def _close(producer: Any, within: float) -> None:  # noqa: ANN401 - no types
    """
    Close *producer* after up to *within* seconds for what it still has.

    Its own `close` raises when that was not enough, and then leaves its thread and
    its connections behind, which would go on sending.
    """
    try:
        producer.close(timeout=within)
    except KafkaError:
        producer._sender.force_close()  # noqa: SLF001 - there is no other way
        producer._sender.join(within or 1.0)  # noqa: SLF001
