"""How results are printed for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.entrypoints.cli.showing import text

EARLY = datetime(2026, 11, 17, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-9, 0, 1, 14])
def test_a_time_is_told_in_utc_whatever_its_offset(hours: int) -> None:
    """A request keeps the offset it came with; its hour must not be called UTC."""
    there = EARLY.astimezone(timezone(timedelta(hours=hours)))

    assert text(there) == "2026-11-17 00:30Z"
