"""What the passing of time does to a case that nothing else moves."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.core.decide import decide
from orchestrator.core.events import TimePassed
from tests.core.builders import a_case


def test_awaited_moment_is_followed_by_the_next() -> None:
    """A case that nothing moved waits for a later moment: the sweep lets it be."""
    case = a_case()
    assert case.wake_at is not None
    moment = TimePassed(case.wake_at)

    after = decide(case, moment).case

    assert after.wake_at is not None
    assert after.wake_at > moment.at


def test_time_before_the_awaited_moment_changes_nothing() -> None:
    """A sweep that comes too early leaves the case as it is."""
    case = a_case()
    assert case.wake_at is not None

    decision = decide(case, TimePassed(case.wake_at - timedelta(seconds=1)))

    assert decision.case is case
