"""
Lock: put what identifies the people of stuck cases out of our own reach.

A case keeps it only while its clock runs; then its data keys move under the public key
of the controller's data protection officer, in one transaction with the case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import structlog

from orchestrator.core.keyed import IdentityLocked
from orchestrator.engine import Engine, Step
from orchestrator.errors import (
    CannotStore,
    Conflict,
    OrchestratorError,
    SetUpError,
    Unavailable,
)
from orchestrator.ports import LockedKeys, LockKey, Vault

log = structlog.get_logger()

AT_ONCE = 200


class Lock:
    """Locks what is over; several may run, because locking twice is locking."""

    def __init__(
        self,
        keys: LockedKeys,
        engine: Engine,
        vault: Vault,
        truncate: Callable[[], bool],
    ) -> None:
        """
        Keep the parts; *truncate* empties logs that may hold the keys as they were.

        It answers whether it could, and is owed at the start: a process may have died
        in between.
        """
        self._keys = keys
        self._engine = engine
        self._vault = vault
        self._truncate = truncate
        self._owes_truncation = True

    def all(self, now: datetime) -> int:
        """Lock every case whose time is over at *now*; returns how many."""
        steps = list(self._steps(now))
        locked = sum(self._engine.apply(steps)) if steps else 0
        for step in steps:
            for write in step.writes:
                if isinstance(write, LockKey):
                    self._vault.forget(write.owner, write.purpose)
        if locked:
            self._owes_truncation = True
            log.info("identifiers_locked", count=locked)
        if self._owes_truncation:
            self._owes_truncation = not self._truncate()
        return locked

    def _steps(self, now: datetime) -> Iterator[Step]:
        """Yield a step for each case, but for those whose keys do not open."""
        for case, controller in self._keys.due(now, AT_ONCE):
            try:
                writes = tuple(self._keys.locking(case, controller))
            except (Unavailable, Conflict, CannotStore, SetUpError):
                raise
            except OrchestratorError as error:
                cause = type(error).__name__
                log.error("case_left_out", case=case, stage="lock", cause=cause)  # noqa: TRY400
                continue
            yield Step(case, IdentityLocked(now), writes)
