"""
An answer that was given before our own database was restored from a backup.

The signed statement came back from the archive; what the backup forgot was done all
the same.  So nothing is done or said twice: the case is answered as the statement says,
and whatever the backup believes to be open is left alone.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.afterwards.following import follow_up, owed_by
from orchestrator.core.afterwards.owed import CarriedOut, Obligation, ObligationKind
from orchestrator.core.cases import Case, CaseStatus, ExportStatus, Statement
from orchestrator.core.changing import replace
from orchestrator.core.events import StatementRecovered
from orchestrator.core.settling import left_out, settle
from orchestrator.core.words import Result, StatementKind
from schemas.connecting import NotApplicable

ANSWERED_BEFORE = NotApplicable("answered_before_restore")
"""Why a line of a restored case is left alone; the recovered receipt says its end."""

_OWES_NOTHING = frozenset({Result.WITHDRAWN, Result.REFUSED})


def after_recovery(case: Case, event: StatementRecovered) -> Case:
    """Keep a recovered statement; the final one answers the case as it did before."""
    is_next = event.number == case.next_number
    is_final = event.kind is StatementKind.FINAL
    wanted = {
        StatementKind.INTERIM: case.status is CaseStatus.RUNNING,
        StatementKind.FINAL: case.status is CaseStatus.RUNNING,
        StatementKind.SUPPLEMENT: case.status is CaseStatus.ANSWERED,
    }
    if not is_next or not wanted[event.kind] or (is_final and event.result is None):
        return case
    statement = Statement(
        event.number, event.kind, event.sha256, event.key_id, event.signed_at
    )
    case = replace(case, statements=(*case.statements, statement), wants_interim=False)
    if is_final and event.result is not None:
        return answered_before(case, event.result, event.signed_at, event.at)
    return _carried_out(case, event) if event.carried_out else case


def _carried_out(case: Case, event: StatementRecovered) -> Case:
    """Return *case* without what the supplement tells of, done or not."""
    told = {one.task_id(case.id) for one in case.obligations if _is_told(one, event)}
    over = [one for one in case.obligations if one.task_id(case.id) in told]
    for one in over:
        task = case.all_tasks.get(one.task_id(case.id)) or follow_up(case, one)
        if not task.is_settled:
            outcome = left_out(task, ANSWERED_BEFORE.reason)
            case = case.with_task(settle(task, outcome, event.at))
    left = tuple(one for one in case.obligations if one not in over)
    return replace(case, obligations=left, locked_at=case.locked_at if left else None)


def _is_told(one: Obligation, event: StatementRecovered) -> bool:
    """Tell whether the recovered supplement is about an erasure that is owed."""
    told = CarriedOut(one.account, one.record_class, one.rule, one.due_on)
    return one.kind is ObligationKind.RETENTION and told in event.carried_out


def answered_before(
    case: Case, result: Result, answered_at: datetime, at: datetime
) -> Case:
    """Answer the case; a copy that the backup did not have yet will not come."""
    for task in case.all_tasks.values():
        if not task.is_settled:
            outcome = left_out(task, ANSWERED_BEFORE.reason)
            case = case.with_task(settle(task, outcome, at))
    gathering = case.export is ExportStatus.GATHERING
    return replace(
        case,
        status=CaseStatus.ANSWERED,
        answered_at=answered_at,
        result=result,
        unsure_since=None,
        export=ExportStatus.DROPPED if gathering else case.export,
        obligations=() if result in _OWES_NOTHING else owed_by(case, answered_at),
        holds=(),  # decided before the restore, or nothing is left to decide
    )
