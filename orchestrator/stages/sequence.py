"""
Sequence: append signed statements to the log, and let its heads leave the house.

The log is what shows that no statement was deleted, reordered, altered or put in
afterwards, as soon as one checkpoint over it is somewhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from orchestrator.ports import Clock
from schemas.checkpoints import LogCheckpointed

log = structlog.get_logger()

Put = Callable[[Sequence[LogCheckpointed]], None]


class StatementLog(Protocol):
    """The log of statements."""

    def append(self, now: datetime) -> int:
        """Append the statements that wait; returns how many."""

    def file(self, put: Put, now: datetime) -> int:
        """Give *put* the checkpoints it was not given yet; returns how many."""


def _never() -> bool:
    return False


class Sequencer:
    """Appends what was signed; several may run, and one at a time is let in."""

    def __init__(
        self,
        statements: StatementLog,
        clock: Clock,
        on_appended: Callable[[], None],
        put: Put | None = None,
        is_held: Callable[[], bool] = _never,
    ) -> None:
        """
        Keep the parts; *put* files checkpoints outside the database, if wanted.

        *is_held* tells whether the database is behind what was published: to go on
        from there would make another history of it.
        """
        self._statements = statements
        self._clock = clock
        self._on_appended = on_appended
        self._put = put
        self._is_held = is_held

    def turn(self) -> int:
        """Append a batch, and file its checkpoint; returns how many statements."""
        if self._is_held():
            return 0
        appended = self._statements.append(self._clock.now())
        if appended:
            log.info("statements_logged", count=appended)
            self._on_appended()
        if self._put is not None:
            self._statements.file(self._put, self._clock.now())
        return appended
