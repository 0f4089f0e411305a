"""
It stays gone: an account is searched again some days after the answer.

The search reads, by the identifiers that this account accepts and no others; they are
sealed apart, and destroyed with the last look, at the latest 35 days after the answer.
Nothing found is noted, and no more.  Somebody found is never erased by that: a customer
who came back is no resurrection, and only a person can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from orchestrator.core.afterwards.owed import READ_BACK_MOST, Obligation, ObligationKind
from orchestrator.core.afterwards.retention import with_dispositions
from orchestrator.core.cases import (
    EVERYTHING,
    Case,
    CaseStatus,
    Found,
    ItemState,
    Task,
    TaskItem,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.events import ItemsLocated, MatchesConflicted, TaskReported
from orchestrator.core.holds import ReturnReason, Ruling, RulingKind
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.ruled import ReturnRuled
from orchestrator.core.settling import needs_human, settle
from schemas.connecting import (
    Action,
    Evidence,
    Failed,
    Mode,
    NotApplicable,
    NothingFound,
    Outcome,
    Proof,
    Unconfirmed,
)

PRESENT_AGAIN = "present_again"
RETURNING = NotApplicable("returning_customer")
OVER = NotApplicable("read_back_over")
"""The identifiers are gone before the account could be searched."""
UNDECIDED = Failed(PRESENT_AGAIN, "Nobody decided before the identifiers were gone.")


def read_backs(case: Case, at: datetime) -> Iterator[Obligation]:
    """Yield the looks that an answer given now promises."""
    if case.rehearsal or case.scope != EVERYTHING or case.refused_classes:
        return  # of a part nobody could say what may be there
    if case.locked_at is not None:
        return  # its identifiers are out of our reach, and stay so
    today = at.astimezone(ZoneInfo(case.plan.time_zone)).date()
    for task in case.tasks_of(Action.ERASE):
        planned = case.planned(task)
        if _is_looked_for(case, task, planned):
            for days in planned.read_back:
                yield Obligation(
                    account=task.account,
                    record_class="",
                    rule=ObligationKind.READ_BACK.value,
                    due_on=today + timedelta(days=days),
                    items=(),
                    kind=ObligationKind.READ_BACK,
                )


def a_read_back(case: Case, due: Obligation, begins_at: datetime) -> Task:
    """Plan one look; what was not erased before the answer may be there."""
    search = case.task(due.account, Action.LOCATE)
    erasure = case.task(due.account, Action.ERASE)
    found = search.items if search is not None else ()
    acted_on = erasure.items if erasure is not None else ()
    erased = {item.id for item in acted_on if item.state is ItemState.GONE}
    return Task(
        id=due.task_id(case.id),
        account=due.account,
        action=Action.LOCATE,
        status=TaskStatus.PLANNED,
        dispatch_by=begins_at,
        identifier_types=case.identifier_types & case.plan.account(due.account).accepts,
        reads_only=True,  # the shell lets no write of it leave
        sealed_under=due.sealed_under,
        still_there=tuple(item.id for item in found if item.id not in erased),
    )


def after_read_back(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return a look after the account was searched: gone, or for a person."""
    match event.report:
        case NothingFound():
            back: tuple[TaskItem, ...] = ()
        case ItemsLocated(items=items):
            back = items
        case MatchesConflicted(candidates=candidates):
            back = tuple(item for items in candidates for item in items)
        case _:
            return needs_human(task, "connector_fault")
    known = frozenset(task.still_there)
    once = {item.id: item for item in back if item.proven and item.id not in known}
    back = tuple(once.values())
    task = replace(task, items=back, attempts=0, garbled=0)
    if not back:
        is_seen = planned.proof is Proof.LOOKUP
        gone = NothingFound(Evidence.E4 if is_seen else Evidence.E2)
        return settle(task, gone, event.at)
    return needs_human(task, "present_again", _created(back))


