"""What must always hold of what a case still owes after its answer."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    ItemState,
    Task,
)
from orchestrator.core.events import Event, StatementSigned
from orchestrator.core.owed import OPEN_REASONS
from orchestrator.core.words import Result, StatementKind
from schemas.connecting import Action, ItemId, StillOpen


def check_owed(before: Case, case: Case, event: Event, now: datetime) -> None:
    """Check that nothing owed is lost, nor carried out before its day."""
    _check_follow_ups(before, case, now)
    over = set(before.obligations) - set(case.obligations)
    if over:
        assert isinstance(event, StatementSigned), "what is owed is gone without a word"
        assert event.kind is StatementKind.SUPPLEMENT
    for one in over:
        assert case.all_tasks[one.task_id(case.id)].is_settled, "told before it is done"
    gone = before.sealed_apart - case.sealed_apart
    wanted = {one.sealed_under for one in case.obligations}
    assert not gone & wanted, "the key of what is still owed is destroyed"
    if case.status is CaseStatus.ANSWERED and not case.identity_held:
        assert wanted <= case.sealed_apart, "its locators are nowhere"


def _check_follow_ups(before: Case, case: Case, now: datetime) -> None:
    """Check that a follow-up begins on its day, with what was kept until then."""
    for id_, task in case.all_tasks.items():
        if not task.is_follow_up or id_ in before.all_tasks:
            continue
        assert not case.identity_held
        today = now.astimezone(ZoneInfo(case.plan.time_zone)).date()
        erasure = case.task(task.account, Action.ERASE)
        assert erasure is not None
        kept = {item.id: item for item in erasure.items}
        for item in task.items:
            until = kept[item.id].keep_until
            assert kept[item.id].state is ItemState.KEPT, "erased a second time"
            assert until is not None
            if kept[item.id].rule in OPEN_REASONS:
                until -= case.planned(task).open_most
            assert until < today, "it is still kept"


def check_closed(case: Case) -> None:
    """Check that a closed case has carried out all that it owed."""
    if case.status is not CaseStatus.CLOSED:
        return
    assert not case.obligations
    assert not case.identity_held
    assert not case.sealed_apart, "closed, and a key is left"
    assert case.export in {ExportStatus.NOT_ASKED, ExportStatus.SHREDDED}
    is_left_alone = case.withdrawn_at is not None or case.refused_for is not None
    if is_left_alone or case.result in {Result.WITHDRAWN, Result.REFUSED}:
        return
    followed: set[tuple[str, ItemId]] = set()
    for task in case.all_tasks.values():
        if task.is_follow_up and task.is_settled:
            followed |= {(task.account, item.id) for item in task.items}
    kept = {
        (task.account, item.id)
        for task in case.tasks_of(Action.ERASE)
        for item in task.items
        if item.state is ItemState.KEPT
        and item.record_class not in case.refused_classes
    }
    assert kept <= followed, "closed, and something kept was never erased"


def check_left_alone(old: Task, new: Task, said: StillOpen) -> None:
    """Check that what is of something open is not taken for erased."""
    left = set(said.items) - set(said.done)
    was = {item.id: item.state for item in old.items}
    for item in new.items:
        if item.id in left and was[item.id] is ItemState.OPEN:
            alone = {ItemState.OPEN, ItemState.KEPT}
            assert item.state in alone, "it is open, and called erased"
