"""Sweep: let time pass for cases whose moment has come, and end what has expired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from orchestrator.core.events import TimePassed
from orchestrator.engine import Engine, Step
from orchestrator.ports import Clock, Store

log = structlog.get_logger()

AT_ONCE = 500
UNFINISHED_FOR = timedelta(days=2)


class Expiry(Protocol):
    """Ends what has outlived its purpose."""

    def drop_unfinished(self, before: datetime) -> int:
        """Delete artifacts begun before that time and never finished."""


class Sweep:
    """Applies the passing of time; several may run, because events are idempotent."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        clock: Clock,
        expiry: Expiry,
        on_applied: Callable[[], None],
        end_quarantine: Callable[[datetime], int] = lambda _: 0,
    ) -> None:
        """Keep the parts; *end_quarantine* destroys payloads whose time is over."""
        self._store = store
        self._engine = engine
        self._clock = clock
        self._expiry = expiry
        self._on_applied = on_applied
        self._end_quarantine = end_quarantine

    def turn(self) -> int:
        """Let time pass for the cases that wait for it; returns how many."""
        now = self._clock.now()
        self._expiry.drop_unfinished(now - UNFINISHED_FOR)
        expired = self._end_quarantine(now)
        if expired:
            log.info("quarantine_expired", count=expired)
        due = self._store.due_cases(now, AT_ONCE)
        if due:
            self._engine.apply([Step(case, TimePassed(now)) for case in due])
            log.info("cases_woken", count=len(due))
            self._on_applied()
        return len(due)
