"""The parts of the Kafka adapter that need no broker to be proved."""

from __future__ import annotations

import gc
import socket
import threading
import weakref
from collections import defaultdict

import kafka
import pytest
from kafka.errors import FencedInstanceIdError

from orchestrator.adapters.kafka.assignment import Assignment
from orchestrator.adapters.kafka.clients import Sweeper
from orchestrator.adapters.kafka.lane import Lane
from orchestrator.ports.event_log import TopicPartition


class FakeGroup:
    """The part of a membership that the adapter looks at."""

    rejoining = False
    _heartbeat_enabled = True

    def __init__(self) -> None:
        self.is_stable = True
        self.rejoins = 0

    def stable(self) -> bool:
        """Tell whether the group has settled."""
        return self.is_stable

    def request_rejoin(self) -> None:
        """Note that somebody wants to join."""
        self.rejoins += 1


class FakeClient:
    """A client that knows positions and what is paused, and fetches nothing."""

    def __init__(self) -> None:
        self._coordinator = FakeGroup()
        self.positions: dict[kafka.TopicPartition, int] = {}
        self.paused: set[kafka.TopicPartition] = set()
        self.ends: dict[kafka.TopicPartition, int | None] = defaultdict(lambda: None)

    def pause(self, at: kafka.TopicPartition) -> None:
        """Let nothing of *at* flow."""
        self.paused.add(at)

    def resume(self, at: kafka.TopicPartition) -> None:
        """Let *at* flow again."""
        self.paused.discard(at)

    def seek(self, at: kafka.TopicPartition, offset: int) -> None:
        """Go on at *offset*."""
        self.positions[at] = offset

    def position(self, at: kafka.TopicPartition, timeout_ms: int) -> int:
        """Tell where *at* goes on."""
        assert timeout_ms == 0
        return self.positions[at]

    def highwater(self, at: kafka.TopicPartition) -> int | None:
        """Tell where *at* ends, if that was heard."""
        return self.ends[at]


THEIRS = kafka.TopicPartition("t", 0)
OURS = TopicPartition("t", 0)


def test_given_partition_is_held_until_its_position_comes() -> None:
    """What the group gives is paused at once and flows from what the database says."""
    client = FakeClient()
    assignment = Assignment(client)

    assignment.on_partitions_assigned({THEIRS})
    held = set(client.paused)
    number, waiting = assignment.waiting()
    assignment.release(number, {OURS: 7})

    assert (held, waiting) == ({THEIRS}, frozenset({OURS}))
    assert (client.paused, client.positions) == (set(), {THEIRS: 7})
    assert assignment.is_reading


def test_positions_from_before_another_giving_are_not_used() -> None:
    """What was read before the partition went and came back may be out of date."""
    client = FakeClient()
    assignment = Assignment(client)
    assignment.on_partitions_assigned({THEIRS})
    number, _ = assignment.waiting()
    assignment.on_partitions_revoked({THEIRS})
    assignment.on_partitions_assigned({THEIRS})

    assignment.release(number, {OURS: 7})

    assert client.paused == {THEIRS}
    assert assignment.waiting()[1] == {OURS}


def test_partition_that_was_taken_waits_for_nothing() -> None:
    """A lost partition is neither asked for nor counted."""
    assignment = Assignment(FakeClient())
    assignment.on_partitions_assigned({THEIRS})

    assignment.on_partitions_lost({THEIRS})

    assert assignment.waiting()[1] == frozenset()
    assert assignment.is_joining
    assert assignment.lag() == 0


def test_lag_is_unknown_until_the_end_was_heard() -> None:
    """Nothing is guessed: no end, no lag."""
    client = FakeClient()
    assignment = Assignment(client)
    before = assignment.lag()
    assignment.on_partitions_assigned({THEIRS})
    assignment.release(assignment.waiting()[0], {OURS: 7})

    unheard = assignment.lag()
    client.ends[THEIRS] = 10

    assert (before, unheard, assignment.lag()) == (None, None, 3)


def test_forgotten_join_is_asked_for_again() -> None:
    """While a join is under way the library is reminded of it before each poll."""
    client = FakeClient()
    client._coordinator.rejoining = True  # noqa: SLF001 - the fake's own

    Assignment(client).mend()

    assert client._coordinator.rejoins == 1  # noqa: SLF001


def test_member_without_a_heartbeat_is_fenced() -> None:
    """A settled member whose heartbeat stopped has lost its slot."""
    client = FakeClient()
    assignment = Assignment(client)
    assignment.mend()
    client._coordinator._heartbeat_enabled = False  # noqa: SLF001

    with pytest.raises(FencedInstanceIdError):
        assignment.mend()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_sweeper_closes_what_lies_in_a_cycle() -> None:
    """A socket that only a cycle holds is closed, though not at every call."""
    sweeper = Sweeper()
    gc.disable()

    try:
        first = a_socket_in_a_cycle()
        sweeper.sweep()
        second = a_socket_in_a_cycle()
        sweeper.sweep()
        left = [first() is not None, second() is not None]
    finally:
        gc.enable()
        gc.collect()

    assert left == [False, True]


def a_socket_in_a_cycle() -> weakref.ref[socket.socket]:
    """Open a socket that only a cycle holds, and watch it."""
    cycle: list[object] = []
    one = socket.socket()
    cycle += [cycle, one]
    return weakref.ref(one)


def test_lane_hands_back_results_and_errors_in_order() -> None:
    """Each call runs after the one before, and its error reaches who asked."""
    lane = Lane("test")
    seen: list[int] = []

    first = lane.submit(lambda: seen.append(1))
    failed = lane.submit(lambda: seen[99])
    last = lane.submit(lambda: seen.append(2))

    first.result(5)
    last.result(5)
    assert isinstance(failed.exception(5), IndexError)
    assert seen == [1, 2]
    assert lane.close(5)


def test_lane_that_hangs_does_not_hold_up_its_closing() -> None:
    """Closing says so when a call has not come back."""
    lane, release = Lane("test"), threading.Event()
    lane.submit(release.wait)

    assert not lane.close(0.05)

    release.set()
