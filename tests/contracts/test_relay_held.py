"""What leaves the house while a restored backup is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.adapters.receipts.log_standing import Compared, Standing
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.ports import OutgoingMessage
from orchestrator.ports.event_log import Message
from orchestrator.stages.relay import Relay
from schemas.topics import CASE_EVENTS, RECEIPTS, instructions_topic
from tests.contracts.stored import Stored
from tests.core.builders import T0
from tests.support.clock import FrozenClock

INSTRUCTIONS = instructions_topic("shop")


@dataclass
class _Listener:
    """Takes every message."""

    heard: list[str] = field(default_factory=list)

    def publish(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Note the topics."""
        self.heard += [one.topic for one in messages]
        return [True for _ in messages]

    def close(self) -> None:
        """Let go of nothing."""


def test_only_alarms_leave_while_a_restored_backup_is_held(stored: Stored) -> None:
    """Instructions and receipts wait for what was published; then they leave."""
    hold, listener = SqlRestoreHold(stored.database), _Listener()
    relay = Relay(stored.outbox, listener, FrozenClock(), "us", "test", None)
    relay = relay.also([INSTRUCTIONS]).while_held(hold.is_held)
    for topic in (CASE_EVENTS, RECEIPTS, INSTRUCTIONS):
        stored.outbox.send(OutgoingMessage(topic, topic, "k", "t.v1", "{}"), T0)

    hold.follow(Compared(Standing.BEHIND, 0, 1), T0)
    relay.turn()
    held = list(listener.heard)
    hold.follow(Compared(Standing.EVEN, 1, 1), T0)
    relay.turn()

    assert held == [CASE_EVENTS]
    assert listener.heard == [CASE_EVENTS, RECEIPTS, INSTRUCTIONS]
