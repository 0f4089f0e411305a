"""Statements that come back from the archive after a restored backup, for tests."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.answer.results import result_of
from orchestrator.core.cases import Case
from orchestrator.core.events import Event, StatementRecovered
from orchestrator.core.words import Result, StatementKind
from tests.core.builders import HOUR, T0
from tests.core.world import World

SHA = "ef" * 32


def recovered(case: Case, **changes: object) -> StatementRecovered:
    """Build the news that the next statement of *case* was found in the archive."""
    number = len(case.statements) + 1
    event = StatementRecovered(
        T0 + HOUR, number, StatementKind.FINAL, SHA, "key-1", T0, Result.COMPLETE
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def recovery(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Find a statement in the archive; seldom, for the final one ends the case."""
    if rng.random() < 0.8:
        return None
    results = [Result.COMPLETE_WITH_RETENTION, Result.PARTIAL]
    if all(task.is_settled for task in world.case.all_tasks.values()):
        results = [result_of(world.case)]  # what was settled before, was so then
    return recovered(
        world.case,
        at=world.now,
        number=rng.randint(1, 3),
        kind=rng.choice([*StatementKind]),
        signed_at=world.now - HOUR,
        result=rng.choice(results),
        carried_out=frozenset(
            CarriedOut(one.account, one.record_class, one.rule, one.due_on)
            for one in world.case.obligations
            if rng.random() < 0.5
        ),
    )
