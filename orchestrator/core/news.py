"""What the portal, and the subject's other cases, learn from a step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.core.cases import Case, ExportStatus, Statement, Task
from orchestrator.core.clocks.alarms import latest_alarm
from orchestrator.core.clocks.ladder import wanted_by
from orchestrator.core.commands import Command, Publish, TellSubjectsCases
from orchestrator.core.holds import REFUSALS, Hold
from orchestrator.core.leading import LeadsStatement
from schemas.case_events import (
    AccountSettled,
    CaseAlarmed,
    CaseAnswered,
    CaseHeld,
    CaseRefused,
    CaseReleased,
    EscalationLevel,
    ExportReady,
    HoldDue,
    NoticeKind,
    NoticeReady,
    ReceiptIssued,
    TaskEscalated,
    TaskReminded,
)
from schemas.case_words import AccountPassedOver, CaseAmended
from schemas.connecting import Evidence


def news_of(before: Case, after: Case) -> Iterator[Command]:
    """Yield what changed from *before* to *after* and concerns somebody else."""
    yield from _settled(before, after)
    yield from _wanted(before, after)
    yield from _alarmed(before, after)
    yield from _ruled(before, after)
    yield from _noticed(before, after)
    yield from _amended(before, after)
    if before.export is ExportStatus.GATHERING is not after.export:
        if after.export is ExportStatus.SEALED:
            yield from _export_ready(after)
        yield TellSubjectsCases(settled=True)
    if after.export is ExportStatus.GATHERING is not before.export:
        yield TellSubjectsCases(settled=False)
    if after.led_by is not None and before.export_sha256 != after.export_sha256:
        yield from _export_ready(after)
    said: list[Statement | LeadsStatement] = [
        *after.statements[len(before.statements) :],
        *after.lead_statements[len(before.lead_statements) :],
    ]
    for statement in said:
        yield Publish(
            ReceiptIssued(
                case_id=after.id,
                request_id=after.request_id,
                number=statement.number,
                kind=statement.kind.value,
                sha256=statement.sha256,
                key_id=statement.key_id,
            )
        )
    if after.answered_at and after.result and before.answered_at is None:
        yield Publish(
            CaseAnswered(
                case_id=after.id,
                request_id=after.request_id,
                answered_at=after.answered_at,
                result=after.result.value,
            )
        )


def _settled(before: Case, after: Case) -> Iterator[Command]:
    """Yield one event for each task that settled in this step."""
    for task in after.all_tasks.values():
        was = before.all_tasks.get(task.id)
        if was is task or not task.is_settled or task.outcome is None:
            continue
        if was is not None and was.is_settled:
            continue
        if task.is_read_back:
            continue  # the portal hears of a look by a supplement, if it found anybody
        evidence: Evidence | None = getattr(task.outcome, "evidence", None)
        yield Publish(
            AccountSettled(
                case_id=after.id,
                request_id=after.request_id,
                account=task.account,
                action=task.action,
                outcome=task.outcome.kind,
                evidence=evidence,
            )
        )


def _ruled(before: Case, after: Case) -> Iterator[Command]:
    """Yield one event for each hold that began or ended, and for each refusal."""
    if before.holds == after.holds and before.rulings == after.rulings:
        return
    names = {"case_id": after.id, "request_id": after.request_id}
    was = {hold.reason: hold for hold in before.holds}
    now = {hold.reason: hold for hold in after.holds}
    for reason, hold in now.items():
        yield from _of_hold(after, was.get(reason), hold)
    for reason in was.keys() - now.keys():
        yield Publish(CaseReleased(**names, reason=reason.value))
    for ruling in after.rulings[len(before.rulings) :]:
        if ruling.kind in REFUSALS:
            yield Publish(
                CaseRefused(
                    **names,
                    ground=str(ruling.reason),
                    provision=str(ruling.provision),
                    record_classes=tuple(sorted(ruling.record_classes)),
                )
            )


def _of_hold(case: Case, was: Hold | None, hold: Hold) -> Iterator[Command]:
    """Say what is held and until when, or that somebody should look at it again."""
    told = (hold.classes, hold.review_at)
    if was is None or (was.classes, was.review_at) != told:
        yield Publish(
            CaseHeld(
                case_id=case.id,
                request_id=case.request_id,
                reason=hold.reason.value,
                action_classes=tuple(sorted(hold.classes)),
                review_at=hold.review_at,
            )
        )
    if hold.is_due and hold.review_at and not (was and was.is_due):
        yield Publish(
            HoldDue(
                case_id=case.id,
                request_id=case.request_id,
                reason=hold.reason.value,
                review_at=hold.review_at,
                owner=hold.owner,
            )
        )


def _wanted(before: Case, after: Case) -> Iterator[Command]:
    """Yield one event for each task that a person was reminded of, or that is late."""
    for task in after.all_tasks.values():
        was = before.all_tasks.get(task.id)
        if was is None or was is task:
            continue
        yield from _of_manual_work(after, was, task)
        if task.late_jobs > was.late_jobs and task.open_calls:
            late_at = min(call.late_at for call in task.open_calls)
            yield _escalated(after, task, late_at, task.late_jobs, "late")
        for number, one in enumerate(task.rungs, 1):
            if one not in was.rungs:
                yield _escalated(after, task, wanted_by(task), number, one.rung.value)


def _of_manual_work(case: Case, was: Task, task: Task) -> Iterator[Command]:
    """Yield what time has to say of work that is with a person."""
    now = task.handover
    if now is None:
        return
    reminders = was.handover.reminders if was.handover else 0
    escalations = was.handover.escalations if was.handover else 0
    if now.reminders > reminders:
        yield Publish(
            TaskReminded(
                case_id=case.id,
                request_id=case.request_id,
                account=task.account,
                action=task.action,
                due_at=now.due_at,
                count=now.reminders,
            )
        )
    if now.escalations > escalations:
        level: EscalationLevel = "overdue" if escalations else "due"
        yield _escalated(case, task, now.due_at, now.escalations, level)


def _noticed(before: Case, after: Case) -> Iterator[Command]:
    """Yield what the person is to be told before the answer."""
    said: list[tuple[NoticeKind, str | None, datetime]] = []
    if after.extension is not None and before.extension is None:
        said.append(("extension", after.extension.reason, after.extension.send_by))
    if after.identity_asked_at is not None and before.identity_asked_at is None:
        said.append(("identity", None, after.identity_asked_at))
    for kind, reason, send_by in said:
        yield Publish(
            NoticeReady(
                case_id=after.id,
                request_id=after.request_id,
                kind=kind,
                reason=reason,
                send_by=send_by,
                due_at=after.due_at,
            )
        )


def _amended(before: Case, after: Case) -> Iterator[Command]:
    """Yield what became of identifiers that the portal sent later."""
    for one in after.amendments[len(before.amendments) :]:
        passed_over = tuple(
            AccountPassedOver(account=left.account, code=left.code)
            for left in one.passed_over
        )
        yield Publish(
            CaseAmended(
                case_id=after.id,
                request_id=after.request_id,
                event_id=one.event_id,
                identifier_types=tuple(sorted(one.types)),
                accounts=one.accounts,
                passed_over=passed_over,
            )
        )


def _alarmed(before: Case, after: Case) -> Iterator[Command]:
    """Say that the deadline came nearer."""
    mark = latest_alarm(before, after)
    if mark is None:
        return
    accounts = {t.account for t in after.all_tasks.values() if not t.is_settled}
    yield Publish(
        CaseAlarmed.model_validate(
            {
                "case_id": after.id,
                "request_id": after.request_id,
                "level": mark.value,
                "due_at": after.due_at,
                "open_accounts": tuple(sorted(accounts)),
            }
        )
    )


def _escalated(
    case: Case, task: Task, due_at: datetime, count: int, level: EscalationLevel
) -> Publish:
    """Say that something was not done in time, or that nobody answers."""
    planned = case.planned(task)
    return Publish(
        TaskEscalated(
            case_id=case.id,
            request_id=case.request_id,
            account=task.account,
            action=task.action,
            due_at=due_at,
            count=count,
            level=level,
            recipient=case.plan.recipients[planned.recipient].legal_name,
        )
    )


def _export_ready(case: Case) -> Iterator[Command]:
    """Say until when the copy can be fetched."""
    if case.export_expires_at is not None and case.export_sha256 is not None:
        yield Publish(
            ExportReady(
                case_id=case.id,
                request_id=case.request_id,
                expires_at=case.export_expires_at,
                sha256=case.export_sha256,
            )
        )
