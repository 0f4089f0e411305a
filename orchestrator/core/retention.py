"""
Which found records the law keeps (Art 17(3)(b) GDPR); the rest is erased.

What belongs to something open (an order, a return, a refund) stays by itself until that
is over, and no longer than its account's `open_most`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestrator.core.cases import Case, ItemState, Task, TaskItem
from orchestrator.core.changing import replace
from orchestrator.core.owed import OPEN_REASONS, Obligation, ObligationKind
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import ItemId, Retained


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


def kept_open(task: Task, ids: Collection[ItemId], reason: str, until: date) -> Task:
    """Return *task* with open items left alone, as what they are of is not over."""
    return replace(
        task,
        items=tuple(
            replace(item, state=ItemState.KEPT, rule=reason, keep_until=until)
            if item.id in ids and item.state is ItemState.OPEN
            else item
            for item in task.items
        ),
    )


def obligations(task: Task, planned: PlannedAccount) -> tuple[Obligation, ...]:
    """Return what is owed for kept items: one erasure a class, rule and due date."""
    groups: dict[tuple[str, str, date], list[TaskItem]] = {}
    for item in task.items:
        if item.state is ItemState.KEPT and item.rule and item.keep_until:
            groups.setdefault(
                (item.record_class, item.rule, item.keep_until), []
            ).append(item)
    return tuple(
        _owed(task, planned, name, tuple(item.id for item in items))
        for name, items in sorted(groups.items())
    )


def _owed(
    task: Task,
    planned: PlannedAccount,
    name: tuple[str, str, date],
    items: tuple[ItemId, ...],
) -> Obligation:
    """Return one thing that is owed; of what is open, from the day it was seen so."""
    record_class, rule, until = name
    if rule not in OPEN_REASONS:
        return Obligation(task.account, record_class, rule, until, items)
    return Obligation(
        task.account,
        record_class,
        rule,
        until - planned.open_most,
        items,
        ObligationKind.LOOK_AGAIN,
        until,
    )
