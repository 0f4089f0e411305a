"""
Relay: send the outbox to the event log, topic by topic, in order, at least once.

Unsent rows are found by their mark, never by a cursor; one relay a topic holds the
topic's lease, where there may be several.  Consumers drop what they have seen by
message id or lower version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, Self

import structlog

from orchestrator.ports import Clock, UnsentMessage
from orchestrator.ports.event_log import Message, Publisher
from schemas.cloudevents import Envelope, encode
from schemas.topics import CASE_EVENTS, RECEIPTS

log = structlog.get_logger()

TOPICS: tuple[str, ...] = (RECEIPTS, CASE_EVENTS)  # receipts are waited for
WHILE_HELD: tuple[str, ...] = (CASE_EVENTS,)  # alarms; no instruction, no receipt
AT_ONCE = 500


class Outbox(Protocol):
    """The messages that are durable and not known to be sent."""

    def unsent(self, topics: Sequence[str], limit: int) -> Sequence[UnsentMessage]:
        """Return the oldest unsent messages of each of *topics*, in order."""

    def mark_sent(self, seqs: Sequence[int], at: datetime) -> None:
        """Note that these messages are durably in the log."""

    def hold(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        """Take or keep the lease of one topic."""

    def let_go(self, name: str, owner: str) -> None:
        """Give the lease back."""


class Relay:
    """Sends what is unsent; one a topic is active at a time."""

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        clock: Clock,
        owner: str,
        source: str,
        lease: timedelta | None,
    ) -> None:
        """
        Keep the parts; *source* names this installation in every event.

        Without a *lease* this is the only relay there can be: what a dead one left
        is sent at once.
        """
        self._outbox = outbox
        self._publisher = publisher
        self._clock = clock
        self._owner = owner
        self._source = source
        self._lease = lease
        self._topics = TOPICS
        self._is_held: Callable[[], bool] = lambda: False
        self._held_until: dict[str, float] = {}

    def also(self, topics: Sequence[str]) -> Self:
        """Send these topics too, which not every installation has."""
        self._topics = (*self._topics, *topics)
        return self

    def while_held(self, is_held: Callable[[], bool]) -> Self:
        """Send nothing but case events while *is_held*: a restored backup waits."""
        self._is_held = is_held
        return self

    def turn(self) -> int:
        """Send a batch of each topic; returns how many messages were acknowledged."""
        waiting: dict[str, list[UnsentMessage]] = defaultdict(list)
        for one in self._outbox.unsent(self._topics, AT_ONCE):
            waiting[one.message.topic].append(one)
        if not waiting:
            return 0
        topics = WHILE_HELD if self._is_held() else self._topics
        return sum(self._relay(one, waiting[one]) for one in topics if one in waiting)

    def close(self) -> None:
        """Give the topics back."""
        for topic in self._held_until:
            self._outbox.let_go(f"relay:{topic}", self._owner)

    def _relay(self, topic: str, waiting: Sequence[UnsentMessage]) -> int:
        """Send one batch of one topic; stops marking at the first unknown fate."""
        if not self._holds(topic):
            return 0
        acknowledged = self._publisher.publish([self._message(one) for one in waiting])
        sent = []
        for one, is_acknowledged in zip(waiting, acknowledged, strict=True):
            if not is_acknowledged:
                break
            sent.append(one.seq)
        if sent:
            self._outbox.mark_sent(sent, self._clock.now())
        return len(sent)

    def _holds(self, topic: str) -> bool:
        """Take or keep the topic's lease; asks the database only when it runs low."""
        present = self._clock.monotonic()
        if self._lease is None or present < self._held_until.get(topic, 0.0):
            return True
        now = self._clock.now()
        until = now + self._lease
        if not self._outbox.hold(f"relay:{topic}", self._owner, now, until):
            return False
        self._held_until[topic] = present + self._lease.total_seconds() / 2
        return True

    def _message(self, unsent: UnsentMessage) -> Message:
        """Return the row as a CloudEvent in binary mode."""
        message = unsent.message
        envelope = Envelope(
            id=message.message_id,
            source=self._source,
            type=message.type,
            time=unsent.made_at,
            data=message.data.encode(),
        )
        encoded = encode(envelope, message.key)
        return Message(
            message.topic, encoded.key or b"", encoded.headers, encoded.value
        )
