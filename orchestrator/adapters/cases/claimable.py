"""
Which tasks an owner may call now, and taking them; the statements of `claims`.

Statements are built once, because building one takes longer than running it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    union_all,
    update,
)

from orchestrator.adapters.cases.codec import TaskColumns, task_from_row
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Step, TaskStatus
from orchestrator.core.words import AccountId, CallId, CaseId
from orchestrator.ports import Choose, Claimed, Due
from schemas.connecting import CLASS_OF, Action, ActionClass, TaskId

TASK_COLUMNS = (
    t.tasks.c.id,
    t.tasks.c.case_id,
    t.tasks.c.doc,
    t.tasks.c.status,
    t.tasks.c.step,
    t.tasks.c.wake_at,
    t.tasks.c.epoch,
    t.tasks.c.claimed_at,
)


_DUE_COLUMNS = (
    *(t.tasks.c.id, t.tasks.c.case_id, t.tasks.c.action, t.tasks.c.step),
    *(t.tasks.c.dispatch_by, t.tasks.c.at_most, t.tasks.c.job),
)
_AT_ONCE = 100  # accounts in one statement: SQLite takes at most 500 parts

_NOW = bindparam("now", type_=t.Instant)
# While our own backup is behind what was published: see `restore_hold`.
_IS_HELD = select(t.restore_holds.c.name).exists()
# A lift ends a protection, so it waits as well; a look only reads.
HARMLESS = frozenset(
    {Action.LOCATE}
    | {one for one in Action if CLASS_OF[one] is ActionClass.PROTECTIVE} - {Action.LIFT}
)
_IS_HARMLESS = or_(
    t.tasks.c.action.in_(sorted(map(str, HARMLESS))),
    t.tasks.c.step == str(Step.LOOK),
)
_FREE = (
    select(t.accounts.c.id, t.accounts.c.epoch, _IS_HELD.label("is_held"))
    .where(
        t.accounts.c.id.in_(bindparam("accounts", expanding=True)),
        t.accounts.c.owner == bindparam("owner"),
        t.accounts.c.lease_until > _NOW,
        t.accounts.c.paused_reason.is_(None),
    )
    .order_by(t.accounts.c.id)
    .with_for_update(read=True)
)
_IS_READY = t.tasks.c.status == str(TaskStatus.READY)
_IS_WAITING = t.tasks.c.status == str(TaskStatus.WAITING)
_IS_DUE = and_(_IS_WAITING, t.tasks.c.wake_at <= _NOW)
NEXT_DUE = select(func.min(t.tasks.c.wake_at)).where(
    t.tasks.c.account == bindparam("account"),
    _IS_WAITING,
    or_(not_(_IS_HELD), _IS_HARMLESS),
)
# Of the cases that another transaction works on, nothing is claimed now.
_LOCK_CASES = (
    select(t.cases.c.id)
    .where(t.cases.c.id.in_(bindparam("cases", expanding=True)))
    .order_by(t.cases.c.id)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(t.tasks)
    .where(
        t.tasks.c.id.in_(bindparam("ids", expanding=True)),
        # As a CASE, lest a planner read every waiting task for it: SQLite did.
        case((_IS_READY, 1), (_IS_DUE, 1), else_=0) == 1,
    )
    .values(
        status=str(TaskStatus.CALLED),
        epoch=select(t.accounts.c.epoch)
        .where(t.accounts.c.id == t.tasks.c.account)
        .scalar_subquery(),
        claimed_at=func.coalesce(t.tasks.c.claimed_at, _NOW),
    )
    .returning(*TASK_COLUMNS)
)


@dataclass(frozen=True, slots=True)
class Free:
    """Accounts to claim for; *is_held* while only the harmless may go on."""

    accounts: frozenset[AccountId]
    is_held: bool


def free_accounts(
    connection: Connection, epochs: Mapping[AccountId, int], owner: str, now: datetime
) -> Free:
    """Lock the accounts' rows; return those that are ours and awake."""
    asked = {"accounts": list(epochs), "owner": owner, "now": now}
    rows = connection.execute(_FREE, asked).all()
    return Free(
        frozenset(
            AccountId(row.id) for row in rows if row.epoch == epochs[AccountId(row.id)]
        ),
        is_held=any(row.is_held for row in rows),
    )


