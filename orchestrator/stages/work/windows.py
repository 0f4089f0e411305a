"""
Rate windows of one account: several at once, kept across restarts and owners.

A window never lets more than its limit through in any stretch of its length.  What is
kept is coarse (ages in twenty buckets a window), with the pause that the processor
asked for; whoever takes over adds what the last owner could have sent since, so that a
limit holds across both.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from schemas.connecting import Rate

BUCKETS = 20


class Windows:
    """Sliding windows on a monotonic clock; used from one event loop."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Begin with empty windows."""
        self._monotonic = monotonic
        self._sleep = sleep
        self._sent: dict[tuple[int, float], deque[float]] = {}
        self._held_until = 0.0
        self._turn = asyncio.Lock()

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long, as the processor asked."""
        self._held_until = max(self._held_until, self._monotonic() + seconds)

    @property
    def held_for(self) -> float:
        """Return how many seconds the processor's own pause still lasts."""
        return max(0.0, self._held_until - self._monotonic())

    async def pass_(self, rates: Sequence[Rate]) -> None:
        """Wait until every window has room, then take a place in each."""
        async with self._turn:
            while (pause := self._pause(rates)) > 0:
                await self._sleep(pause)
            now = self._monotonic()
            for rate in rates:
                self._window(rate).append(now)

    def snapshot(self) -> str:
        """Return the windows as text: ages in seconds and counts, coarse and late."""
        now = self._monotonic()
        kept = []
        for (limit, per), sent in self._sent.items():
            width = per / BUCKETS
            counts: dict[int, int] = {}
            for moment in sent:
                bucket = int((now - moment) / width)
                if bucket < BUCKETS:
                    counts[bucket] = counts.get(bucket, 0) + 1
            kept.append(
                [limit, per, [[b * width, n] for b, n in sorted(counts.items())]]
            )
        return json.dumps({"held_for": self.held_for, "windows": kept})

    def restore(
        self,
        saved: str,
        saved_at: datetime,
        owned_until: datetime,
        now: datetime,
        in_flight: int = 1,
    ) -> None:
        """
        Take over *saved* windows and what may have been sent until *owned_until*.

        The last owner saved them with each claim, so that since then it finished at
        most *in_flight* calls at once, and went on steadily.
        """
        since = max(0.0, (now - saved_at).total_seconds())
        unseen = max(0.0, (min(owned_until, now) - saved_at).total_seconds())
        present = self._monotonic()
        kept = json.loads(saved)
        self.hold(kept["held_for"] - since)
        for limit, per, ages in kept["windows"]:
            sent = [present - age - since for age, count in ages for _ in range(count)]
            burst = int(limit * unseen / per) + in_flight
            most = min(limit, burst) if unseen > 0 else 0
            sent += [present - since + unseen] * most
            recent = sorted(moment for moment in sent if moment > present - per)
            self._sent[limit, per] = deque(recent[-limit:])

    def _pause(self, rates: Sequence[Rate]) -> float:
        """Return the seconds until every window has room; drops what has left them."""
        now = self._monotonic()
        wait = self._held_until - now
        for rate in rates:
            sent, per = self._window(rate), rate.per.total_seconds()
            while sent and sent[0] <= now - per:
                sent.popleft()
            if len(sent) >= rate.limit:
                wait = max(wait, sent[len(sent) - rate.limit] + per - now)
        return wait

    def _window(self, rate: Rate) -> deque[float]:
        """Return the window of *rate*."""
        return self._sent.setdefault((rate.limit, rate.per.total_seconds()), deque())
