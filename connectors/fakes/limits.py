"""
How often each processor lets itself be asked, as it documents, and its own counting.

Written from the vendors' pages (read 2026-11), not from the connectors: a declaration
that is faster than its processor allows shows here.  A fake counts only if it is given
a limiter; then it answers 429 to what is too much.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `points` in any stretch of `seconds`, by those operations, or by all."""

    points: int
    seconds: float
    operations: frozenset[str] = frozenset()
    cost: Mapping[str, int] = field(default_factory=dict)  # 1 where absent

    def covers(self, operation: str) -> bool:
        """Tell whether *operation* counts."""
        return not self.operations or operation in self.operations


def _of(points: int, seconds: float, *operations: str, **cost: int) -> Limit:
    return Limit(points, seconds, frozenset(operations), cost)


LIMITS: Mapping[str, Sequence[Limit]] = {
    # "1 HTTP request per second"; the privacy budget is of 14,400 points an hour.
    "amplitude": (
        _of(1, _SECOND, "list_jobs", "create_job"),
        _of(14_400, _HOUR, "create_copy", "read_copy", "read_output", create_copy=8),
    ),
    "commercetools": (_of(200, _SECOND),),
    "hubspot": (
        _of(5, _SECOND, "search"),
        _of(100, 10.0, "account", "properties", "read", "gdpr_delete"),
    ),
    "iterable": (
        _of(3, _SECOND, "forget"),
        _of(1000, _DAY, "forget"),
        _of(3, _SECOND, "forgotten"),
        _of(3, _SECOND, "forgotten_user_ids"),
        _of(1, _SECOND, "events"),
        _of(100, _SECOND, "read_by_email", "read_by_user_id", "unsubscribe"),
        _of(100, _SECOND, "delete_by_email", "delete_by_user_id", "channels"),
    ),
    "klaviyo": (
        _of(75, _SECOND, "accounts", "search_profiles", "read_profile"),
        _of(750, _MINUTE, "accounts", "search_profiles", "read_profile"),
        _of(1, _SECOND, "export_profile"),
        _of(15, _MINUTE, "export_profile"),
        _of(350, _SECOND, "events"),
        _of(3500, _MINUTE, "events"),
        _of(3, _SECOND, "delete_profile"),
        _of(60, _MINUTE, "delete_profile"),
    ),
    "mixpanel": (_of(1, _SECOND),),
    "vtex": (_of(6000, _MINUTE),),
    "zendesk": (
        _of(200, _MINUTE),
        _of(100, _MINUTE, "search_tickets"),
        _of(10, _MINUTE, "deleted_tickets"),
        _of(400, _MINUTE, "delete_ticket"),
        _of(700, 600.0, "destroy_user"),
    ),
}


class Limiter:
    """Counts one account's requests; refuses what is too much, which is not counted."""

    def __init__(self, limits: Sequence[Limit], clock: Callable[[], float]) -> None:
        """Begin with nothing counted; *clock* gives seconds."""
        self._clock = clock
        self._counted = [(limit, deque[tuple[float, int]](), [0]) for limit in limits]

    def admits(self, operation: str) -> bool:
        """Count a request to *operation*, or refuse it."""
        now = self._clock()
        counting = [one for one in self._counted if one[0].covers(operation)]
        for limit, sent, taken in counting:
            while sent and sent[0][0] <= now - limit.seconds:
                taken[0] -= sent.popleft()[1]
            if taken[0] + limit.cost.get(operation, 1) > limit.points:
                return False
        for limit, sent, taken in counting:
            cost = limit.cost.get(operation, 1)
            sent.append((now, cost))
            taken[0] += cost
        return True
