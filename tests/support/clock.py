"""A clock that stands still until a test moves it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from orchestrator.adapters.clock import ulid_text

A_MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class FrozenClock:
    """Time as the test says; ids count from one for each prefix; jitter is given."""

    def __init__(self, at: datetime = A_MORNING, *, jitter: float = 0.5) -> None:
        self._now = at
        self._monotonic = 0.0
        self._jitter = jitter
        self._ids: Counter[str] = Counter()

    def now(self) -> datetime:
        """Return the time the test set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds the test let pass."""
        return self._monotonic

    def new_id(self, prefix: str) -> str:
        """Return the next id of this prefix, as long as a real one."""
        self._ids[prefix] += 1
        return f"{prefix}-{ulid_text(self._ids[prefix])}"

    def jitter(self) -> float:
        """Return the test's own chance."""
        return self._jitter

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._monotonic += by.total_seconds()

    def set(self, at: datetime) -> None:
        """Set the wall clock alone, as an administrator might."""
        self._now = at
