"""Locking at random, and what must hold of a case whose keys are not ours."""

from __future__ import annotations

from datetime import UTC, datetime, time
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.cases import Case, TaskStatus
from orchestrator.core.events import Event
from orchestrator.core.keyed import IdentityLocked, IdentityUnlocked
from tests.core.builders import DAY, HOUR

if TYPE_CHECKING:
    from tests.core.world import World

_MOVES = frozenset({TaskStatus.READY, TaskStatus.WAITING, TaskStatus.CALLED})


def locking(world: World, rng: Random, _past: list[Event]) -> Event:
    """Let the identifiers go to the officer, at times too early, or come back."""
    now = world.now
    if world.case.locked_at is not None and rng.random() < 0.5:
        until = now + rng.choice([-HOUR, HOUR, 3 * DAY])
        return IdentityUnlocked(now, until, "dpo-1")
    return IdentityLocked(now)


def check_locked(before: Case, case: Case, event: Event) -> None:
    """Check that a case is locked in its time only, and that nobody is asked then."""
    if case.locked_at is None:
        return
    moving = [t for t in case.all_tasks.values() if t.status in _MOVES]
    assert not moving, "asked without an identifier"
    if before.locked_at is None:
        assert isinstance(event, IdentityLocked)
        end = before.due_at
        if not before.identity_held:
            ends = [one.ends_on for one in before.obligations if one.items]
            assert ends, "nothing is left to be locked"
            end = datetime.combine(min(ends), time.min, UTC) + 30 * DAY
        handed_back = before.unlocked_until or end
        end = max(end + case.plan.identifiers_margin, handed_back)
        assert event.at >= end, "locked while the clock runs"
        assert case.unlocked_until is None
    assert case.identity_held or case.sealed_apart, "forgotten is not locked"
