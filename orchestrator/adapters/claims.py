"""
Ownership of accounts, and claiming the tasks that an owner may call.

One worker owns an account by a lease with an epoch; every acquisition raises the epoch
and so ends the old owner's claims.  A claim is one conditional step: the task is ready
or due, the account is not paused, the epoch is mine; and the calls of a whole batch
become durable in the same transaction, before any request leaves.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from orchestrator.adapters import tables as t
from orchestrator.adapters.codec import TaskColumns, task_from_row
from orchestrator.adapters.database import Database
from orchestrator.adapters.riding import upsert
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import AccountId, CallId, CaseId
from orchestrator.ports import AccountState, Call, CallMember, CallsFor, Claimed
from schemas.connecting import Action, ItemId, TaskId

_TASK_COLUMNS = (
    t.tasks.c.id,
    t.tasks.c.case_id,
    t.tasks.c.doc,
    t.tasks.c.status,
    t.tasks.c.step,
    t.tasks.c.wake_at,
    t.tasks.c.epoch,
    t.tasks.c.claimed_at,
)


class SqlClaims:
    """Leases, claims and calls on SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def register(self, accounts: Collection[AccountId]) -> None:
        """Make sure that every account has its row."""
        with self._database.writing() as connection:
            upsert(
                connection,
                t.accounts,
                [{"id": id_, "epoch": 0} for id_ in sorted(accounts)],
            )

    def accounts(self) -> Sequence[AccountState]:
        """Return every account's ownership and pause."""
        with self._database.reading() as connection:
            query = select(t.accounts).order_by(t.accounts.c.id)
            rows = connection.execute(query).mappings().all()
        return [AccountState(**row) for row in rows]

    def acquire(
        self,
        accounts: Collection[AccountId],
        owner: str,
        now: datetime,
        until: datetime,
        *,
        by_force: bool = False,
    ) -> Mapping[AccountId, int]:
        """
        Take every free account of these; returns the new epochs.

        Free means without an owner, or with a lease that has ended.  *by_force* is for
        the single process of an embedded installation: any other owner is dead.
        """
        # Ours already: an acquisition whose commit we never heard of.
        free = or_(
            t.accounts.c.owner.is_(None),
            t.accounts.c.owner == owner,
            t.accounts.c.lease_until < now,
            true() if by_force else false(),
        )
        with self._database.writing() as connection:
            taken = connection.execute(
                update(t.accounts)
                .where(t.accounts.c.id.in_(accounts), free)
                .values(owner=owner, epoch=t.accounts.c.epoch + 1, lease_until=until)
                .returning(t.accounts.c.id, t.accounts.c.epoch)
            ).all()
        return {AccountId(row.id): row.epoch for row in taken}

    def renew(
        self, held: Mapping[AccountId, int], owner: str, until: datetime
    ) -> frozenset[AccountId]:
        """Prolong leases; returns the accounts that are still ours."""
        with self._database.writing() as connection:
            kept = [
                id_
                for id_, epoch in sorted(held.items())
                if connection.execute(
                    update(t.accounts)
                    .where(*_is_mine(id_, owner, epoch))
                    .values(lease_until=until)
                ).rowcount
            ]
        return frozenset(kept)

    def release(self, held: Mapping[AccountId, int], owner: str) -> None:
        """Give accounts back, so that the next owner need not wait for the lease."""
        with self._database.writing() as connection:
            for id_, epoch in sorted(held.items()):
                connection.execute(
                    update(t.accounts)
                    .where(*_is_mine(id_, owner, epoch))
                    .values(owner=None, lease_until=None)
                )

    def save_windows(self, windows: Mapping[AccountId, str], now: datetime) -> None:
        """Keep the rate windows, so that limits hold across restarts and owners."""
        if not windows:
            return
        with self._database.writing() as connection:
            for account, text in sorted(windows.items()):
                statement = update(t.accounts).where(t.accounts.c.id == account)
                connection.execute(statement.values(windows=text, windows_at=now))

    def pause(self, account: AccountId, reason: str, by: str, now: datetime) -> bool:
        """Stop claiming for *account*; the first reason stays.  Tells if it was ours."""
        with self._database.writing() as connection:
            paused = connection.execute(
                update(t.accounts)
                .where(t.accounts.c.id == account, t.accounts.c.paused_reason.is_(None))
                .values(paused_reason=reason, paused_by=by, paused_at=now)
            )
        return bool(paused.rowcount)

    def resume(self, account: AccountId) -> bool:
        """Go on claiming for *account*; tells whether it was paused."""
        with self._database.writing() as connection:
            resumed = connection.execute(
                update(t.accounts)
                .where(
                    t.accounts.c.id == account, t.accounts.c.paused_reason.is_not(None)
                )
                .values(paused_reason=None, paused_by=None, paused_at=None)
            )
        return bool(resumed.rowcount)

    def note_ping(self, account: AccountId, installation: str, now: datetime) -> None:
        """Remember what the processor calls this account."""
        with self._database.writing() as connection:
            statement = update(t.accounts).where(t.accounts.c.id == account)
            connection.execute(
                statement.values(installation=installation, pinged_at=now)
            )

    def orphans(self, epochs: Mapping[AccountId, int], limit: int) -> Sequence[Claimed]:
        """Return tasks that ended ownerships of these accounts left claimed."""
        found = []
        with self._database.reading() as connection:
            for account, epoch in sorted(epochs.items()):
                query = (
                    select(*_TASK_COLUMNS)
                    .where(
                        t.tasks.c.account == account,
                        t.tasks.c.status == str(TaskStatus.CALLED),
                        t.tasks.c.epoch < epoch,
                    )
                    .limit(limit)
                )
                found += [_claimed(row, row.epoch) for row in connection.execute(query)]
        return found

    def open_calls(self, account: AccountId, before_epoch: int) -> Sequence[Call]:
        """Return calls of ended ownerships whose answer never became durable."""
        query = select(t.calls).where(
            t.calls.c.account == account,
            t.calls.c.state == "open",
            t.calls.c.epoch < before_epoch,
        )
        with self._database.reading() as connection:
            return [_call(row) for row in connection.execute(query)]

    def calls(self, ids: Collection[CallId]) -> Mapping[CallId, Call]:
        """Return calls by id."""
        if not ids:
            return {}
        with self._database.reading() as connection:
            rows = connection.execute(select(t.calls).where(t.calls.c.id.in_(ids)))
            return {CallId(row.id): _call(row) for row in rows}

    def claim(
        self,
        rooms: Mapping[AccountId, int],
        epochs: Mapping[AccountId, int],
        owner: str,
        now: datetime,
        calls_for: CallsFor,
        windows: Mapping[AccountId, str],
    ) -> Sequence[Claimed]:
        """
        Claim up to `rooms[account]` due tasks of each account, most urgent first.

        *calls_for* makes the durable calls of what was claimed; they are stored in this
        transaction.  *windows* are the rate windows to keep with it.
        """
        claimed: list[Claimed] = []
        with self._database.writing() as connection:
            for account, room in sorted(rooms.items()):
                if room > 0 and _may_claim(
                    connection, account, owner, epochs[account], now
                ):
                    claimed += _claim_some(
                        connection, account, epochs[account], room, now
                    )
            if not claimed:
                return claimed
            _insert_calls(connection, calls_for(claimed))
            for account in {one.task.account for one in claimed} & windows.keys():
                statement = update(t.accounts).where(t.accounts.c.id == account)
                connection.execute(
                    statement.values(windows=windows[account], windows_at=now)
                )
        return claimed

    def next_due(self, accounts: Collection[AccountId]) -> datetime | None:
        """Return when the next waiting task of these accounts is due."""
        query = select(func.min(t.tasks.c.wake_at)).where(
            t.tasks.c.account.in_(accounts), t.tasks.c.status == str(TaskStatus.WAITING)
        )
        with self._database.reading() as connection:
            due: datetime | None = connection.execute(query).scalar()
        return due


