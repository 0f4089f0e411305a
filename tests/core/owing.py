"""What must always hold of what a case still owes after its answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.core.afterwards.owed import (
    OPEN_REASONS,
    READ_BACK,
    CarriedOut,
    Obligation,
    ObligationKind,
)
from orchestrator.core.answer.recovering import ANSWERED_BEFORE
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    ItemState,
    Task,
)
from orchestrator.core.events import (
    Event,
    StatementRecovered,
    StatementSigned,
    TimePassed,
)
from orchestrator.core.holds import RulingKind
from orchestrator.core.words import Result, StatementKind
from schemas.connecting import Action, ItemId, NotApplicable, StillOpen

A_RECORD_OF = date(2025, 6, 1)  # the simulation's records are all of that day


def kept_classes(case: Case, now: datetime) -> frozenset[str]:
    """Return the record classes that a law still keeps."""
    return frozenset(
        rule.record_class
        for rule in case.plan.retention
        if rule.keeps_until(A_RECORD_OF) >= now.date()
    )


def check_owed(before: Case, case: Case, event: Event, now: datetime) -> None:
    """Check that nothing owed is lost, nor carried out before its day."""
    _check_follow_ups(before, case, now)
    _check_looks(case, event)
    over = set(before.obligations) - set(case.obligations)
    over = {one for one in over if not _is_quiet(case, one, event.at)}
    if isinstance(event, StatementRecovered):
        over -= _told_by(event, before)
    if over:
        assert isinstance(event, StatementSigned), "what is owed is gone without a word"
        assert event.kind is StatementKind.SUPPLEMENT
    for one in over:
        task = case.all_tasks.get(one.task_id(case.id))
        assert task is not None, "told before it is begun"
        assert task.is_settled, "told before it is done"
    gone = before.sealed_apart - case.sealed_apart
    wanted = {one.sealed_under for one in case.obligations}
    assert not gone & wanted, "the key of what is still owed is destroyed"
    if case.status is CaseStatus.ANSWERED and not case.identity_held:
        assert wanted <= case.sealed_apart, "its locators are nowhere"


def _told_by(event: StatementRecovered, before: Case) -> set[Obligation]:
    """Return what a recovered supplement ends: all that goes with what it names."""
    ids = {
        one.task_id(before.id)
        for one in before.obligations
        if CarriedOut(one.account, one.record_class, one.rule, one.due_on)
        in event.carried_out
    }
    return {one for one in before.obligations if one.task_id(before.id) in ids}


def _check_follow_ups(before: Case, case: Case, now: datetime) -> None:
    """Check that a follow-up begins on its day, with what was kept until then."""
    for id_, task in case.all_tasks.items():
        if not task.is_follow_up or id_ in before.all_tasks:
            continue
        if task.outcome == ANSWERED_BEFORE:  # done before our restore
            continue
        if task.sealed_under.startswith(READ_BACK):
            _check_look(before, case, task, now)
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


def _check_look(before: Case, case: Case, task: Task, now: datetime) -> None:
    """Check that a look has its day, and that nobody is erased again by it."""
    if task.action is Action.ERASE:
        ruled = [one for one in case.rulings if one.kind is RulingKind.ERASED_AGAIN]
        assert len(ruled) > sum(
            r.kind is RulingKind.ERASED_AGAIN for r in before.rulings
        )
        (look,) = (t for t in case.all_tasks.values() if t.id == ruled[-1].task)
        assert look.account == task.account, "erased again by itself"
        assert set(task.items) <= set(look.items), "more is erased than was found"
        kept = kept_classes(case, now)
        assert not kept & {it.record_class for it in task.items}, "the law keeps it"
        return
    assert task.reads_only, "a look may write"
    (due,) = (one for one in case.obligations if one.task_id(case.id) == task.id)
    today = now.astimezone(ZoneInfo(case.plan.time_zone)).date()
    assert due.due_on < today, "looked at before its day"


def _check_looks(case: Case, event: Event) -> None:
    """Check that nobody is looked for by identifiers that must be gone."""
    looks = [o for o in case.obligations if o.kind is ObligationKind.READ_BACK]
    answered = case.answered_at
    if not looks or case.identity_held or answered is None:
        return
    if isinstance(event, TimePassed) and event.at >= answered + timedelta(days=35):
        told = [one for one in looks if case.is_carried_out(one)]
        assert looks == told, "identifiers are kept for too long"


def _is_quiet(case: Case, one: Obligation, at: datetime) -> bool:
    """Tell whether nothing is to be said of a look that is over."""
    if one.kind is not ObligationKind.READ_BACK:
        return False
    task = case.all_tasks.get(one.task_id(case.id))
    if task is not None:
        return task.is_settled and task.outcome != NotApplicable("returning_customer")
    returned = [r.task for r in case.rulings if r.kind is RulingKind.RETURNED]
    here = {t.account for t in case.all_tasks.values() if t.id in returned}
    answered = case.answered_at or at
    return one.account in here or at >= answered + timedelta(days=35)


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
    was = {item.id: item.state for item in old.items}
    for item in new.items:
        if item.id in said.items and was[item.id] is not ItemState.GONE:
            assert item.state is not ItemState.GONE, "it is open, and called erased"
