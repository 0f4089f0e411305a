"""
What a statement says of a case: lines, times, what is kept and what is still owed.

Pure: the case as it was committed, the time and the ids come in, and a receipt comes
out, in codes without language and without a word that identifies the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from orchestrator.core.afterwards.following import owed_by, settled_now
from orchestrator.core.afterwards.owed import READ_BACK_MOST, Obligation, ObligationKind
from orchestrator.core.answer.kept import classes_once_kept, retained_classes
from orchestrator.core.answer.moments import asked_at, settled_at, times_of
from orchestrator.core.answer.recipients import recipients_of
from orchestrator.core.answer.results import is_fulfilled, result_of
from orchestrator.core.cases import EVERYTHING, Case, Found, ItemState, Task
from orchestrator.core.clocks.forecast import expected_end, why_open
from orchestrator.core.clocks.ladder import has_breached
from orchestrator.core.holds import Ruling
from orchestrator.core.later import Informed
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.reasons import reasons_of
from orchestrator.core.ruling.stopping import is_still_used, stopped_by
from orchestrator.core.tasks import GateReason, Rung
from orchestrator.core.words import StatementKind
from orchestrator.core.work.gates import refused_classes
from schemas.connecting import (
    CLASS_OF,
    Action,
    Done,
    Evidence,
    Notified,
    Outcome,
)
from schemas.counts import count_bucket
from schemas.decided import Ruled, ScopeNamed
from schemas.due import Due
from schemas.limits import Limit
from schemas.receipts import (
    ControllerNamed,
    ExportMade,
    IdentityVerified,
    Line,
    Owed,
    Receipt,
    RecipientNamed,
    StatementResult,
    StillOwed,
)
from schemas.requests import Channel, VerificationLevel, VerificationMethod
from schemas.requests import Right as LawRight
from schemas.told import Told

ALWAYS_LIMITED_BY = (
    Limit.LOOK_IS_A_MOMENT,
    Limit.REGISTERED_ACCOUNTS_ONLY,
    Limit.BACKUPS_EXPIRE_LATER,
    Limit.VERIFIED_BY_PORTAL,
)

# A person's attestation is as good as the processor's own word.
_STRENGTH = {
    Evidence.E0: 0,
    Evidence.E1: 1,
    Evidence.E2: 2,
    Evidence.M: 2,
    Evidence.E3: 3,
    Evidence.E4: 4,
}
_WHAT = {
    ObligationKind.RETENTION: Owed.ERASE_AFTER_RETENTION,
    ObligationKind.LOOK_AGAIN: Owed.LOOK_AGAIN,
}
TAKEN_ON_TRUST = frozenset({Evidence.E0, Evidence.E1, Evidence.E2, Evidence.E3})


def final_receipt(
    case: Case, statement_id: str, at: datetime, software: str
) -> Receipt:
    """
    Return the final receipt of *case*; its version and time come from outside.

    Raises `ValueError` if a line is still open.
    """
    if not all(task.is_settled for task in case.all_tasks.values()):
        raise ValueError("A final receipt has no open line: wait until all is settled.")
    return _statement(case, StatementKind.FINAL, statement_id, at, software)


def interim_receipt(
    case: Case, statement_id: str, at: datetime, software: str
) -> Receipt:
    """Return what is settled and what is open before the deadline, and until when."""
    return _statement(case, StatementKind.INTERIM, statement_id, at, software)


def supplement_receipt(
    case: Case, statement_id: str, at: datetime, software: str
) -> Receipt:
    """
    Return what became of records that were kept past the answer.

    It adds to the final receipt and replaces nothing.  Raises `ValueError` if there is
    nothing new to say.
    """
    if not settled_now(case):
        raise ValueError("A supplement tells of follow-ups that are over.")
    return _statement(case, StatementKind.SUPPLEMENT, statement_id, at, software)


def _statement(
    case: Case, kind: StatementKind, statement_id: str, at: datetime, software: str
) -> Receipt:
    """Return the next statement of *case*; all but a supplement replace the last."""
    adds = kind is StatementKind.SUPPLEMENT
    tasks = settled_now(case) if adds else in_order(case)
    lines = tuple(_line(case, task, at) for task in tasks)
    is_answered = kind is not StatementKind.INTERIM
    return Receipt(
        statement_id=statement_id,
        number=case.next_number,
        rehearsal=tuple(one.value for one in sorted(case.rehearsal)) or None,
        supersedes=None if adds else case.next_number - 1 or None,
        kind=kind.value,
        result=_result(case, kind, tasks),
        controller=_controller(case),
        request_id=case.request_id,
        case_id=case.id,
        rights=tuple(LawRight(right) for right in sorted(case.rights)),
        scope=_scope(case),
        jurisdiction=case.jurisdiction,
        channel=Channel(case.channel),
        times=times_of(case, at, is_answered=is_answered),
        due=_due(case),
        identity=IdentityVerified(
            method=VerificationMethod(case.verification.method),
            level=VerificationLevel(case.verification.level.value),
        ),
        lines=lines,
        recipients=None if adds else tuple(recipients_of(case)) or None,
        export=_export(case),
        owed=(*_still_open(case, at), *_owed(case, at)),
        rulings=tuple(_ruled(case, ruling) for ruling in case.rulings) or None,
        informed=tuple(_told(one) for one in case.informed) or None,
        register_version=case.plan.version,
        software_version=software,
        limits=tuple(sorted(_limits(case, lines))),
    )


def _limits(case: Case, lines: Iterable[Line]) -> Iterator[Limit]:
    """Yield what the statement does not prove."""
    yield from ALWAYS_LIMITED_BY
    if any(line.evidence in TAKEN_ON_TRUST for line in lines):
        yield Limit.RECIPIENTS_WORD
    if any(line.evidence_demanded for line in lines):
        yield Limit.BELOW_DEMAND
    if is_still_used(case, lines):
        yield Limit.USE_NOT_STOPPED
    if any(not item.proven for task in case.all_tasks.values() for item in task.items):
        yield Limit.UNPROVEN_IDS


def _result(case: Case, kind: StatementKind, tasks: Iterable[Task]) -> StatementResult:
    """Return what the lines come to; of a supplement, its own lines."""
    match kind:
        case StatementKind.INTERIM:
            return "open"
        case StatementKind.FINAL:
            return result_of(case).value
        case StatementKind.SUPPLEMENT:
            return "complete" if all(map(is_fulfilled, tasks)) else "partial"
        case _:
            assert_never(kind)


def _controller(case: Case) -> ControllerNamed:
    """Return who answers to the person."""
    return ControllerNamed(
        id=case.controller,
        legal_name=case.plan.legal_name,
        dpo_contact=case.plan.dpo_contact,
    )


def _scope(case: Case) -> ScopeNamed | None:
    """Return what the person limited the request to, if anything."""
    if case.scope == EVERYTHING:
        return None
    accounts, classes = case.scope.accounts, case.scope.record_classes
    return ScopeNamed(
        accounts=None if accounts is None else tuple(sorted(accounts)),
        record_classes=None if classes is None else tuple(sorted(classes)),
    )


def in_order(case: Case) -> list[Task]:
    """Return the tasks as the register lists their accounts, action by action."""
    accounts = [account.id for account in case.plan.accounts]
    actions = list(Action)
    return sorted(
        case.all_tasks.values(),
        key=lambda task: (accounts.index(task.account), actions.index(task.action)),
    )


def _line(case: Case, task: Task, at: datetime) -> Line:
    """Return what one account was asked for, and how it ended or why it is open."""
    planned = case.planned(task)
    recipient = case.plan.recipients[planned.recipient]
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
        outcome=task.outcome.kind if task.outcome else "open",
        method=task.outcome.method if isinstance(task.outcome, Done) else None,
        evidence=_evidence(task.outcome),
        evidence_demanded=_demanded(planned, task.outcome),
        answer_sha256=task.outcome.proof
        if isinstance(task.outcome, Notified)
        else None,
        evidence_sha256=task.attested.sha256 if task.attested else None,
        count=count_bucket(len(concerned)),
        suppressed=True if _is_suppressed(planned, task) else None,
        reasons=(
            *_reasons(task),
            *_held_for(case, task),
            *([task.how] if task.how else []),
            *([Rung.BREACH_OF_SLA.value] if has_breached(task) else []),
        ),
        retained=tuple(retained_classes(case, task)),
        was_kept=tuple(classes_once_kept(case, task)) or None,
        left_alone=refused_classes(case, task) or None,
        use=stopped_by(case, task),
        asked_at=asked_at(case, task),
        settled_at=settled_at(case, task),
        expected_by=None if task.is_settled else expected_end(case, task, at),
        attempts=task.calls,
    )


def _is_suppressed(planned: PlannedAccount, task: Task) -> bool:
    """Tell whether the erasure is known to have left an entry that keeps out."""
    is_known = not task.answers_lost and task.how not in planned.suppresses_unless
    by_call = isinstance(task.outcome, Done) and task.outcome.evidence is not Evidence.M
    is_erasure = task.action is Action.ERASE
    return planned.suppresses and is_known and by_call and is_erasure


def _reasons(task: Task) -> tuple[str, ...]:
    """Return why a line is not what was asked, or why it is still open."""
    if task.outcome is not None:
        return reasons_of(task.outcome)
    return (why_open(task), *([task.reason] if task.reason else []))


def _held_for(case: Case, task: Task) -> Iterator[str]:
    """Yield why an open line is held."""
    if task.gate is not None and task.gate.reason is GateReason.HOLD:
        for hold in case.holds:
            if CLASS_OF[task.action] in hold.classes:
                yield f"held_{hold.reason.value}"


def _evidence(outcome: Outcome | Found | None) -> Evidence | None:
    """Return the grade an outcome carries."""
    return getattr(outcome, "evidence", None)


def _demanded(
    planned: PlannedAccount, outcome: Outcome | Found | None
) -> Evidence | None:
    """Return what the register demands of a deed, where less was reached."""
    if not isinstance(outcome, Done | Notified) or planned.min_evidence is None:
        return None
    is_enough = _STRENGTH[outcome.evidence] >= _STRENGTH[planned.min_evidence]
    return None if is_enough else planned.min_evidence


def _ruled(case: Case, ruling: Ruling) -> Ruled:
    """Return what the receipt prints of a ruling."""
    task = case.all_tasks.get(ruling.task) if ruling.task else None
    return Ruled(
        kind=ruling.kind.value,
        at=ruling.at,
        by=ruling.by,
        reason=ruling.reason,
        gate=ruling.gate,
        review_at=ruling.review_at,
        provision=ruling.provision,
        action_classes=tuple(sorted(ruling.classes)),
        record_classes=tuple(sorted(ruling.record_classes)),
        account=task.account if task else None,
        action=task.action if task else None,
    )


def _due(case: Case) -> Due:
    """Return until when the law wanted the answer, and by which rule and calendar."""
    counted = case.deadline
    return Due(
        due_at=case.due_at,
        rule=case.due_rule,
        calendar=counted.calendar if counted else None,
        time_zone=case.plan.time_zone,
        extended_because=case.extension.reason if case.extension else None,
        extended_at=case.extension.at if case.extension else None,
        identity_asked_at=case.identity_asked_at,
        identity_received_at=case.identity_received_at,
    )


def _export(case: Case) -> ExportMade | None:
    """Return the copy's digest and expiry, if a copy was asked for."""
    if case.export_sha256 is None or case.export_expires_at is None:
        return None
    return ExportMade(
        sha256=case.export_sha256,
        expires_at=case.export_expires_at,
        collected_at=case.export_collected_at,
    )


