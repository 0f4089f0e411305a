"""What a statement says of records that a law keeps, or kept, by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from orchestrator.core.afterwards.owed import OPEN_PROVISION, OPEN_REASONS
from orchestrator.core.afterwards.retention import fields_of
from orchestrator.core.cases import Case, ItemState, Task, TaskItem
from orchestrator.core.grounds import PROVISIONS, Ground
from orchestrator.core.laws import law_of
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.ruling.stopping import said_to_stop
from schemas.counts import count_bucket
from schemas.kept_fields import Extent, Restricted
from schemas.retained import RetainedClass


def retained_classes(case: Case, task: Task) -> Iterator[RetainedClass]:
    """Yield one entry for each record class and rule that keeps records."""
    planned = case.planned(task)
    kept = [item for item in task.items if item.state is ItemState.KEPT]
    for line in task.retained:
        name = (line.record_class, line.rule)
        theirs = [item for item in kept if _name(item) == name]
        yield _kept_class(
            case,
            name,
            theirs,
            line.until,
            extent=_extent(theirs, planned),
            restricted=_restricted(case, task, theirs),
        )


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
        name = (record_class, rule)
        theirs = [item for item in task.items if _name(item) == name]
        yield _kept_class(case, name, theirs, until)


def _name(item: TaskItem) -> tuple[str, str | None]:
    """Return what the records of one entry have in common."""
    return item.record_class, item.rule


def _extent(kept: Sequence[TaskItem], planned: PlannedAccount) -> Extent | None:
    """Return how much is kept of records of which the law needs some fields."""
    if not fields_of(kept):
        return None
    reduced = all(it.limited and it.record_class in planned.reduces for it in kept)
    return "only_fields" if reduced else "whole_record"


def _restricted(case: Case, task: Task, kept: Sequence[TaskItem]) -> Restricted:
    """Return by which means the use of what is kept is restricted."""
    planned = case.planned(task)
    marked = [it.limited and it.record_class in planned.restricts for it in kept]
    if marked and all(marked):
        return "at_processor"
    by_default: Restricted = "by_separation" if planned.kept_apart else "not_restricted"
    return said_to_stop(case, task) or by_default


def _kept_class(
    case: Case,
    name: tuple[str, str],
    theirs: Sequence[TaskItem],
    until: date,
    *,
    extent: Extent | None = None,
    restricted: Restricted | None = None,
) -> RetainedClass:
    """Return one record class that a rule keeps, or kept, and how many there are."""
    record_class, rule = name
    statutes = {one.id: one.statute for one in case.plan.retention}
    by_law = PROVISIONS[law_of(case.jurisdiction)].get(Ground.LEGAL_OBLIGATION)
    return RetainedClass(
        record_class=record_class,
        rule=rule,
        statute=statutes.get(rule, OPEN_PROVISION),
        provision=None if rule in OPEN_REASONS else by_law,
        until=until,
        count=count_bucket(len(theirs)),
        fields=fields_of(theirs) or None,
        extent=extent,
        restricted=restricted,
    )
