"""Statements that come back from the archive after a restored backup, for tests."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.answer.results import result_of
from orchestrator.core.cases import Case
from orchestrator.core.events import Event, StatementRecovered
from orchestrator.core.ruled import AnswerDoubted, AnswerRuled, StatementLost
from orchestrator.core.words import Result, StatementKind
from tests.core.answers import RECOVERED
from tests.core.builders import HOUR, T0
from tests.core.world import World

BY = ("dpo-1", "dpo-2")


def recovered(case: Case, **changes: object) -> StatementRecovered:
    """Build the news that the next statement of *case* was found in the archive."""
    number = case.next_number
    event = StatementRecovered(
        T0 + HOUR, number, StatementKind.FINAL, RECOVERED, "key-1", T0, Result.COMPLETE
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def lost_answer(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Lose a statement, seldom; and let a person find out what it said."""
    case, now = world.case, world.now
    if case.unsure_since is not None and rng.random() < 0.5:
        return AnswerRuled(now, rng.choice([None, *_results(case)]), "dpo-1")
    if rng.random() < 0.8:
        return None
    if rng.random() < 0.5:
        return AnswerDoubted(now, BY)
    return StatementLost(now, rng.randint(1, 3), BY)


def recovery(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Find a statement in the archive; seldom, for the final one ends the case."""
    if rng.random() < 0.8:
        return None
    return recovered(
        world.case,
        at=world.now,
        number=rng.randint(1, 3),
        kind=rng.choice([*StatementKind]),
        signed_at=world.now - HOUR,
        result=rng.choice(_results(world.case)),
        carried_out=frozenset(
            CarriedOut(one.account, one.record_class, one.rule, one.due_on)
            for one in world.case.obligations
            if rng.random() < 0.5
        ),
    )


def _results(case: Case) -> list[Result]:
    """Return what an answer may have said; what is settled here, was so then."""
    if all(task.is_settled for task in case.all_tasks.values()):
        return [result_of(case)]
    return [Result.COMPLETE_WITH_RETENTION, Result.PARTIAL]