def most_urgent(
    connection: Connection,
    rooms: Mapping[AccountId, int],
    now: datetime,
    choose: Choose | None = None,
    *,
    is_held: bool = False,
) -> list[str]:
    """Return what to claim of the most urgent due tasks, with their cases locked."""
    found = _due(connection, rooms, now, is_held=is_held)
    chosen = [
        one
        for account, due in found.items()
        for one in (choose(account, due) if choose is not None else due)
    ]
    if chosen and connection.dialect.name != "sqlite":
        cases = {"cases": [one.case for one in chosen]}
        locked = {row.id for row in connection.execute(_LOCK_CASES, cases)}
        chosen = [one for one in chosen if one.case in locked]
    return [one.id for one in chosen]


def _due(
    connection: Connection,
    rooms: Mapping[AccountId, int],
    now: datetime,
    *,
    is_held: bool,
) -> Mapping[AccountId, Sequence[Due]]:
    """Return so many due tasks of each account, most urgent first."""
    found: dict[AccountId, list[Due]] = defaultdict(list)
    asked_of = sorted(rooms.items())
    for start in range(0, len(asked_of), _AT_ONCE):
        some = asked_of[start : start + _AT_ONCE]
        asked = {
            f"{name}{n}": value
            for n, (account, room) in enumerate(some)
            for name, value in (("account", account), ("room", room))
        }
        for row in connection.execute(
            _urgent(len(some), is_held=is_held), {**asked, "now": now}
        ):
            found[AccountId(row.account)].append(_as_due(row))
    return {
        account: sorted(due, key=lambda one: (one.dispatch_by, one.id))[
            : rooms[account]
        ]
        for account, due in found.items()
    }


def _as_due(row: Row[*tuple[Any, ...]]) -> Due:
    """Return a row as a task that may be claimed."""
    return Due(
        id=TaskId(row.id),
        case=CaseId(row.case_id),
        action=Action(row.action),
        step=Step(row.step),
        dispatch_by=row.dispatch_by,
        at_most=row.at_most,
        job=None if row.job is None else CallId(row.job),
    )


@cache
def _urgent(accounts: int, *, is_held: bool = False) -> Executable:
    """
    Return the query for the most urgent tasks of so many accounts.

    A part for what is ready and one for what is due, since together they could not be
    read in an index's order; all in one statement, since each has its price.
    """
    allowed = [_IS_HARMLESS] if is_held else []
    parts = [
        select(t.tasks.c.account, *_DUE_COLUMNS)
        .where(t.tasks.c.account == bindparam(f"account{n}"), condition, *allowed)
        .order_by(t.tasks.c.dispatch_by, t.tasks.c.id)
        .limit(bindparam(f"room{n}"))
        .subquery()
        .select()
        for n in range(accounts)
        for condition in (_IS_READY, _IS_DUE)
    ]
    return union_all(*parts)


def claim_these(
    connection: Connection, ids: Sequence[str], now: datetime
) -> list[Claimed]:
    """Claim tasks; asked again, as a step may commit between the look and the lock."""
    if not ids:
        return []
    rows = connection.execute(_CLAIM, {"ids": ids, "now": now}).all()
    by_id = {row.id: as_claim(row, row.epoch) for row in rows}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def as_claim(row: Row[*tuple[Any, ...]], epoch: int) -> Claimed:
    """Return a row as a claim; the step it was claimed for is the row's."""
    columns = TaskColumns(row.status, row.step, row.wake_at, row.epoch, row.claimed_at)
    return Claimed(CaseId(row.case_id), task_from_row(row.id, row.doc, columns), epoch)