def after_return(case: Case, task: Task, event: ReturnRuled) -> Case:
    """Leave a returning customer alone, or erase again what a person says so of."""
    if task.status is not TaskStatus.NEEDS_HUMAN or task.reason != PRESENT_AGAIN:
        return case
    stays = event.reason is ReturnReason.RETURNING_CUSTOMER
    kind = RulingKind.RETURNED if stays else RulingKind.ERASED_AGAIN
    ruling = Ruling(
        kind, event.at, (event.by,), reason=event.reason.value, task=task.id
    )
    case = replace(case, rulings=(*case.rulings, ruling))
    if stays:
        case = case.with_task(settle(task, RETURNING, event.at))
        return replace(case, obligations=tuple(_without_looks(case, task)))
    (due,) = (o for o in case.obligations if o.task_id(case.id) == task.id)
    case = case.with_task(settle(task, Found(len(task.items)), event.at))
    disposed = with_dispositions(case, task.items, event.at)
    items = tuple(item for item in disposed if item.state is ItemState.OPEN)
    if not items:
        return case  # a law keeps all of it
    return case.with_task(
        Task(
            id=due.again_id(case.id),
            account=task.account,
            action=Action.ERASE,
            status=TaskStatus.PLANNED,
            dispatch_by=event.at,
            items=items,
            identifier_types=task.identifier_types,
            sealed_under=task.sealed_under,
        )
    )


def identifiers_go_at(case: Case) -> datetime | None:
    """Return when the identifiers of the looks are destroyed, come what may."""
    looks = any(one.kind is ObligationKind.READ_BACK for one in case.obligations)
    return case.answered_at + READ_BACK_MOST if looks and case.answered_at else None


def is_overtaken(case: Case, one: Obligation) -> bool:
    """
    Tell whether what is owed is a look whose account is being looked at already.

    After an outage several are due at once: a person is asked about one find once.
    """
    return one.kind is ObligationKind.READ_BACK and any(
        task.sealed_under == one.sealed_under and not task.is_settled
        for task in case.all_tasks.values()
    )


def without_quiet_looks(case: Case, at: datetime) -> Case:
    """Return *case* without looks that found nothing, or whose time is over."""
    if case.status is not CaseStatus.ANSWERED:
        return case
    goes_at = identifiers_go_at(case)
    if goes_at is not None and goes_at <= at:
        case = _given_up(case, at)
    left = tuple(one for one in case.obligations if not _is_quiet(case, one, at))
    return case if left == case.obligations else replace(case, obligations=left)


def _is_looked_for(case: Case, task: Task, planned: PlannedAccount) -> bool:
    """Tell whether something was erased that a search can tell from nothing."""
    seen = any(it.proven and it.state is ItemState.GONE for it in task.items)
    may_read = Action.LOCATE in planned.actions - planned.writes
    known = case.identifier_types & planned.accepts
    return seen and may_read and bool(known) and planned.mode is Mode.LIVE


def _is_quiet(case: Case, one: Obligation, at: datetime) -> bool:
    """Tell whether a look is over and nothing is to be said of it."""
    if one.kind is not ObligationKind.READ_BACK:
        return False
    task = case.all_tasks.get(one.task_id(case.id))
    if task is None:
        goes_at = identifiers_go_at(case)
        return goes_at is not None and goes_at <= at
    is_nothing = isinstance(task.outcome, NothingFound | NotApplicable)
    return task.is_settled and is_nothing and task.outcome != RETURNING


def _given_up(case: Case, at: datetime) -> Case:
    """End every look that is not over: there is nothing left to look by."""
    for one in case.obligations:
        if one.kind is not ObligationKind.READ_BACK:
            continue
        for id_ in (one.task_id(case.id), one.again_id(case.id)):
            task = case.all_tasks.get(id_)
            if task is not None and not task.is_settled:
                case = case.with_task(settle(task, _end_of(task), at))
    return case


def _end_of(task: Task) -> Outcome:
    """Return how a look, or an erasure after it, ends without identifiers."""
    if task.action is Action.ERASE:
        return Unconfirmed()
    return UNDECIDED if task.reason == PRESENT_AGAIN else OVER


def _without_looks(case: Case, task: Task) -> Iterator[Obligation]:
    """Yield what is owed but further looks at an account, where somebody came back."""
    for one in case.obligations:
        is_ahead = one.task_id(case.id) not in case.all_tasks
        is_look = one.kind is ObligationKind.READ_BACK and one.account == task.account
        if not (is_look and is_ahead):
            yield one


def _created(items: tuple[TaskItem, ...]) -> str:
    """Say since when the records are there, if the account says so."""
    since = min((item.started_on for item in items if item.started_on), default=None)
    when = f"created on {since}" if since else "nobody says since when"
    return (
        f"Found again, {when}.  Say why: `erasure task returned`.  A customer who came"
        " back is no resurrection."
    )
