"""What a statement says of records that a law keeps, or kept, by class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from orchestrator.core.cases import Case, ItemState, Task, TaskItem
from orchestrator.core.grounds import PROVISIONS, Ground
from orchestrator.core.laws import law_of
from orchestrator.core.owed import OPEN_PROVISION, OPEN_REASONS
from schemas.receipts import RetainedClass, count_bucket


def retained_classes(case: Case, task: Task) -> Iterator[RetainedClass]:
    """Yield one entry for each record class and rule that keeps records."""
    kept = [item for item in task.items if item.state is ItemState.KEPT]
    for line in task.retained:
        yield _kept_class(case, kept, line.record_class, line.rule, line.until)


def classes_once_kept(case: Case, task: Task) -> Iterator[RetainedClass]:
    """Yield one entry for each record class and rule that a follow-up erases."""
    if not task.is_follow_up:
        return
    ended = {
        (item.record_class, item.rule, item.keep_until)
        for item in task.items
        if item.rule and item.keep_until
    }
    for record_class, rule, until in sorted(ended):
        yield _kept_class(case, task.items, record_class, rule, until)


def _kept_class(
    case: Case, items: Iterable[TaskItem], record_class: str, rule: str, until: date
) -> RetainedClass:
    """Return one record class that a rule keeps, or kept, and how many there are."""
    statutes = {one.id: one.statute for one in case.plan.retention}
    by_law = PROVISIONS[law_of(case.jurisdiction)].get(Ground.LEGAL_OBLIGATION)
    theirs = [it for it in items if (it.record_class, it.rule) == (record_class, rule)]
    return RetainedClass(
        record_class=record_class,
        rule=rule,
        statute=statutes.get(rule, OPEN_PROVISION),
        provision=None if rule in OPEN_REASONS else by_law,
        until=until,
        count=count_bucket(len(theirs)),
    )
