"""What may become of a kept record before its last day: less of it, or a mark."""

from __future__ import annotations

from orchestrator.core.cases import Case, ItemState, Task, TaskItem
from orchestrator.core.changing import replace
from schemas.connecting import Evidence


def is_only_limited(case: Case, task: Task, item: TaskItem) -> bool:
    """Tell whether a kept record loses no more than the law lets go of it."""
    planned = case.planned(task)
    may_lose = item.record_class in planned.reduces and bool(item.fields)
    may_lose |= item.record_class in planned.restricts
    return item.limited and may_lose and item.rule is not None and not task.is_settled


def check_items(old: Task, new: Task) -> None:
    """Check that kept records stay kept and what was seen gone stays gone."""
    if not new.has_begun and not old.has_begun:
        return
    states = {item.id: item for item in new.items}
    for item in old.items:
        seen_gone = item.state is ItemState.GONE and item.evidence is Evidence.E4
        is_kept_now = item.limited and new.is_settled and not old.is_settled
        if is_kept_now and seen_gone:
            assert states[item.id] == replace(item, state=ItemState.KEPT)
        elif seen_gone or item.state is ItemState.KEPT:
            assert states[item.id] == item
