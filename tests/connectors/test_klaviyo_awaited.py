"""When looks that found nothing prove that a Klaviyo profile is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.klaviyo.awaited import Awaited

DAY = timedelta(hours=24)
FIRST = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def after_looks(*times: datetime | None) -> Awaited:
    """Return what is known after empty looks at these times."""
    awaited = Awaited(profile="01ABC", emails=(), others=())
    for time in times:
        awaited = awaited.missed(time)
    return awaited


@pytest.mark.parametrize(
    ("times", "wanted", "wait"),
    [
        pytest.param([FIRST], 2, DAY, id="one look"),
        pytest.param([FIRST, FIRST + DAY], 2, None, id="a day apart"),
        pytest.param(
            [FIRST, FIRST + DAY - timedelta(seconds=1)], 2, None, id="a tick short"
        ),
        pytest.param(
            [FIRST, FIRST + DAY / 4], 2, DAY * 3 / 4, id="asked before the time"
        ),
        pytest.param([FIRST, FIRST, FIRST, FIRST], 2, DAY, id="asked four times"),
        pytest.param([FIRST, FIRST + DAY], 3, DAY, id="a third look wanted"),
        pytest.param([FIRST, FIRST + 3 * DAY], 3, DAY, id="one of three missing"),
        pytest.param([FIRST, FIRST + DAY, FIRST + 2 * DAY], 3, None, id="three"),
        pytest.param([FIRST], 1, None, id="one wanted"),
        pytest.param([None], 2, DAY, id="no date, one look"),
        pytest.param([None, None], 2, None, id="no date, two looks"),
    ],
)
def test_absence_is_proven_by_looks_far_enough_apart(
    times: list[datetime | None], wanted: int, wait: timedelta | None
) -> None:
    """Both the number of looks and the time between them count."""
    awaited = after_looks(*times)

    assert awaited.must_wait(wanted, DAY, times[-1]) == wait


def test_profile_seen_again_starts_anew() -> None:
    """What was gone and came back was not gone."""
    awaited = after_looks(FIRST, FIRST + DAY).seen()

    assert awaited == after_looks()
