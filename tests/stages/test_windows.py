"""Rate windows hold across a crash and a change of owner."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from orchestrator.stages.work.windows import MOST_MARGIN, FullError, Windows
from schemas.connecting import Rate
from tests.core.builders import MINUTE, SECOND, T0

DELETIONS = (Rate(3, SECOND), Rate(60, MINUTE))
READS = (Rate(10, SECOND), Rate(150, MINUTE))
DECLARED = frozenset({DELETIONS, READS})


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


def _send(windows: Windows, times: int, rates: tuple[Rate, ...] = DELETIONS) -> None:
    async def send() -> None:
        for _ in range(times):
            await windows.pass_(rates)

    asyncio.run(send())


def _taken_over(saved: str, after: timedelta, time: Seconds) -> Windows:
    """Own the account anew, *after* the last owner saved its windows."""
    mine = Windows(time, time.sleep)
    now = T0 + after
    mine.restore(saved, T0, now, now, DECLARED)
    return mine


@pytest.mark.parametrize(
    "rates",
    [pytest.param(DELETIONS, id="deletions"), pytest.param(READS, id="reads")],
)
@pytest.mark.parametrize("paged", [1, 5, 25])
def test_limits_hold_whatever_was_sent_between_saving_and_a_crash(
    rates: tuple[Rate, ...], paged: int
) -> None:
    """However many pages the last owner read unsaved, no minute has too many."""
    time = Seconds()
    last = Windows(time, time.sleep)
    text, saved_at = last.snapshot(), time.at
    sent: list[float] = []
    for _ in range(paged):
        _send(last, 1, rates)
        sent.append(time.at)
    time.at += 0.5
    mine = _taken_over(text, (time.at - saved_at) * SECOND, time)

    for _ in range(400):
        _send(mine, 1, rates)
        sent.append(time.at)

    for rate in rates:
        per = rate.per.total_seconds()
        later = sent[rate.limit :]
        assert all(b - a >= per - 1e-6 for a, b in zip(sent, later, strict=False))


def test_rate_that_was_never_used_before_is_known_to_the_next_owner() -> None:
    """Two seconds unseen may hold nine deletions: the first minute has room for 51."""
    time = Seconds()
    mine = _taken_over(Windows(time, time.sleep).snapshot(), 2 * SECOND, time)
    began = time.at

    _send(mine, 51)
    assert time.at - began < 59
    _send(mine, 1)

    assert time.at - began >= 59


def test_windows_given_back_in_peace_leave_the_next_owner_all_their_room() -> None:
    """An owner that saved as it left sent nothing since: nobody waits for it."""
    time = Seconds()
    mine = Windows(time, time.sleep)
    mine.restore(Windows(time).snapshot(), T0, T0, T0 + MINUTE, DECLARED)
    began = time.at

    _send(mine, 3)

    assert time.at == began


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


def test_full_day_holds_up_no_other_call() -> None:
    """A call that would wait for hours is told so; one of other windows passes."""
    time = Seconds()
    windows = Windows(time, time.sleep)
    a_day = (Rate(2, 24 * 60 * MINUTE),)
    _send(windows, 2, a_day)

    with pytest.raises(FullError) as full:
        _send(windows, 1, a_day)
    _send(windows, 10, READS)

    assert full.value.seconds == timedelta(days=1).total_seconds() + MOST_MARGIN
    assert time.at == Seconds().at


def test_minute_is_waited_for() -> None:
    """A call waits its turn where that is short, and the limit holds meanwhile."""
    time = Seconds()
    windows = Windows(time, time.sleep)

    _send(windows, 61)

    assert time.at - Seconds().at >= MINUTE.total_seconds()


COPY, LOOK = Rate(100, MINUTE, cost=8), Rate(100, MINUTE)


def test_request_takes_as_many_places_as_it_costs() -> None:
    """Twelve copies of eight points and four looks are a budget of a hundred."""
    time = Seconds()
    windows = Windows(time, time.sleep)
    began = time.at

    _send(windows, 12, (COPY,))
    _send(windows, 4, (LOOK,))
    assert time.at == began
    _send(windows, 1, (LOOK,))

    assert time.at - began >= MINUTE.total_seconds()


def test_dear_request_waits_for_as_much_as_it_needs() -> None:
    """Eight points are free once the eighth look has left the window."""
    time = Seconds()
    windows = Windows(time, time.sleep)
    for _ in range(100):
        _send(windows, 1, (LOOK,))
        time.at += 0.1
    began = Seconds().at

    _send(windows, 1, (COPY,))

    assert time.at - began == pytest.approx(0.7 + MINUTE.total_seconds() + MOST_MARGIN)


def test_next_owner_knows_what_was_spent() -> None:
    """A budget holds across owners, with the dearest that was sent unseen."""
    time = Seconds()
    last = Windows(time, time.sleep)
    _send(last, 5, (COPY,))
    mine = Windows(time, time.sleep)
    mine.restore(last.snapshot(), T0, T0, T0 + SECOND, {(COPY,), (LOOK,)})
    began = time.at

    _send(mine, 60, (LOOK,))
    assert time.at == began
    _send(mine, 1, (LOOK,))

    assert time.at - began >= (MINUTE - SECOND).total_seconds() - 3


def test_unseen_stretch_counts_as_spent() -> None:
    """Whoever died without saving may have spent the whole budget."""
    time = Seconds()
    empty = Windows(time).snapshot()
    mine = Windows(time, time.sleep)
    mine.restore(empty, T0, T0 + SECOND, T0 + SECOND, {(COPY,), (LOOK,)})
    began = time.at

    _send(mine, 1, (LOOK,))

    assert time.at - began >= (MINUTE - SECOND).total_seconds()
