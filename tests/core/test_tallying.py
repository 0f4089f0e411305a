"""What a report counts, against numbers that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.core.answer.statistics import Answer, Figures, LineFigure
from orchestrator.core.answer.tallying import (
    Days,
    OpenLine,
    by_account,
    by_california,
    by_jurisdiction,
    by_right,
    days_of,
)

FIRST = date(2026, 3, 2)
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def some_figures(
    answer: Answer | None = Answer.WHOLE, days: int = 0, **changes: object
) -> Figures:
    """Build an erasure received on 2 March 2026, due 31 days later."""
    figures = Figures(
        controller="maison",
        time_zone="Europe/Berlin",
        jurisdiction="DE",
        channel="web",
        received_on=FIRST,
        due_on=FIRST + timedelta(days=31),
        answers={"erasure": answer},
        answered_on=None if answer is None else FIRST + timedelta(days=days),
    )
    return replace(figures, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], Days(None, None, None), id="no answers"),
        pytest.param([7], Days(7.0, 7.0, 7), id="one"),
        pytest.param([3, 10], Days(6.5, 6.5, 10), id="two"),
        pytest.param([30, 1, 2], Days(2.0, 11.0, 30), id="unsorted"),
        # ceil(0.9 * 10) = 9th of ten; (4 + 5) / 2; 63 / 10
        pytest.param(
            [0, 1, 2, 3, 4, 5, 6, 7, 9, 26], Days(4.5, 6.3, 9), id="ten, nearest rank"
        ),
        # ceil(0.9 * 11) = 10th of eleven; 100 / 11 = 9.0909…
        pytest.param([9] * 9 + [10, 9], Days(9.0, 9.09, 9), id="eleven"),
        pytest.param([1, 1, 2], Days(1.0, 1.33, 2), id="rounded once"),
    ],
)
def test_days_are_exact(values: list[int], expected: Days) -> None:
    """Median, mean and 90th percentile are those of the definition."""
    assert days_of(values) == expected


def test_every_request_is_counted_once() -> None:
    """What was received is the sum of how it was answered and what is open."""
    figures = [
        some_figures(Answer.WHOLE, 3),
        some_figures(Answer.WHOLE, 10),
        some_figures(Answer.PART, 31, grounds_in_part=("legal_claims",)),
        some_figures(Answer.NOTHING, 32),
        some_figures(Answer.DENIED, 5, ground="excessive"),
        some_figures(Answer.WITHDRAWN, 1),
        some_figures(None),
        some_figures(None, due_on=date(2026, 6, 1), is_extended=True),
    ]

    (line,) = by_right(figures, ["erasure"], NOW)

    assert line.received == 8
    assert (line.whole, line.part, line.nothing, line.denied) == (2, 1, 1, 1)
    assert (line.withdrawn, line.open, line.overdue) == (1, 2, 1)
    # 3, 5, 10, 31 and 32 days; the withdrawn one is no answer
    assert line.days == Days(10.0, 16.2, 32)
    assert (line.on_time, line.late) == (4, 1)
    assert (line.extended, line.suspended) == (1, 0)
    assert line.denied_for == {"excessive": 1}
    assert line.denied_in_part_for == {"legal_claims": 1}


@pytest.mark.parametrize(
    ("now", "overdue"),
    [
        pytest.param(datetime(2026, 4, 2, 21, 59, tzinfo=UTC), 0, id="still the day"),
        pytest.param(datetime(2026, 4, 2, 22, 0, tzinfo=UTC), 1, id="midnight there"),
    ],
)
def test_last_day_ends_at_the_controllers_midnight(now: datetime, overdue: int) -> None:
    """2 April ends in Berlin at 22:00 UTC."""
    (line,) = by_right([some_figures(None)], ["erasure"], now)

    assert line.overdue == overdue


def test_request_for_two_rights_stands_in_both_lines() -> None:
    """Each right is answered by itself."""
    both = some_figures(answers={"access": Answer.WHOLE, "erasure": Answer.DENIED})

    erasure, access, portability = by_right(
        [both], ["erasure", "access", "portability"], NOW
    )

    assert (erasure.denied, access.whole, portability.received) == (1, 1, 0)


def test_california_counts_a_copy_once() -> None:
    """Access and portability of one request are one request to know."""
    figures = [
        some_figures(answers={"access": Answer.WHOLE, "portability": Answer.WHOLE}),
        some_figures(answers={"access": Answer.WHOLE, "portability": Answer.DENIED}),
        some_figures(answers={"access": None, "portability": None}),
    ]

    delete, know = by_california(figures, NOW)

    assert (delete.name, delete.received) == ("delete", 0)
    assert (know.received, know.whole, know.part, know.open) == (3, 1, 1, 1)


def test_places_are_told_apart() -> None:
    """A line is a right in a jurisdiction."""
    figures = [some_figures(), some_figures(jurisdiction="US-CA"), some_figures()]

    found = {line.name: line.received for line in by_jurisdiction(figures, NOW)}

    assert found == {"DE erasure": 2, "US-CA erasure": 1}


def test_account_is_measured_from_its_first_call() -> None:
    """A line nobody was asked about has an outcome and no days; open ones count."""
    due = FIRST + timedelta(days=31)
    lines = (
        LineFigure("crm", "erase", "done", FIRST, FIRST + timedelta(days=2)),
        LineFigure("crm", "erase", "failed", FIRST, due + timedelta(days=1)),
        LineFigure("crm", "erase", "not_applicable", None, FIRST),
    )
    waiting = [OpenLine("crm", "erase", True), OpenLine("crm", "erase", False)]  # noqa: FBT003 (overdue or not)

    (line,) = by_account([some_figures(lines=lines)], waiting)

    assert (line.answered, line.fulfilled, line.unfulfilled) == (3, 1, 2)
    assert (line.late, line.open, line.overdue) == (1, 2, 1)
    assert line.days == Days(17.0, 17.0, 32)
