"""
The partitions a consumer was given, held back until their position is known.

Kafka's own committed offset must never decide where to read on, not even while
the database is away: what is newly assigned is paused before anything can be
fetched, and released when its position has come from the database.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import kafka
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import FencedInstanceIdError

from orchestrator.ports.event_log import TopicPartition


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # has no types
    """
    Listens to the group and pauses what it gives; `release` lets it flow.

    The group calls from the client's I/O thread while its user waits in `poll`;
    `waiting` may be asked from any thread, the rest runs on the client's own.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - kafka-python has no types
        self._client = client
        self._lock = threading.Lock()
        self._number = 0
        self._is_joining = True
        self._waiting: frozenset[TopicPartition] = frozenset()
        self._given: frozenset[TopicPartition] = frozenset()

    @property
    def is_joining(self) -> bool:
        """Tell whether the group has yet to say what is ours."""
        with self._lock:
            return self._is_joining

    @property
    def is_reading(self) -> bool:
        """Tell whether there are partitions and none waits for its position."""
        with self._lock:
            return bool(self._given) and not self._waiting

    def waiting(self) -> tuple[int, frozenset[TopicPartition]]:
        """Name the partitions without a position, and the number of this giving."""
        with self._lock:
            return self._number, self._waiting

    def release(self, number: int, positions: Mapping[TopicPartition, int]) -> None:
        """
        Let what waited flow from *positions*, or its beginning.

        Does nothing if the group has given anew since *number*: then the
        positions may be older than what another member has stored meanwhile.
        """
        with self._lock:
            if number != self._number:
                return
            waiting, self._waiting = self._waiting, frozenset()
        for at in waiting:
            theirs = kafka.TopicPartition(at.topic, at.partition)
            # An offset the topic no longer has is reset to the earliest it has.
            self._client.seek(theirs, positions.get(at, 0))
            self._client.resume(theirs)

    def mend(self) -> None:
        """
        Make up for two faults of kafka-python 3.0.12 (seen 2026-11).

        A leader that joins again because a topic's metadata changed, and whose poll
        ends between its assignment and the group's answer, never asks for that
        answer and reads nothing for ever: so it is reminded.  A static member whose
        slot somebody took stops its heartbeat without a word and reads on as if the
        partitions were still its own: so that is raised.
        """
        group = self._client._coordinator  # noqa: SLF001 - the faults are in there
        if group.rejoining:
            group.request_rejoin()
        elif group.stable() and not group._heartbeat_enabled:  # noqa: SLF001
            raise FencedInstanceIdError

    def hold_all(self) -> None:
        """Hold everything back until its position is given again."""
        self._hold(self._given)

    def lag(self) -> int | None:
        """Count what is not delivered yet; None while any of it is unknown."""
        if self._number == 0 or self._waiting:
            return None
        total = 0
        for at in self._given:
            theirs = kafka.TopicPartition(at.topic, at.partition)
            end = self._client.highwater(theirs)
            position = self._client.position(theirs, timeout_ms=0)
            if end is None or position is None:
                return None
            total += max(0, end - position)
        return total

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ANN401
        """Hold what was given before anything of it can be fetched."""
        with self._lock:
            given = frozenset(TopicPartition(*at) for at in assigned)
            self._given |= given
            self._number += 1
            self._is_joining = False
        self._hold(given)

    def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ANN401
        """Forget what was taken."""
        with self._lock:
            taken = frozenset(TopicPartition(*at) for at in revoked)
            self._given -= taken
            self._waiting -= taken
            self._number += 1
            self._is_joining = True

    def on_partitions_lost(self, lost: Any) -> None:  # noqa: ANN401
        """Forget what was taken while we were away."""
        self.on_partitions_revoked(lost)

    def _hold(self, partitions: frozenset[TopicPartition]) -> None:
        with self._lock:
            self._waiting |= partitions
        for at in partitions:
            theirs = kafka.TopicPartition(at.topic, at.partition)
            self._client.pause(theirs)
            # A position, any position, keeps the library from asking Kafka for one.
            self._client.seek(theirs, 0)
