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

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    update,
)

from orchestrator.adapters.cases.claimable import (
    NEXT_DUE,
    TASK_COLUMNS,
    as_claim,
    claim_these,
    free_accounts,
    most_urgent,
)
from orchestrator.adapters.cases.stored_calls import stored_call
from orchestrator.adapters.cases.unmoved import give_back
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.cases import Task, TaskStatus
from orchestrator.core.words import AccountId, CallId
from orchestrator.ports import (
    AccountState,
    Call,
    CallsFor,
    Choose,
    Claimed,
)
from schemas.connecting import Action, TaskId


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
            _keep_windows(connection, windows, now)

    def pause(
        self,
        account: AccountId,
        reason: str,
        by: str,
        now: datetime,
        *,
        over: Collection[str] = (),
    ) -> bool:
        """
        Stop claiming for *account*; tells whether this is its pause now.

        The first reason stays, unless it is one of those that this pause goes *over*.
        """
        before = t.accounts.c.paused_reason
        with self._database.writing() as connection:
            paused = connection.execute(
                update(t.accounts)
                .where(t.accounts.c.id == account)
                .where(or_(before.is_(None), before.in_(over)))
                .values(paused_reason=reason, paused_by=by, paused_at=now)
            )
        return bool(paused.rowcount)

    def resume(
        self, account: AccountId, *, only: Collection[str] | None = None
    ) -> bool:
        """
        Go on claiming for *account*; tells whether that ended a pause.

        With *only*, a pause for another reason stays, even one that has just begun.
        """
        before = t.accounts.c.paused_reason
        with self._database.writing() as connection:
            resumed = connection.execute(
                update(t.accounts)
                .where(t.accounts.c.id == account)
                .where(before.is_not(None) if only is None else before.in_(only))
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
                    select(*TASK_COLUMNS)
                    .where(
                        t.tasks.c.account == account,
                        t.tasks.c.status == str(TaskStatus.CALLED),
                        t.tasks.c.epoch < epoch,
                    )
                    .limit(limit)
                )
                found += [as_claim(row, row.epoch) for row in connection.execute(query)]
        return found

    def open_calls(self, account: AccountId, before_epoch: int) -> Sequence[Call]:
        """Return calls of ended ownerships whose answer never became durable."""
        query = select(t.calls).where(
            t.calls.c.account == account,
            t.calls.c.state == "open",
            t.calls.c.epoch < before_epoch,
        )
        with self._database.reading() as connection:
            return [stored_call(row) for row in connection.execute(query)]

    def calls(self, ids: Collection[CallId]) -> Mapping[CallId, Call]:
        """Return calls by id."""
        if not ids:
            return {}
        with self._database.reading() as connection:
            rows = connection.execute(select(t.calls).where(t.calls.c.id.in_(ids)))
            return {CallId(row.id): stored_call(row) for row in rows}

    def claim(  # noqa: PLR0913 (all of one transaction)
        self,
        rooms: Mapping[AccountId, int],
        epochs: Mapping[AccountId, int],
        owner: str,
        now: datetime,
        calls_for: CallsFor,
        windows: Mapping[AccountId, str],
        *,
        choose: Choose | None = None,
    ) -> Sequence[Claimed]:
        """
        Claim up to `rooms[account]` due tasks of each account, most urgent first.

        *choose* picks those that go out together now; all of them where absent.  While
        a restored backup is held, nothing is claimed but searches and protections.
        *calls_for* makes the durable calls of what was claimed; they are stored in this
        transaction.  *windows* are the rate windows to keep with it.
        """
        with self._database.writing() as connection:
            free = free_accounts(connection, epochs, owner, now)
            ours = free.accounts
            open_rooms = {id_: n for id_, n in rooms.items() if n > 0 and id_ in ours}
            if not open_rooms:
                return ()
            held = free.is_held
            ids = most_urgent(connection, open_rooms, now, choose, is_held=held)
            claimed = claim_these(connection, ids, now)
            if not claimed:
                return claimed
            _insert_calls(connection, calls_for(claimed))
            called = {one.task.account for one in claimed} & windows.keys()
            _keep_windows(connection, {id_: windows[id_] for id_ in called}, now)
        return claimed

    def jobs(
        self, accounts: Collection[AccountId]
    ) -> Mapping[tuple[AccountId, Action], int]:
        """
        Return how many jobs are queued, or soon may be, by account and action.

        A call that is under way counts: its answer may be a job.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_JOBS, {"accounts": list(accounts)})
            return {(AccountId(row.account), Action(row.action)): row.n for row in rows}

    def keep_waiting(
        self, polled: Sequence[tuple[Claimed, Task]]
    ) -> Collection[TaskId]:
        """
        Give polled claims back with their tasks' next moments, and touch nothing else.

        Only rows that are as they were claimed: what a step changed meanwhile, and what
        another owner has claimed, is left to a step of the whole case.
        """
        with self._database.writing() as connection:
            return give_back(connection, polled)

    def next_due(self, accounts: Collection[AccountId]) -> datetime | None:
        """Return when the next waiting task of these accounts is due."""
        with self._database.reading() as connection:
            due = [
                connection.execute(NEXT_DUE, {"account": account}).scalar()
                for account in accounts
            ]
        return min((at for at in due if at is not None), default=None)


def _is_mine(
    account: AccountId, owner: str, epoch: int
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which an account's row is still ours."""
    return (
        t.accounts.c.id == account,
        t.accounts.c.owner == owner,
        t.accounts.c.epoch == epoch,
    )


_IS_OPEN = t.tasks.c.status != str(TaskStatus.SETTLED)
_JOBS = (
    select(t.calls.c.account, t.calls.c.action, func.count().label("n"))
    .where(
        t.calls.c.account.in_(bindparam("accounts", expanding=True)),
        t.calls.c.state.in_(("open", "accepted")),
        func.coalesce(t.calls.c.queued, 1) == 1,
        # Nobody asks about the job of a task that a person has closed.
        or_(
            t.calls.c.state == "open",
            select(1).where(t.tasks.c.job == t.calls.c.id, _IS_OPEN).exists(),
        ),
    )
    .group_by(t.calls.c.account, t.calls.c.action)
)
_ADD_CALLS = t.calls.insert()
_SAVE_WINDOWS = (
    update(t.accounts)
    .where(t.accounts.c.id == bindparam("b_id"))
    .values(
        windows=bindparam("b_windows"), windows_at=bindparam("b_at", type_=t.Instant)
    )
)


def _keep_windows(
    connection: Connection, windows: Mapping[AccountId, str], now: datetime
) -> None:
    """Keep the rate windows of these accounts."""
    if windows:
        connection.execute(
            _SAVE_WINDOWS,
            [
                {"b_id": account, "b_windows": text, "b_at": now}
                for account, text in sorted(windows.items())
            ],
        )


def _insert_calls(connection: Connection, calls: Sequence[Call]) -> None:
    """Make calls durable before they are sent."""
    if calls:
        connection.execute(
            _ADD_CALLS,
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
