"""What ids and times promise."""

from __future__ import annotations

import re
import time
from datetime import UTC, timedelta

import pytest

from orchestrator.adapters.clock import SystemClock
from orchestrator.ports import Clock
from tests.support.clock import A_MORNING, FrozenClock


def test_id_is_a_prefix_and_a_ulid() -> None:
    """An id is its prefix and 26 characters without look-alikes."""
    identifier = SystemClock().new_id("c")

    assert re.fullmatch(r"c-[0-7][0-9A-HJKMNP-TV-Z]{25}", identifier)


def test_ids_sort_by_time_even_within_a_millisecond() -> None:
    """A thousand ids made at once are distinct and already sorted."""
    clock = SystemClock()

    ids = [clock.new_id("c") for _ in range(1000)]

    assert ids == sorted(set(ids))


def test_ids_go_on_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id made after the clock was set back still sorts last."""
    clock = SystemClock()
    before = clock.new_id("c")
    an_hour_ago = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: an_hour_ago)

    assert clock.new_id("c") > before


def test_ids_of_two_processes_differ() -> None:
    """Two clocks started at the same moment share no id."""
    first, second = SystemClock(), SystemClock()

    assert first.new_id("c") != second.new_id("c")


def test_time_is_aware_and_in_utc() -> None:
    """The time says its own zone."""
    assert SystemClock().now().tzinfo is UTC


def test_jitter_stays_below_one() -> None:
    """Jitter is a share of a wait, and not always the same."""
    clock = SystemClock()

    shares = {clock.jitter() for _ in range(100)}

    assert len(shares) > 1
    assert all(0 <= share < 1 for share in shares)


def test_frozen_clock_moves_only_when_told() -> None:
    """A test's clock stands still, and its ids count."""
    clock = FrozenClock()

    clock.advance(timedelta(hours=1))

    assert clock.now() == A_MORNING + timedelta(hours=1)
    assert clock.monotonic() == 3600
    assert [clock.new_id("c"), clock.new_id("c")] == [
        "c-00000000000000000000000001",
        "c-00000000000000000000000002",
    ]


def test_both_clocks_fit_the_port() -> None:
    """Stages take either; mypy checks the shapes, this the values."""
    clocks: list[Clock] = [SystemClock(), FrozenClock()]

    assert all(clock.monotonic() <= clock.monotonic() for clock in clocks)