def _is_mine(
    account: AccountId, owner: str, epoch: int
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which an account's row is still ours."""
    return (
        t.accounts.c.id == account,
        t.accounts.c.owner == owner,
        t.accounts.c.epoch == epoch,
    )


def _may_claim(
    connection: Connection, account: AccountId, owner: str, epoch: int, now: datetime
) -> bool:
    """Lock the account's row and tell whether it is ours, awake and not held."""
    query = select(t.accounts.c.id).where(
        *_is_mine(account, owner, epoch),
        t.accounts.c.lease_until > now,
        t.accounts.c.paused_reason.is_(None),
        or_(t.accounts.c.held_until.is_(None), t.accounts.c.held_until <= now),
    )
    return connection.execute(query.with_for_update(read=True)).first() is not None


def _claim_some(
    connection: Connection, account: AccountId, epoch: int, room: int, now: datetime
) -> list[Claimed]:
    """Claim the most urgent due tasks of one account, with their cases locked."""
    due = or_(
        t.tasks.c.status == str(TaskStatus.READY),
        and_(t.tasks.c.status == str(TaskStatus.WAITING), t.tasks.c.wake_at <= now),
    )
    query = (
        select(t.tasks.c.id)
        .join(t.cases, t.cases.c.id == t.tasks.c.case_id)
        .where(t.tasks.c.account == account, due)
        .order_by(t.tasks.c.dispatch_by, t.tasks.c.id)
        .limit(room)
        .with_for_update(of=t.cases, skip_locked=True)
    )
    ids = [row.id for row in connection.execute(query)]
    if not ids:
        return []
    # Asked again, because a step may have committed between the look and the lock.
    rows = connection.execute(
        update(t.tasks)
        .where(t.tasks.c.id.in_(ids), due)
        .values(
            status=str(TaskStatus.CALLED),
            epoch=epoch,
            claimed_at=func.coalesce(
                t.tasks.c.claimed_at, bindparam("at", now, t.Instant)
            ),
        )
        .returning(*_TASK_COLUMNS)
    ).all()
    by_id = {row.id: _claimed(row, epoch) for row in rows}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def _claimed(row: Row[*tuple[Any, ...]], epoch: int) -> Claimed:
    """Return a row as a claim; the step it was claimed for is the row's."""
    columns = TaskColumns(row.status, row.step, row.wake_at, row.epoch, row.claimed_at)
    return Claimed(CaseId(row.case_id), task_from_row(row.doc, columns), epoch)


def _insert_calls(connection: Connection, calls: Sequence[Call]) -> None:
    """Make calls durable before they are sent."""
    if calls:
        connection.execute(
            t.calls.insert(),
            [
                {
                    "id": call.id,
                    "account": call.account,
                    "action": str(call.action),
                    "epoch": call.epoch,
                    "members": json.dumps(
                        [[m.task, m.case, list(m.items)] for m in call.members]
                    ),
                    "idempotency_key": call.idempotency_key,
                    "request_hash": call.request_hash,
                    "state": "open",
                    "made_at": call.made_at,
                }
                for call in calls
            ],
        )


def _call(row: Row[*tuple[Any, ...]]) -> Call:
    """Return a row as a call."""
    members = tuple(
        CallMember(TaskId(task), CaseId(case), tuple(ItemId(item) for item in items))
        for task, case, items in json.loads(row.members)
    )
    return Call(
        id=CallId(row.id),
        account=AccountId(row.account),
        action=Action(row.action),
        epoch=row.epoch,
        members=members,
        idempotency_key=row.idempotency_key,
        request_hash=row.request_hash,
        made_at=row.made_at,
    )
