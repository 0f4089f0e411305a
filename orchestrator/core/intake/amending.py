"""
More identifiers for a request that is being carried out: whom to ask, or to ask again.

An account is asked with them where it accepts their type and nothing was asked of it
that cannot be taken back.  Elsewhere they are recorded, not obeyed, and the portal is
told.  Nothing is ever taken away, and no right is widened.
"""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Found,
    Gate,
    GateReason,
    Step,
    Task,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.later import Amendment, PassedOver, RequestAmended
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import AccountId
from orchestrator.core.work.gates import opens_at
from orchestrator.core.work.links import may_still_learn, was_never_asked
from orchestrator.core.work.locating import told_more
from schemas.case_words import PassedOverBecause
from schemas.connecting import (
    Action,
    Exported,
    NotApplicable,
    NothingFound,
    NotTold,
    Retained,
)

_OPEN = frozenset({CaseStatus.RECEIVED, CaseStatus.RUNNING})
_FINAL = (Action.ERASE, Action.NOTIFY)
_USES = (Action.EXPORT, *_FINAL)
_NOBODY = "no_identifier"
# Why a task ended of which nothing was asked: it may begin after all.
_NOTHING_ASKED = frozenset({_NOBODY, "dry_run", "refused", "partial_erasure"})


def may_be_amended(case: Case) -> bool:
    """Tell whether the request is still being carried out."""
    is_ended = case.withdrawn_at is not None or case.refused_for is not None
    return case.status in _OPEN and not is_ended and case.locked_at is None


def after_amendment(case: Case, event: RequestAmended) -> Case:
    """Add the types, and let each account that accepts one be asked if it still can."""
    known = {one.event_id for one in case.amendments}
    if event.event_id in known or not may_be_amended(case):
        return case
    case = replace(case, identifier_types=case.identifier_types | event.types)
    asked: list[AccountId] = []
    passed_over: list[PassedOver] = []
    for account in case.plan.accounts:
        if not account.accepts & event.types or not _takes_part(case, account):
            continue
        why = _why_too_late(case, account)
        if why is None:
            case = _asked_again(case, account)
            asked.append(account.id)
        else:
            passed_over.append(PassedOver(account.id, why))
    noted = Amendment(
        event.event_id, event.at, event.types, tuple(asked), tuple(passed_over)
    )
    case = _hoping(case, asked) if asked else case
    return replace(case, amendments=(*case.amendments, noted))


def _takes_part(case: Case, account: PlannedAccount) -> bool:
    """Tell whether anything is asked of the account in this case."""
    return any(
        task.account == account.id and not was_never_asked(task)
        for task in case.all_tasks.values()
    )


def _why_too_late(case: Case, account: PlannedAccount) -> PassedOverBecause | None:
    """Return why the account cannot be asked with more identifiers, if it cannot."""
    finals = (case.task(account.id, action) for action in _FINAL)
    if any(task is not None and _is_dispatched(task) for task in finals):
        return "already_dispatched"
    copy = case.task(account.id, Action.EXPORT)
    if copy is not None and not was_never_asked(copy):
        if case.export not in {ExportStatus.GATHERING, ExportStatus.NOT_ASKED}:
            return "copy_sealed"
        if _is_copying(copy):
            return "copy_under_way"
    search = case.task(account.id, Action.LOCATE)
    return "search_closed" if search is not None and _is_closed(search) else None


def _is_dispatched(task: Task) -> bool:
    """Tell whether something irreversible was asked, or a person ended the task."""
    if was_never_asked(task):
        return False
    if task.is_settled:
        return task.has_begun or not _is_untouched(task)
    may_go_back = {TaskStatus.PLANNED, TaskStatus.READY, TaskStatus.WAITING}
    return task.has_begun or task.status not in may_go_back or task.step is not Step.ACT


def _is_untouched(task: Task) -> bool:
    """Tell whether a task ended because nothing was to be asked."""
    match task.outcome:
        case NotApplicable(reason=reason) | NotTold(reason=reason):
            return reason in _NOTHING_ASKED
        case NothingFound() | Retained():
            return True
        case _:
            return False


def _is_copying(copy: Task) -> bool:
    """Tell whether a copy is being made, or a person ended it."""
    if copy.is_settled:
        return not (_is_untouched(copy) or isinstance(copy.outcome, Exported))
    may_go_back = {TaskStatus.PLANNED, TaskStatus.READY, TaskStatus.WAITING}
    return copy.has_begun or copy.status not in may_go_back or copy.step is not Step.ACT


def _is_closed(search: Task) -> bool:
    """Tell whether nobody can search again: a person, or a job of ours, has it."""
    if was_never_asked(search):
        return True
    if search.is_settled:
        return not isinstance(search.outcome, Found) and not _is_untouched(search)
    return search.status is TaskStatus.WITH_PERSON or bool(search.open_calls)


def _asked_again(case: Case, account: PlannedAccount) -> Case:
    """Let the account be searched with all that is known, and then be acted on."""
    search = case.task(account.id, Action.LOCATE)
    if search is not None:
        known = case.identifier_types & account.accepts
        case = case.with_task(told_more(replace(search, identifier_types=known)))
    return _afresh(case, account)


def _afresh(case: Case, account: PlannedAccount) -> Case:
    """Put what follows from the account's search back behind its gate."""
    for task in (case.task(account.id, action) for action in _USES):
        if task is None or was_never_asked(task):
            continue
        gate = Gate(GateReason.LOCATE, opens_at(case, task, GateReason.LOCATE))
        planned = replace(
            task,
            status=TaskStatus.PLANNED,
            gate=gate,
            step=Step.ACT,
            items=(),
            outcome=None,
            settled_at=None,
            retained=(),
            answers_lost=0,  # of a copy: nothing else was asked
            attempts=0,
            reason=None,
            hint=None,
        )
        case = case.with_task(planned)
    return case


def _hoping(case: Case, asked: Collection[AccountId]) -> Case:
    """
    Let accounts wait again that a new search may still teach an identifier.

    Of them nothing was asked yet, or no identifier was known; if nothing is learned,
    they end as they did.
    """
    for account in case.plan.accounts:
        if account.id in asked or not may_still_learn(case, account):
            continue
        if not _takes_part(case, account) or _why_too_late(case, account) is not None:
            continue
        search = case.task(account.id, Action.LOCATE)
        if search is not None and search.outcome == NotApplicable(_NOBODY):
            reason = GateReason.IDENTIFIERS
            gate = Gate(reason, opens_at(case, search, reason))
            waiting = replace(search, status=TaskStatus.PLANNED, gate=gate)
            case = case.with_task(replace(waiting, outcome=None, settled_at=None))
        case = _afresh(case, account)
    return case
