"""
Decide what follows from an event.

The whole workflow is here and in the modules it calls, and nothing else is: no
clock, no randomness, no network.  Times arrive inside events; work leaves as the
case's own state (what is ready or due is a row) and as commands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    ItemState,
    Statement,
    Step,
    Task,
    TaskStatus,
)
from orchestrator.core.commands import Command, Decision, Publish, TellSubjectsCases
from orchestrator.core.events import (
    Event,
    ExportCollected,
    ExportSealed,
    ExportShredded,
    IdentityForgotten,
    ItemsLocated,
    PersonChose,
    PersonClosed,
    PersonRetried,
    SiblingExportOpened,
    SiblingExportSettled,
    StatementSigned,
    TaskReleased,
    TaskReported,
    TimePassed,
)
from orchestrator.core.gates import close_gates, open_gates
from orchestrator.core.reports import after_report, chosen
from orchestrator.core.results import result_of
from orchestrator.core.retention import obligations
from orchestrator.core.settling import ready, settle, wait
from orchestrator.core.waking import with_wake_at
from orchestrator.core.words import StatementKind
from schemas.case_events import ACCOUNT_SETTLED, CASE_ANSWERED, EXPORT_READY, RECEIPT_ISSUED
from schemas.connecting import Action, Done, Evidence, Failed, IdentifierType, TaskId

BY_HAND = "erased_by_hand"
CLOSE_REASONS = frozenset({BY_HAND, "not_reachable", "not_our_processor", "superseded"})


def decide(case: Case, event: Event) -> Decision:
    """
    Answer *event* with the next state and the commands it calls for.

    Everything arrives at least once: an event already applied, about a settled task or
    from an ended ownership returns the same case and no command.
    """
    after = _applied(case, event)
    if after == case:
        return Decision(case)
    after = open_gates(close_gates(after), event.at)
    after = _closed_if_over(after, event)
    after = with_wake_at(after, event.at)
    return Decision(after, (*_settled_news(case, after), *_other_news(case, after)))


def _applied(case: Case, event: Event) -> Case:
    """Return *case* after the event itself, before gates."""
    match event:
        case TaskReported() | TaskReleased() | PersonChose() | PersonRetried() | PersonClosed():
            return _task_event(case, event)
        case TimePassed(at=at):
            return _time_passed(case, event) if case.wake_at and case.wake_at <= at else case
        case ExportSealed() | ExportCollected() | ExportShredded():
            return _export_event(case, event)
        case StatementSigned():
            return _signed(case, event)
        case IdentityForgotten():
            return replace(case, identity_held=False)
        case SiblingExportOpened(case=other):
            if case.status is not CaseStatus.RUNNING or not case.tasks_of(Action.ERASE):
                return case
            return replace(case, waits_for_exports=case.waits_for_exports | {other})
        case SiblingExportSettled(case=other):
            return replace(case, waits_for_exports=case.waits_for_exports - {other})
        case _:
            assert_never(event)


TaskEvent = TaskReported | TaskReleased | PersonChose | PersonRetried | PersonClosed


def _task_event(case: Case, event: TaskEvent) -> Case:
    """Apply news about one task; a settled task and a stranger change nothing."""
    task = case.all_tasks.get(event.task)
    if task is None or task.is_settled or case.status is not CaseStatus.RUNNING:
        return case
    match event:
        case TaskReported():
            return _reported(case, task, event)
        case TaskReleased(epoch=epoch):
            return case.with_task(_released(task)) if _is_held_by(task, epoch) else case
        case PersonChose(chosen=picks, at=at):
            if not task.choices or any(pick >= len(task.choices) for pick in picks):
                return case
            return case.with_task(chosen(task, picks, case.planned(task), at))
        case PersonRetried(at=at):
            return case.with_task(_retried(task, event)) if _may_retry(task) else case
        case PersonClosed():
            return case.with_task(_closed_by_hand(task, event))
        case _:
            assert_never(event)


def _reported(case: Case, task: Task, event: TaskReported) -> Case:
    """Apply a report of the current claim, and spread the identifiers it learned."""
    if not _is_held_by(task, event.epoch):
        return case
    case = case.with_task(after_report(task, event, case.planned(task)))
    if isinstance(event.report, ItemsLocated) and event.report.learned:
        case = _with_learned(case, task.id, event.report.learned)
    return case


def _with_learned(case: Case, source: TaskId, learned: frozenset[IdentifierType]) -> Case:
    """Ask every search again that accepts what was learned and is not yet frozen."""
    case = replace(case, identifier_types=case.identifier_types | learned)
    for task in case.tasks_of(Action.LOCATE):
        accepts = case.planned(task).accepts
        if task.id == source or not (accepts & learned) or _has_gone_on(case, task):
            continue
        task = replace(task, identifier_types=case.identifier_types & accepts)  # noqa: PLW2901 (the same task, told more)
        if task.is_settled and task.outcome is not None and task.gate is None:
            case = case.with_task(ready(replace(task, outcome=None, settled_at=None)))
        elif task.status is TaskStatus.CALLED:
            case = case.with_task(replace(task, ask_again=True))
        else:
            case = case.with_task(task)
    return case


def _has_gone_on(case: Case, task: Task) -> bool:
    """Tell whether the account was switched off or its items are already in use."""
    if task.outcome is not None and task.outcome.kind == "not_applicable":
        return task.outcome.reason != "no_identifier"
    later = (case.task(task.account, action) for action in (Action.EXPORT, Action.ERASE))
    return any(t is not None and t.status is not TaskStatus.PLANNED and bool(t.items) for t in later)


def _is_held_by(task: Task, epoch: int) -> bool:
    """Tell whether *task* is claimed under this very ownership."""
    return task.status is TaskStatus.CALLED and task.epoch == epoch


def _released(task: Task) -> Task:
    """Put a claim back that sent nothing."""
    if task.step is Step.ACT:
        return ready(replace(task, attempts=task.attempts))
    return replace(task, status=TaskStatus.WAITING, epoch=None)


def _may_retry(task: Task) -> bool:
    """Tell whether another try now makes sense."""
    return task.status in {TaskStatus.NEEDS_HUMAN, TaskStatus.WAITING} and not task.choices


def _retried(task: Task, event: PersonRetried) -> Task:
    """Let the next call happen now: a poll where jobs are open, else a fresh start."""
    task = replace(task, attempts=0, misses=0)
    if task.open_calls:
        return wait(task, Step.POLL, event.at)
    if task.status is TaskStatus.WAITING and task.step is Step.LOOK:
        return wait(task, Step.LOOK, event.at)
    if task.answers_lost and task.action is Action.ERASE:
        return wait(task, Step.LOOK, event.at)
    return ready(task)


def _closed_by_hand(task: Task, event: PersonClosed) -> Task:
    """Settle by a person's word: erased by hand, or failed with their reason."""
    if event.reason == BY_HAND and task.action is Action.ERASE:
        items = tuple(
            item if item.state is ItemState.KEPT else replace(item, state=ItemState.GONE, evidence=Evidence.M)
            for item in task.items
        )
        return settle(replace(task, items=items), Done("deleted", Evidence.M), event.at)
    hint = "A person ended this task without the processor's confirmation."
    return settle(task, Failed(event.reason, hint), event.at)


