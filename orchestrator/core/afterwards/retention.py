"""
Which found records the law keeps (Art 17(3)(b) GDPR); the rest is erased.

What belongs to something open (an order, a return, a refund) stays by itself until that
is over, and no longer than its account's `open_most`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestrator.core.afterwards.owed import OPEN_REASONS, Obligation, ObligationKind
from orchestrator.core.cases import Case, ItemState, Task, TaskItem
from orchestrator.core.changing import replace
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import ItemId, Retained
from schemas.kept_fields import KeptField


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
    """
    Mark *item* as kept under the rule that keeps it longest, if one still does.

    Of several rules each has its fields; one that needs the whole record has it all.
    """
    started = item.started_on or today
    rules = [
        (rule.keeps_until(started), rule.id, rule.fields)
        for rule in case.plan.retention
        if rule.covers(item.record_class, case.jurisdiction)
    ]
    running = [one for one in rules if one[0] >= today]
    if not running:
        return item
    until, rule, _ = max(running, key=lambda one: one[:2])
    needed = [fields for _, _, fields in running]
    fields = frozenset().union(*needed) if all(needed) else frozenset()
    kept = replace(item, state=ItemState.KEPT, rule=rule, keep_until=until)
    return replace(kept, fields=tuple(sorted(fields)))


def with_limits(
    items: tuple[TaskItem, ...], planned: PlannedAccount
) -> tuple[TaskItem, ...]:
    """Open what is kept and what its account can reduce to the law's need, or mark."""
    return tuple(
        replace(item, state=ItemState.OPEN, limited=True)
        if item.state is ItemState.KEPT and _is_limitable(item, planned)
        else item
        for item in items
    )


def _is_limitable(item: TaskItem, planned: PlannedAccount) -> bool:
    """Tell whether the account can do with less of a kept record, or mark it."""
    reduces = bool(item.fields) and item.record_class in planned.reduces
    return reduces or item.record_class in planned.restricts


def kept_at_last(item: TaskItem) -> TaskItem:
    """Return a limited record as it is kept, whether or not its limits were set."""
    if not item.limited or item.state is ItemState.KEPT:
        return item
    if item.state is ItemState.NEVER_SEEN:
        return replace(item, limited=False)
    is_set = item.state is ItemState.GONE
    return replace(item, state=ItemState.KEPT, limited=is_set)


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
    """
    Return *task* with open items left alone, as what they are of is not over.

    What a law keeps anyway stays under that law, whole: nobody looks at it again daily.
    """

    def left_alone(item: TaskItem) -> TaskItem:
        if item.id not in ids or item.state is not ItemState.OPEN:
            return item
        if item.limited:
            return kept_at_last(item)
        return replace(item, state=ItemState.KEPT, rule=reason, keep_until=until)

    return replace(task, items=tuple(map(left_alone, task.items)))


def fields_of(items: Collection[TaskItem]) -> tuple[KeptField, ...]:
    """Return what the law needs of *items*; nothing where it needs one as a whole."""
    needed = [frozenset(item.fields) for item in items]
    return tuple(sorted(frozenset().union(*needed))) if all(needed) else ()


def obligations(task: Task, planned: PlannedAccount) -> tuple[Obligation, ...]:
    """Return what is owed for kept items: one erasure a class, rule and due date."""
    groups: dict[tuple[str, str, date], list[TaskItem]] = {}
    for item in task.items:
        if item.state is ItemState.KEPT and item.rule and item.keep_until:
            groups.setdefault(
                (item.record_class, item.rule, item.keep_until), []
            ).append(item)
    return tuple(
        _owed(task, planned, name, items) for name, items in sorted(groups.items())
    )


def _owed(
    task: Task,
    planned: PlannedAccount,
    name: tuple[str, str, date],
    kept: list[TaskItem],
) -> Obligation:
    """Return one thing that is owed; of what is open, from the day it was seen so."""
    record_class, rule, until = name
    items = tuple(item.id for item in kept)
    if rule not in OPEN_REASONS:
        owed = Obligation(task.account, record_class, rule, until, items)
        return replace(owed, fields=fields_of(kept))
    return Obligation(
        task.account,
        record_class,
        rule,
        until - planned.open_most,
        items,
        ObligationKind.LOOK_AGAIN,
        until,
    )
