"""
Which tasks an owner may call now, and taking them; the statements of `claims`.

Statements are built once, because building one takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update

from orchestrator.adapters import tables as t
from orchestrator.adapters.codec import TaskColumns, task_from_row
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import AccountId, CaseId
from orchestrator.ports import Claimed

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


_NOW = bindparam("now", type_=t.Instant)
_FREE = (
    select(t.accounts.c.id, t.accounts.c.epoch)
    .where(
        t.accounts.c.id.in_(bindparam("accounts", expanding=True)),
        t.accounts.c.owner == bindparam("owner"),
        t.accounts.c.lease_until > _NOW,
        t.accounts.c.paused_reason.is_(None),
        or_(t.accounts.c.held_until.is_(None), t.accounts.c.held_until <= _NOW),
    )
    .order_by(t.accounts.c.id)
    .with_for_update(read=True)
)
_IS_READY = t.tasks.c.status == str(TaskStatus.READY)
_IS_WAITING = t.tasks.c.status == str(TaskStatus.WAITING)
_IS_DUE = and_(_IS_WAITING, t.tasks.c.wake_at <= _NOW)
NEXT_DUE = select(func.min(t.tasks.c.wake_at)).where(
    t.tasks.c.account == bindparam("account"), _IS_WAITING
)
# One query for each, because together they could not be read in an index's order.
_READY, _DUE = (
    select(t.tasks.c.dispatch_by, t.tasks.c.id)
    .join(t.cases, t.cases.c.id == t.tasks.c.case_id)
    .where(t.tasks.c.account == bindparam("account"), condition)
    .order_by(t.tasks.c.dispatch_by, t.tasks.c.id)
    .limit(bindparam("room"))
    .with_for_update(of=t.cases, skip_locked=True)
    for condition in (_IS_READY, _IS_DUE)
)
_CLAIM = (
    update(t.tasks)
    .where(t.tasks.c.id.in_(bindparam("ids", expanding=True)), or_(_IS_READY, _IS_DUE))
    .values(
        status=str(TaskStatus.CALLED),
        epoch=select(t.accounts.c.epoch)
        .where(t.accounts.c.id == t.tasks.c.account)
        .scalar_subquery(),
        claimed_at=func.coalesce(t.tasks.c.claimed_at, _NOW),
    )
    .returning(*TASK_COLUMNS)
)


def free_accounts(
    connection: Connection, epochs: Mapping[AccountId, int], owner: str, now: datetime
) -> frozenset[AccountId]:
    """Lock the accounts' rows; return those that are ours, awake and not held."""
    asked = {"accounts": list(epochs), "owner": owner, "now": now}
    return frozenset(
        AccountId(row.id)
        for row in connection.execute(_FREE, asked)
        if row.epoch == epochs[AccountId(row.id)]
    )


def most_urgent(
    connection: Connection, account: AccountId, room: int, now: datetime
) -> list[str]:
    """Return the most urgent due tasks of one account, with their cases locked."""
    asked = {"account": account, "room": room}
    ready = connection.execute(_READY, asked).all()
    due = connection.execute(_DUE, {**asked, "now": now}).all()
    ordered = sorted((row.dispatch_by, row.id) for row in (*ready, *due))
    return [id_ for _, id_ in ordered[:room]]


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
    return Claimed(CaseId(row.case_id), task_from_row(row.doc, columns), epoch)
