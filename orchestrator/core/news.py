"""What the portal, and the subject's other cases, learn from a step."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.cases import Case, ExportStatus
from orchestrator.core.commands import Command, Publish, TellSubjectsCases
from schemas.case_events import AccountSettled, CaseAnswered, ExportReady, ReceiptIssued
from schemas.connecting import Evidence


def news_of(before: Case, after: Case) -> Iterator[Command]:
    """Yield what changed from *before* to *after* and concerns somebody else."""
    yield from _settled(before, after)
    if after.export is ExportStatus.SEALED and before.export is ExportStatus.GATHERING:
        yield from _export_ready(after)
        yield TellSubjectsCases(settled=True)
    for statement in after.statements[len(before.statements) :]:
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
        if not task.is_settled or task.outcome is None or (was and was.is_settled):
            continue
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
