"""Rate windows hold across a crash and a change of owner."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from orchestrator.stages.work.windows import Windows
from schemas.connecting import Rate
from tests.core.builders import MINUTE, SECOND, T0

DELETIONS = (Rate(3, SECOND), Rate(60, MINUTE))


class Seconds:
    """A monotonic clock on which sleeping is all that takes time."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds


def _send(windows: Windows, times: int) -> None:
    async def send() -> None:
        for _ in range(times):
            await windows.pass_(DELETIONS)

    asyncio.run(send())


def _taken_over(saved: str, after: timedelta, time: Seconds) -> Windows:
    """Own the account anew, *after* the last owner saved its windows."""
    mine = Windows(time, time.sleep)
    now = T0 + after
    mine.restore(saved, T0, now, now, in_flight=8)
    return mine


def test_calls_in_flight_at_a_crash_count_for_the_next_owner() -> None:
    """Saved at a claim of eight, which all left: the next minute has room for 52."""
    time = Seconds()
    saved = Windows(time, time.sleep)
    saved.hold(0)
    _send(saved, 1)
    text = saved.snapshot()
    mine = _taken_over(text, SECOND, time)
    began = time.at

    _send(mine, 52)

    assert time.at - began > 55, "the eight of the last owner are in the same minute"


@pytest.mark.parametrize(("passed", "left"), [(0, 3600), (600, 3000), (4000, 0)])
def test_pause_that_the_processor_asked_for_outlives_its_owner(
    passed: int, left: int
) -> None:
    """Whoever takes over waits as long as Retry-After said to the last owner."""
    time = Seconds()
    told = Windows(time, time.sleep)
    told.hold(3600)

    mine = _taken_over(told.snapshot(), passed * SECOND, time)

    assert mine.held_for == pytest.approx(left)