def _time_passed(case: Case, event: TimePassed) -> Case:
    """Mark what has expired; anything else only gets its next moment."""
    expired = (
        case.export is ExportStatus.SEALED
        and case.export_expires_at is not None
        and case.export_expires_at <= event.at
    )
    return replace(case, wake_at=None, shred_export_now=case.shred_export_now or expired)


def _export_event(case: Case, event: ExportSealed | ExportCollected | ExportShredded) -> Case:
    """Follow the package from sealed to shredded."""
    match event:
        case ExportSealed(sha256=sha256, expires_at=expires_at):
            if case.export is not ExportStatus.GATHERING:
                return case
            return replace(
                case,
                export=ExportStatus.SEALED,
                export_sha256=sha256,
                export_expires_at=expires_at,
            )
        case ExportCollected():
            return replace(case, shred_export_now=case.export is ExportStatus.SEALED)
        case ExportShredded():
            return replace(case, export=ExportStatus.SHREDDED, shred_export_now=False)
        case _:
            assert_never(event)


def _signed(case: Case, event: StatementSigned) -> Case:
    """Keep the statement; the final one answers the case, once."""
    if any(statement.number == event.number for statement in case.statements):
        return case
    statement = Statement(event.number, event.kind, event.sha256, event.key_id, event.at)
    case = replace(case, statements=(*case.statements, statement))
    if event.kind is not StatementKind.FINAL or case.status is not CaseStatus.RUNNING:
        return case
    owed = tuple(o for task in case.tasks_of(Action.ERASE) for o in obligations(task))
    return replace(
        case,
        status=CaseStatus.ANSWERED,
        answered_at=event.at,
        result=result_of(case),
        obligations=owed,
    )


def _closed_if_over(case: Case, event: Event) -> Case:
    """Close an answered case once nothing more is owed or held."""
    over = (
        case.status is CaseStatus.ANSWERED
        and not case.identity_held
        and not case.obligations
        and case.export in {ExportStatus.NOT_ASKED, ExportStatus.SHREDDED}
    )
    return replace(case, status=CaseStatus.CLOSED, closed_at=event.at) if over else case


def _settled_news(before: Case, after: Case) -> list[Command]:
    """Tell the portal of every account that settled in this step."""
    news: list[Command] = []
    for task in after.all_tasks.values():
        was = before.all_tasks.get(task.id)
        if task.is_settled and task.outcome is not None and not (was and was.is_settled):
            evidence = getattr(task.outcome, "evidence", None)
            data = {
                "case_id": after.id,
                "request_id": after.request_id,
                "account": task.account,
                "action": str(task.action),
                "outcome": task.outcome.kind,
                "evidence": str(evidence) if evidence else None,
            }
            news.append(Publish(ACCOUNT_SETTLED, data))
    return news


def _other_news(before: Case, after: Case) -> list[Command]:
    """Tell the portal, and the subject's other cases, what else changed."""
    news: list[Command] = []
    ids = {"case_id": after.id, "request_id": after.request_id}
    if after.export is ExportStatus.SEALED and before.export is ExportStatus.GATHERING:
        assert after.export_expires_at is not None
        expires_at = after.export_expires_at.isoformat()
        news.append(
            Publish(EXPORT_READY, {**ids, "expires_at": expires_at, "sha256": after.export_sha256})
        )
        news.append(TellSubjectsCases(settled=True))
    for statement in after.statements[len(before.statements) :]:
        issued = {
            "number": statement.number,
            "kind": str(statement.kind),
            "sha256": statement.sha256,
            "key_id": statement.key_id,
        }
        news.append(Publish(RECEIPT_ISSUED, {**ids, **issued}))
    if after.answered_at is not None and before.answered_at is None:
        answered = {"answered_at": after.answered_at.isoformat(), "result": str(after.result)}
        news.append(Publish(CASE_ANSWERED, {**ids, **answered}))
    return news
