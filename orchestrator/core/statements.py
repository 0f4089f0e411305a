"""
What a statement says of a case: lines, times, what is kept and what is still owed.

Pure: the case as it was committed, the time and the ids come in, and a receipt comes
out, in codes without language and without a word that identifies the person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.core.cases import Case, Found, ItemState, Task, TaskItem
from orchestrator.core.results import result_of
from orchestrator.core.words import StatementKind
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    Failed,
    NotApplicable,
    Notified,
    NotTold,
    Outcome,
)
from schemas.receipts import (
    ControllerNamed,
    Due,
    ExportMade,
    IdentityVerified,
    Limit,
    Line,
    Owed,
    Receipt,
    RecipientNamed,
    RetainedClass,
    StillOwed,
    Times,
    count_bucket,
)
from schemas.requests import Channel, VerificationLevel, VerificationMethod
from schemas.requests import Right as LawRight

ALWAYS_LIMITED_BY = (
    Limit.LOOK_IS_A_MOMENT,
    Limit.REGISTERED_ACCOUNTS_ONLY,
    Limit.BACKUPS_EXPIRE_LATER,
    Limit.VERIFIED_BY_PORTAL,
)

TAKEN_ON_TRUST = frozenset({Evidence.E0, Evidence.E1, Evidence.E2, Evidence.E3})


def final_receipt(
    case: Case, statement_id: str, at: datetime, software: str
) -> Receipt:
    """Return the final receipt of *case*; its version and time come from outside."""
    lines = tuple(_line(case, task) for task in in_order(case))
    limits = [*ALWAYS_LIMITED_BY]
    if any(line.evidence in TAKEN_ON_TRUST for line in lines):
        limits.append(Limit.RECIPIENTS_WORD)
    if any(not item.proven for task in case.all_tasks.values() for item in task.items):
        limits.append(Limit.UNPROVEN_IDS)
    return Receipt(
        statement_id=statement_id,
        number=len(case.statements) + 1,
        rehearsal=tuple(one.value for one in sorted(case.rehearsal)) or None,
        kind=StatementKind.FINAL.value,
        result=result_of(case).value,
        controller=ControllerNamed(
            id=case.controller,
            legal_name=case.plan.legal_name,
            dpo_contact=case.plan.dpo_contact,
        ),
        request_id=case.request_id,
        case_id=case.id,
        rights=tuple(LawRight(right) for right in sorted(case.rights)),
        jurisdiction=case.jurisdiction,
        channel=Channel(case.channel),
        times=_times(case, at),
        due=_due(case),
        identity=IdentityVerified(
            method=VerificationMethod(case.verification.method),
            level=VerificationLevel(case.verification.level.value),
        ),
        lines=lines,
        export=_export(case),
        owed=tuple(_owed(case)),
        register_version=case.plan.version,
        software_version=software,
        limits=tuple(sorted(limits)),
    )


def in_order(case: Case) -> list[Task]:
    """Return the tasks as the register lists their accounts, action by action."""
    accounts = [account.id for account in case.plan.accounts]
    actions = list(Action)
    return sorted(
        case.all_tasks.values(),
        key=lambda task: (accounts.index(task.account), actions.index(task.action)),
    )


def _line(case: Case, task: Task) -> Line:
    """
    Return what one account was asked to do, and how it ended.

    Raises `ValueError` for a line that is still open.
    """
    planned = case.planned(task)
    recipient = case.plan.recipients[planned.recipient]
    if task.outcome is None:
        raise ValueError("A final receipt has no open line: wait until all is settled.")
    concerned = [item for item in task.items if item.state is not ItemState.NEVER_SEEN]
    return Line(
        recipient=RecipientNamed.model_validate(
            {"legal_name": recipient.legal_name, "role": recipient.role}
        ),
        account=task.account,
        connector=planned.connector,
        connector_version=planned.connector_version,
        action=task.action,
        identifier_types=tuple(sorted(task.identifier_types)) if task.calls else (),
        record_classes=tuple(sorted({item.record_class for item in concerned})),
        outcome=task.outcome.kind,
        method=task.outcome.method if isinstance(task.outcome, Done) else None,
        evidence=_evidence(task.outcome),
        answer_sha256=task.outcome.proof
        if isinstance(task.outcome, Notified)
        else None,
        evidence_sha256=task.attested.sha256 if task.attested else None,
        count=count_bucket(len(concerned)),
        reasons=(*reasons_of(task.outcome), *([task.how] if task.how else [])),
        retained=tuple(_retained(case, task)),
        settled_at=task.settled_at,
        attempts=task.calls,
    )


def _evidence(outcome: Outcome | Found) -> Evidence | None:
    """Return the grade an outcome carries."""
    return getattr(outcome, "evidence", None)


def reasons_of(outcome: Outcome | Found) -> tuple[str, ...]:
    """Return the codes that say why a line is not what was asked."""
    match outcome:
        case NotApplicable(reason=reason) | NotTold(reason=reason):
            return (reason,)
        case Failed(code=code):
            return (code,)
        case _:
            return ()


def _retained(case: Case, task: Task) -> Iterator[RetainedClass]:
    """Yield one entry for each record class and rule that keeps records."""
    statutes = {rule.id: rule.statute for rule in case.plan.retention}
    for kept in task.retained:
        items: list[TaskItem] = [
            item
            for item in task.items
            if item.state is ItemState.KEPT
            and (item.record_class, item.rule) == (kept.record_class, kept.rule)
        ]
        yield RetainedClass(
            record_class=kept.record_class,
            rule=kept.rule,
            statute=statutes[kept.rule],
            until=kept.until,
            count=count_bucket(len(items)),
        )


def _times(case: Case, at: datetime) -> Times:
    """Return when what happened."""
    called = [t.first_called_at for t in case.all_tasks.values() if t.first_called_at]
    return Times(
        received_at=case.received_at,
        verified_at=case.verification.verified_at,
        opened_at=case.opened_at,
        first_instruction_at=min(called, default=None),
        withdrawn_at=case.withdrawn_at,
        answered_at=at,
    )


def _due(case: Case) -> Due:
    """Return until when the law wanted the answer, and by which rule and calendar."""
    counted = case.deadline
    return Due(
        due_at=case.due_at,
        rule=case.due_rule,
        calendar=counted.calendar if counted else None,
        time_zone=case.plan.time_zone,
    )


def _export(case: Case) -> ExportMade | None:
    """Return the copy's digest and expiry, if a copy was asked for."""
    if case.export_sha256 is None or case.export_expires_at is None:
        return None
    return ExportMade(sha256=case.export_sha256, expires_at=case.export_expires_at)


def _owed(case: Case) -> Iterator[StillOwed]:
    """Yield what follows this statement: erasures when retention ends."""
    for task in in_order(case):
        if task.action is Action.ERASE:
            for kept in task.retained:
                yield StillOwed(
                    what=Owed.ERASE_AFTER_RETENTION,
                    account=task.account,
                    action=task.action,
                    record_class=kept.record_class,
                    due_on=kept.until,
                )
