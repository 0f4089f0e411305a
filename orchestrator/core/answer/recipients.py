"""
Who had the person's data, and whether they have heard of the request.

Every recipient of the pinned register is listed that was one by the day the case was
opened, however long ago it left: no record proves that an older one never had the data,
so the period of the person's data is taken to begin with the first recipient.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestrator.core.cases import Case, Found, Task
from orchestrator.core.plan import Recipient
from orchestrator.core.reasons import reasons_of
from orchestrator.core.words import Right
from schemas.connecting import (
    Action,
    Done,
    NothingFound,
    Notified,
    Retained,
)
from schemas.recipients import NO_ACCOUNT, Basis, Heard, RecipientHeard

OUTSIDE_SCOPE = "outside_scope"
_TELLING = (Action.ERASE, Action.NOTIFY)
_HEARD = Done | NothingFound | Retained


def recipients_of(case: Case) -> Iterator[RecipientHeard]:
    """Yield what a statement says of every recipient, in the order of their names."""
    opened_on = _day(case, case.opened_at)
    for id_, recipient in sorted(case.plan.recipients.items()):
        is_later = recipient.active_from and recipient.active_from > opened_on
        if not is_later and not _is_imaginary(case, recipient):
            yield _heard(case, id_, recipient)


def is_anybody_missed(case: Case) -> bool:
    """Tell whether a recipient of erased data was not told, and without a ground."""
    if Right.ERASURE not in case.rights or case.rehearsal:
        return False
    return any(NO_ACCOUNT in one.reasons for one in recipients_of(case))


def _heard(case: Case, id_: str, recipient: Recipient) -> RecipientHeard:
    """Return one recipient's line."""
    mine = [t for t in case.all_tasks.values() if _recipient_of(case, t) == id_]
    told, reasons = _told(case, recipient, mine)
    return RecipientHeard(
        recipient=id_,
        legal_name=recipient.legal_name,
        role=recipient.role,
        country=recipient.country,
        sub_processors=recipient.sub_processors,
        data_categories=recipient.data_categories,
        contract=recipient.contract,
        active_from=recipient.active_from,
        active_to=recipient.active_to,
        basis=_basis(mine),
        told=told,
        reasons=reasons,
        explanation=recipient.explanation if told is Heard.NOT_TOLD else None,
        accounts=tuple(sorted({task.account for task in mine})),
        backups_until=_backups_until(case, recipient, mine),
        restore_procedure=recipient.restore_procedure,
    )


def _told(
    case: Case, recipient: Recipient, mine: Collection[Task]
) -> tuple[Heard, tuple[str, ...]]:
    """Return whether a recipient heard, and why not, or why not everywhere."""
    if Right.ERASURE not in case.rights:
        return Heard.NOT_OWED, ()
    if recipient.not_told_because is not None:
        return Heard.NOT_TOLD, (recipient.not_told_because,)
    lines = [task for task in mine if task.action in _TELLING]
    if not lines:
        return Heard.NOT_TOLD, (_why_without_line(case, recipient),)
    return _heard_by(lines), tuple(sorted({why for t in lines for why in _why(t)}))


def _heard_by(lines: Collection[Task]) -> Heard:
    """Return how far erasures and notices have come to a recipient."""
    if not all(task.is_settled for task in lines):
        return Heard.OPEN
    if any(isinstance(task.outcome, Notified) for task in lines):
        return Heard.TOLD
    if any(isinstance(task.outcome, _HEARD) or task.is_asked for task in lines):
        return Heard.INSTRUCTED
    return Heard.NOT_TOLD


def _why(task: Task) -> tuple[str, ...]:
    """Return why a settled line is not what was asked."""
    return () if task.outcome is None else reasons_of(task.outcome)


def _why_without_line(case: Case, recipient: Recipient) -> str:
    """Tell a wish that leaves the recipient out from an account that is missing."""
    its = [one for one in case.plan.accounts if one.recipient == recipient.id]
    return OUTSIDE_SCOPE if its else NO_ACCOUNT


def _is_imaginary(case: Case, recipient: Recipient) -> bool:
    """Tell whether all that a recipient has are sandboxes that were not asked."""
    its = [one for one in case.plan.accounts if one.recipient == recipient.id]
    asked = {one.id for one in case.plan.asked_in(case.rehearsal)}
    return bool(its) and not any(one.id in asked for one in its)


def _recipient_of(case: Case, task: Task) -> str:
    """Return whose account a task is about."""
    return case.planned(task).recipient


def _basis(mine: Collection[Task]) -> Basis:
    """Return how it is known that a recipient had the person's data."""
    ends = [task.outcome for task in mine]
    if any(task.items for task in mine) or any(isinstance(e, Found) for e in ends):
        return Basis.FOUND
    if any(isinstance(end, NothingFound) for end in ends):
        return Basis.SEARCHED
    return Basis.REGISTER


def _backups_until(
    case: Case, recipient: Recipient, mine: Collection[Task]
) -> date | None:
    """Return when the last backup with what was erased has expired, if it is known."""
    erased = [
        task.settled_at
        for task in mine
        if task.action is Action.ERASE
        and task.settled_at is not None
        and isinstance(task.outcome, Done | Retained)
    ]
    if recipient.backups_kept_for is None or not erased:
        return None
    return _day(case, max(erased) + recipient.backups_kept_for)


def _day(case: Case, at: datetime) -> date:
    """Return the local date of a moment, where the controller is."""
    return at.astimezone(ZoneInfo(case.plan.time_zone)).date()
