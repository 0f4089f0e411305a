"""Look for publishers whose last key ends soon: after it each of their events fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from orchestrator.adapters.register.advice import RegisterWarning
from orchestrator.adapters.register.loading import Register
from orchestrator.adapters.register.publishers import PublisherTable

SOON = timedelta(days=30)
_DAY = timedelta(days=1)


def expiring(register: Register, today: date) -> Iterator[RegisterWarning]:
    """Yield a warning for each publisher without a valid key within 30 days (UTC)."""
    for name, publisher in sorted(register.publishers.items()):
        last = last_day(publisher, today)
        path = f"publishers.{name}.keys"
        if last is not None and last < today:
            yield RegisterWarning(
                path,
                "no key of it is valid today, so each of its events is refused; add"
                " its present key, or correct the days.",
            )
        elif last is not None and last <= today + SOON:
            yield RegisterWarning(
                path,
                f"no key of it is valid after {last}, and each of its events is"
                " refused from then on; add its next key, with a week of overlap.",
            )


def last_day(publisher: PublisherTable, today: date) -> date | None:
    """Return the last day of an unbroken row of valid keys; none: it has no end."""
    end = today - _DAY
    while True:
        going_on = [
            key.valid_to
            for key in publisher.keys
            if (key.valid_from is None or key.valid_from <= end + _DAY)
            and (key.valid_to is None or key.valid_to > end)
        ]
        ends = [day for day in going_on if day is not None]
        if len(ends) < len(going_on):
            return None
        if not ends:
            return end
        end = max(ends)
