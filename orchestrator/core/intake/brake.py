"""
The brake on mass erasures: when too many came at once, and what counts as too many.

Erasures are counted by the source that sent them and by all sources of a controller
together, in hours of UTC.  The brake holds what comes above a limit; it never drops a
request, and once pulled it stays so until two people have decided.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from orchestrator.core.changing import replace
from orchestrator.core.grounds import Ground, fits
from orchestrator.core.laws import Law
from orchestrator.core.words import Rehearsal, Right

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALL_SOURCES = "all"
"""
Where all sources of a controller are counted together.

A source of that very name is counted twice here, and so braked the earlier.
"""
DAYS_LOOKED_BACK = 28
DAYS_WANTED = 7
"""So many days of counting make a baseline; before, only the cap holds."""
WHOLESALE = tuple(
    ground
    for ground in Ground
    if all(fits(ground, law, set(Right), in_part=False) for law in Law)
)
"""Grounds that fit under every law, whatever a held request asks beside the erasure."""


class BrakeCause(StrEnum):
    """Which limit was passed."""

    HOURLY_CAP = "hourly_cap"
    """More in an hour than the register allows at all."""
    ABOVE_USUAL = "above_usual"
    """More in an hour than so many times the usual of this hour of the day."""
    SHARE_OF_CUSTOMERS = "share_of_customers"
    """More in 24 hours than the register's share of the customer base."""


class BrakeState(StrEnum):
    """How a pulled brake stands."""

    PULLED = "pulled"
    """Every new erasure of the source is held; two people end it."""
    RELEASED = "released"
    """Two people let go on what was held, and counting began afresh."""
    REFUSED = "refused"
    """Two people refused what was held, and counting began afresh."""


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """How many erasures may come; `per_day` is a share of the customer base."""

    per_hour: int
    factor: float
    minimum: int
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Overrun:
    """The limit that one more erasure would pass."""

    cause: BrakeCause
    counted: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Brake:
    """
    What was counted of one source in the current hour, and whether it is pulled.

    `passed` and `held` are of the whole hour; `fresh_hour` and `fresh_day` are what
    passed since the last release.  Nothing that was held is part of the usual.
    """

    controller: str
    source: str
    hour: datetime
    passed: int = 0
    held: int = 0
    fresh_hour: int = 0
    fresh_day: int = 0
    usual: float | None = None
    pull: str | None = None

    def let_pass(self) -> Brake:
        """Count an erasure that goes on."""
        return replace(
            self,
            passed=self.passed + 1,
            fresh_hour=self.fresh_hour + 1,
            fresh_day=self.fresh_day + 1,
        )

    def hold(self) -> Brake:
        """Count an erasure that is held."""
        return replace(self, held=self.held + 1)


def counts(rights: Collection[Right], rehearsal: Collection[Rehearsal]) -> bool:
    """Tell whether the brake counts such a request: an erasure that is for real."""
    return Right.ERASURE in rights and not rehearsal


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour, in UTC, so that no clock change moves it."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def usual_of(
    hour: datetime, counted_since: datetime, passed: dict[datetime, int]
) -> float | None:
    """
    Return the median of this hour of the day over the days before.

    A day on which nothing came counts as none; without enough days nothing is usual.
    """
    days = min((hour - hour_of(counted_since)) // DAY, DAYS_LOOKED_BACK)
    if days < DAYS_WANTED:
        return None
    before = sorted(passed.get(hour - back * DAY, 0) for back in range(1, days + 1))
    return (before[days // 2] + before[(days - 1) // 2]) / 2


def allowed_in(limits: BrakeLimits, usual: float | None) -> tuple[BrakeCause, int]:
    """Return how many may pass in this hour, and which limit says so."""
    if usual is None:
        return BrakeCause.HOURLY_CAP, limits.per_hour
    above = max(limits.minimum, int(limits.factor * usual))
    if above < limits.per_hour:
        return BrakeCause.ABOVE_USUAL, above
    return BrakeCause.HOURLY_CAP, limits.per_hour


def overrun(brake: Brake, limits: BrakeLimits) -> Overrun | None:
    """Return the limit that one more erasure passes, if it passes one."""
    cause, allowed = allowed_in(limits, brake.usual)
    counted = brake.fresh_hour + 1
    if counted > allowed:
        return Overrun(cause, counted, allowed)
    counted = brake.fresh_day + 1
    if limits.per_day is not None and counted > limits.per_day:
        return Overrun(BrakeCause.SHARE_OF_CUSTOMERS, counted, limits.per_day)
    return None