def _told(informed: Informed) -> Told:
    """Return what reached the person before this statement."""
    return Told(
        at=informed.at,
        channel=informed.channel,
        statement=informed.statement,
        notice=informed.notice,
    )


def _still_open(case: Case, at: datetime) -> Iterator[StillOwed]:
    """Yield what an interim statement leaves open, and by when it is expected."""
    for task in in_order(case):
        if not task.is_settled:
            end = expected_end(case, task, at)
            yield StillOwed(
                what=Owed.OPEN_JOB if task.open_calls else Owed.OPEN_TASK,
                account=task.account,
                action=task.action,
                due_on=end.date() if end else None,
            )


def _owed(case: Case, at: datetime) -> Iterator[StillOwed]:
    """Yield what follows this statement: erasures of what had to stay."""
    owed = owed_by(case, at) if case.answered_at is None else case.obligations
    yield from _looks(case, owed, at)
    for one in owed:
        if one.kind is ObligationKind.READ_BACK:
            continue
        if one.task_id(case.id) not in case.all_tasks:  # what has begun is a task
            yield StillOwed(
                what=_WHAT[one.kind],
                account=one.account,
                action=Action.ERASE,
                record_class=one.record_class,
                due_on=one.ends_on,
                fields=one.fields or None,
            )


def _looks(case: Case, owed: Iterable[Obligation], at: datetime) -> Iterator[StillOwed]:
    """Yield which accounts are searched again, by what, and until when it is kept."""
    left = (one for one in owed if one.kind in _LOOKS and not case.is_carried_out(one))
    last = {one.account: one.due_on for one in left}
    goes_at = (case.answered_at or at) + READ_BACK_MOST
    for account, due_on in last.items():
        types = case.identifier_types & case.plan.account(account).accepts
        yield StillOwed(
            what=Owed.READ_BACK,
            account=account,
            action=Action.LOCATE,
            due_on=due_on,
            identifier_types=tuple(sorted(types)),
            kept_until=goes_at,
        )


_LOOKS = frozenset({ObligationKind.READ_BACK})
