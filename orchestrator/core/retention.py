"""Which found records the law keeps (Art 17(3)(b) GDPR); the rest is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestrator.core.cases import Case, ItemState, Obligation, Task, TaskItem
from schemas.connecting import Retained


def with_dispositions(
    case: Case, items: tuple[TaskItem, ...], at: datetime
) -> tuple[TaskItem, ...]:
    """
    Decide for each item whether it is erased or kept, on the controller's own day.

    A record whose start is unknown counts as started today: keeping a day too long is
    the lesser harm.  Records whose period is over are erased.
    """
    today = at.astimezone(ZoneInfo(case.plan.time_zone)).date()
    return tuple(_disposed(case, item, today) for item in items)


def _disposed(case: Case, item: TaskItem, today: date) -> TaskItem:
    """Mark *item* as kept under the rule that keeps it longest, if one still does."""
    started = item.started_on or today
    rules = [
        (rule.keeps_until(started), rule.id)
        for rule in case.plan.retention
        if rule.covers(item.record_class, case.jurisdiction)
    ]
    until, rule = max(rules, default=(date.min, None))
    if rule is None or until < today:
        return item
    return replace(item, state=ItemState.KEPT, rule=rule, keep_until=until)


def retained(task: Task) -> tuple[Retained, ...]:
    """Return one line for each record class and rule of what *task* keeps."""
    latest: dict[tuple[str, str], date] = {}
    for item in task.items:
        if item.state is ItemState.KEPT and item.rule and item.keep_until:
            key = (item.record_class, item.rule)
            latest[key] = max(latest.get(key, date.min), item.keep_until)
    return tuple(
        Retained(cls, rule, until) for (cls, rule), until in sorted(latest.items())
    )


def obligations(task: Task) -> tuple[Obligation, ...]:
    """Return what is owed for kept items: one erasure a class, rule and due date."""
    groups: dict[tuple[str, str, date], list[TaskItem]] = {}
    for item in task.items:
        if item.state is ItemState.KEPT and item.rule and item.keep_until:
            groups.setdefault(
                (item.record_class, item.rule, item.keep_until), []
            ).append(item)
    return tuple(
        Obligation(task.account, cls, rule, until, tuple(item.id for item in items))
        for (cls, rule, until), items in sorted(groups.items())
    )
