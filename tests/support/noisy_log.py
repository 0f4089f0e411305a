"""
A log that behaves as badly as a real one may: late, and everything again.

Put around any consumer or publisher; what holds on it holds on a bad day.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from orchestrator.ports.event_log import (
    Consumer,
    Message,
    Publisher,
    Record,
    TopicPartition,
)


class NoisyConsumer:
    """
    Delivers every batch late and three times, as after two rewinds.

    Before each delivery it answers *silent* polls with nothing.  The order within
    a partition is kept each time, as Kafka keeps it.
    """

    def __init__(self, consumer: Consumer, *, times: int = 3, silent: int = 2) -> None:
        self._consumer = consumer
        self._times = times
        self._silent = silent
        self._ahead: deque[Sequence[Record]] = deque()

    def poll(self, timeout: float) -> Sequence[Record]:
        """Deliver what is still to come of the last batch, or fetch the next."""
        if not self._ahead:
            batch = self._consumer.poll(timeout)
            if not batch:
                return ()
            nothing: list[Sequence[Record]] = [()] * self._silent
            self._ahead.extend([*nothing, batch] * self._times)
        return self._ahead.popleft()

    def rewind(self) -> None:
        """Drop what is still to come and rewind."""
        self._ahead.clear()
        self._consumer.rewind()

    def committed(self, positions: Mapping[TopicPartition, int]) -> None:
        """Pass it on."""
        self._consumer.committed(positions)

    def lag(self) -> int | None:
        """Pass it on."""
        return self._consumer.lag()

    def wake(self) -> None:
        """Pass it on."""
        self._consumer.wake()

    def close(self) -> None:
        """Pass it on."""
        self._consumer.close()


class NoisyPublisher:
    """Appends, but every second time says that it does not know."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._is_forgetful = False

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Append *messages*; forget every second answer."""
        answers = self._publisher.publish(messages)
        self._is_forgetful = not self._is_forgetful
        return [False] * len(answers) if self._is_forgetful else answers

    def close(self) -> None:
        """Pass it on."""
        self._publisher.close()
