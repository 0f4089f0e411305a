"""
Rate windows of one account: several at once, kept across restarts and owners.

A window never lets more than its limit through in any stretch of its length; a request
takes as many places as it costs.  Arrivals are less even than sends, so each window is
a little longer than declared.  What is kept is coarse (ages in twenty buckets a
window), with the pause that the processor asked for; whoever takes over adds the most
that the last owner can have sent since, so that a limit holds across both.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from schemas.connecting import Rate

BUCKETS = 20
PATIENCE = 120.0  # seconds a call may wait for its turn; longer, and its task waits
MARGIN_SHARE, MOST_MARGIN = 0.02, 0.25  # of a window's length; seconds

Key = tuple[int, float]


class FullError(Exception):
    """A window has no room for longer than a call may wait; `seconds` says how long."""

    def __init__(self, seconds: float) -> None:
        super().__init__("rate_window_full")
        self.seconds = seconds


class Windows:
    """Sliding windows on a monotonic clock; used from one event loop."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        of: Collection[str] = (),
    ) -> None:
        """Begin with empty windows, *of* accounts that one credential opens."""
        self._monotonic = monotonic
        self._sleep = sleep
        self._of = sorted(of)
        self._sent: dict[Key, deque[float]] = {}
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long, as the processor asked."""
        self._held_until = max(self._held_until, self._monotonic() + seconds)

    @property
    def held_for(self) -> float:
        """Return how many seconds the processor's own pause still lasts."""
        return max(0.0, self._held_until - self._monotonic())

    async def pass_(self, rates: Sequence[Rate]) -> None:
        """
        Wait until every window has room, then take a place in each.

        Only those wait whose own windows are full.  Raises `FullError` at once if that
        takes longer than `PATIENCE`, so that a day's window holds up no other call.
        """
        while (pause := self._pause(rates)) > 0:
            if pause > PATIENCE:
                raise FullError(pause)
            await self._sleep(pause)
        # Nothing is awaited between the last look and here: one event loop, one turn.
        now = self._monotonic()
        for rate in rates:
            self._window(rate).extend([now] * rate.cost)

    def wait_for(self, rates: Sequence[Rate]) -> float:
        """Return how many seconds until every window has room; takes no place."""
        return max(0.0, self._pause(rates))

    def snapshot(self) -> str:
        """
        Return the windows as text: ages in seconds and counts, coarse and late.

        From any thread: each window is copied before it is counted.
        """
        now = self._monotonic()
        kept = []
        for (limit, per), sent in tuple(self._sent.items()):
            width = per / BUCKETS
            counts: dict[int, int] = {}
            for moment in tuple(sent):
                bucket = int((now - moment) / width)
                if bucket < BUCKETS:
                    counts[bucket] = counts.get(bucket, 0) + 1
            kept.append(
                [limit, per, [[b * width, n] for b, n in sorted(counts.items())]]
            )
        return json.dumps({"held_for": self.held_for, "windows": kept, "of": self._of})

    def clear(self) -> None:
        """Forget what was sent: whoever owned the account meanwhile knows better."""
        self._sent.clear()

    def restore(
        self,
        saved: str,
        saved_at: datetime,
        owned_until: datetime,
        now: datetime,
        declared: Collection[Sequence[Rate]],
    ) -> None:
        """
        Add *saved* windows and the most that was sent until *owned_until*.

        *declared* are the windows that apply together, for each way the account may be
        asked.  All of them are filled: the last owner may have begun after it saved to
        use one that it had not used before.
        """
        since = max(0.0, (now - saved_at).total_seconds())
        unseen = max(0.0, (min(owned_until, now) - saved_at).total_seconds())
        present = self._monotonic()
        kept = json.loads(saved)
        self.hold(kept["held_for"] - since)
        ages = {(limit, per): ages for limit, per, ages in kept["windows"]}
        most = _most_sent(declared, unseen)
        for limit, per in ages.keys() | most.keys():
            sent = [*self._sent.get((limit, per), ())]
            sent += [
                present - age - since
                for age, count in ages.get((limit, per), ())
                for _ in range(count)
            ]
            sent += [present - since + unseen] * most.get((limit, per), 0)
            recent = sorted(moment for moment in sent if moment > present - per)
            self._sent[limit, per] = deque(recent[-limit:])

    def _pause(self, rates: Sequence[Rate]) -> float:
        """Return the seconds until every window has room; drops what has left them."""
        now = self._monotonic()
        wait = self._held_until - now
        for rate in rates:
            sent, per = self._window(rate), rate.per.total_seconds()
            per += min(per * MARGIN_SHARE, MOST_MARGIN)
            while sent and sent[0] <= now - per:
                sent.popleft()
            too_many = len(sent) + rate.cost - rate.limit
            if too_many > 0:
                wait = max(wait, sent[too_many - 1] + per - now)
        return wait

    def _window(self, rate: Rate) -> deque[float]:
        """Return the window of *rate*."""
        return self._sent.setdefault((rate.limit, rate.per.total_seconds()), deque())


def held_until(saved: str, saved_at: datetime) -> datetime:
    """Return when the pause ends that the processor asked for, as it was saved."""
    return saved_at + timedelta(seconds=json.loads(saved)["held_for"])


def saved_of(saved: str) -> tuple[str, ...]:
    """Return the accounts whose windows were *saved*; none for an account alone."""
    return tuple(json.loads(saved).get("of", ()))


def _most_sent(
    declared: Collection[Sequence[Rate]], seconds: float
) -> Mapping[Key, int]:
    """
    Return how much at most was taken of each window in a stretch of *seconds*.

    Of windows that apply together the tightest bounds the others; ways to ask that
    share a window add up in it.
    """
    most: dict[Key, int] = {}
    if seconds <= 0:
        return most
    for together in {tuple(rates) for rates in declared if rates}:
        passed = min(
            rate.limit // rate.cost * (int(seconds / rate.per.total_seconds()) + 1)
            for rate in together
        )
        for rate in together:
            key = (rate.limit, rate.per.total_seconds())
            most[key] = min(rate.limit, most.get(key, 0) + passed * rate.cost)
    return most
