"""
The times that a statement prints: one after the other, whichever clock was read when.

A claim is stamped with a time that was read before it waited for the database; the case
may have been opened meanwhile, or on a machine whose clock is ahead.  What came later
is never printed as earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.core.cases import Case, Task
from schemas.receipts import Times


def asked_at(case: Case, task: Task) -> datetime | None:
    """Return when the first request of *task* left: never before its case was there."""
    at = task.first_called_at
    return None if at is None else max(at, case.opened_at)


def settled_at(case: Case, task: Task) -> datetime | None:
    """Return when *task* was over: never before it was asked for."""
    at = task.settled_at
    return None if at is None else max(at, asked_at(case, task) or case.opened_at)


def signing_time(case: Case, at: datetime) -> datetime:
    """Return *at*, or the newest moment that the case knows if a clock lags behind."""
    return max(at, *_moments(case))


def times_of(case: Case, at: datetime, *, is_answered: bool) -> Times:
    """Return when what happened, up to the statement that is signed *at* this time."""
    tasks = case.all_tasks.values()
    asked = [it for it in (asked_at(case, task) for task in tasks) if it is not None]
    withdrawn_at = case.withdrawn_at
    return Times(
        received_at=case.received_at,
        verified_at=case.verification.verified_at,
        opened_at=case.opened_at,
        first_instruction_at=min(asked, default=None),
        withdrawn_at=withdrawn_at and max(withdrawn_at, case.opened_at),
        answered_at=(case.answered_at or at) if is_answered else None,
        signed_at=at,
    )


def _moments(case: Case) -> Iterator[datetime]:
    """Yield every moment that a statement of the case may print as passed."""
    yield case.opened_at
    for task in case.all_tasks.values():
        yield from filter(None, (asked_at(case, task), settled_at(case, task)))
    yield from (one.signed_at for one in case.statements)
    yield from (one.at for one in case.rulings)
    yield from filter(None, (case.withdrawn_at, case.answered_at))
