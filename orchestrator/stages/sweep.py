"""Sweep: let time pass for cases whose moment has come, and end what has expired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from orchestrator.core.events import TimePassed
from orchestrator.engine import Engine, Step
from orchestrator.ports import Clock, Store

log = structlog.get_logger()

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Chore:
    """
    Something of one kind that ends once it is old.

    `end` is told the time up to which things are over and says how many it ended;
    where it ended some, it is asked again at the next turn, else after `every`.
    """

    kind: str
    end: Callable[[datetime], int]
    kept_for: timedelta = timedelta(0)
    every: timedelta = timedelta(0)


class Sweep:
    """Applies the passing of time; several may run, because events are idempotent."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        clock: Clock,
        on_applied: Callable[[], None],
        chores: Sequence[Chore] = (),
    ) -> None:
        """Keep the parts; every chore is done at the first turn."""
        self._store = store
        self._engine = engine
        self._clock = clock
        self._on_applied = on_applied
        self._chores = chores
        self._due: dict[str, float] = {}

    def turn(self) -> int:
        """Let time pass for the cases that wait for it; returns how many."""
        now = self._clock.now()
        for chore in self._chores:
            self._do(chore, now)
        due = self._store.due_cases(now, AT_ONCE)
        if due:
            self._engine.apply([Step(case, TimePassed(now)) for case in due])
            log.info("cases_woken", count=len(due))
            self._on_applied()
        return len(due)

    def _do(self, chore: Chore, now: datetime) -> None:
        """End what is over, if it is time to look."""
        present = self._clock.monotonic()
        if present < self._due.get(chore.kind, present):
            return
        ended = chore.end(now - chore.kept_for)
        if ended:
            log.info("expired", kind=chore.kind, count=ended)
        else:
            self._due[chore.kind] = present + chore.every.total_seconds()
