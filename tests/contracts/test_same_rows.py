"""
SQLite and PostgreSQL hold the same rows after each step, in every table there is.

`test_same_answers` compares what both say when asked; this one also does what others
wrote since, and leaves no table out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_standing import Compared, Standing
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.adapters.receipts.stamped_log import SqlStamps
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.adapters.sql import tables as t
from orchestrator.core.words import CaseId
from orchestrator.errors import NotPossible
from orchestrator.ports import (
    EndLetter,
    ForgetRequestRecord,
    KnownRequest,
    LockKey,
    PutLetter,
    PutTombstone,
    UnlockKey,
)
from schemas.checkpoints import LogCheckpointed
from tests.contracts.stored import Stored
from tests.contracts.test_same_answers import ACCOUNTS, SMALL, Both
from tests.core.builders import MINUTE
from tests.support.logged import SIGNER

# Each database counts for itself, and leaves gaps where a transaction was undone.
OWN_NUMBERS = {t.outbox.c.seq, t.log_records.c.offset}


class EveryTable(Both):
    """Does everything on both stores, and compares all that lies in them."""

    @invariant()
    def rows_are_the_same(self) -> None:
        """Every column of every table, but for numbers that each gives itself."""
        for table in t.metadata.sorted_tables:
            columns = [one for one in table.columns if one not in OWN_NUMBERS]
            here, there = (_rows(one, columns) for one in self.stores)
            assert here == there, table.name

    # --- the log of statements ---

    @rule()
    def append(self) -> None:
        """What was signed enters the log, and its head leaves."""
        self.both(lambda one: _log(one).append(self.now))
        self.both(
            lambda one: [message.message for message in one.outbox.unsent(["b"], 3)]
        )
        self.both(lambda one: LogBook(one.database).head())

    @rule()
    def file(self) -> None:
        """Heads are kept elsewhere, each once."""

        def filed(one: Stored) -> object:
            kept: list[LogCheckpointed] = []
            return _log(one).file(kept.extend, self.now), kept

        self.both(filed)

    @rule(number=SMALL)
    def prove(self, number: int) -> None:
        """A statement is proven, or stands in no log yet."""
        id_ = f"id-{max(1, self.made - number):04}"

        def proven(one: Stored) -> object:
            try:
                return LogBook(one.database).prove(id_)
            except NotPossible as error:
                return str(error)

        self.both(proven)

    @rule(response=st.binary(max_size=3))
    def stamp(self, response: bytes) -> None:
        """The newest head is stamped, once."""

        def stamped(one: Stored) -> object:
            stamps = SqlStamps(one.database)
            wanted = stamps.unstamped()
            if wanted is not None:
                stamps.keep(*wanted, response)
            return wanted, list(stamps.all()), stamps.covering(1)

        self.both(stamped)

    @rule(standing=st.sampled_from(list(Standing)), ours=SMALL)
    def compare(self, standing: Standing, ours: int) -> None:
        """A restored backup is held, or no longer; claims feel it."""
        found = Compared(standing, ours, 3)
        self.both(lambda one: SqlRestoreHold(one.database).follow(found, self.now))
        self.both(lambda one: SqlRestoreHold(one.database).found())

    # --- what rides along, and what others say ---

    @rule(account=ACCOUNTS, number=SMALL, ends=st.booleans())
    def say(self, account: Any, number: int, *, ends: bool) -> None:  # noqa: ANN401
        """A processor says something by itself, once; it is applied, or waits."""
        until = self.now + MINUTE
        letter = PutLetter(
            f"l{number}", account, "callback", self.now, until, 1, b"sealed"
        )
        self.write(letter)
        if ends:
            self.write(EndLetter(f"l{number}"))

    @rule(number=SMALL, extent=st.sampled_from(["whole", "part"]), minutes=SMALL)
    def bury(self, number: int, extent: Any, minutes: int) -> None:  # noqa: ANN401
        """An erased person's identifier leaves a digest, which may be there."""
        until = self.now + timedelta(minutes=minutes)
        self.write(PutTombstone(f"d{number}", extent, self.now, until))

    @rule(number=SMALL, back=st.booleans())
    def lock(self, number: int, *, back: bool) -> None:
        """A key goes to the officer, or comes back."""
        owner = f"case-{number}"
        if back:
            self.write(UnlockKey(owner, "identity", b"again"))
        else:
            self.write(LockKey(owner, "identity", "for-the-officer"))

    @rule(number=SMALL)
    def withdraw(self, number: int) -> None:
        """A request's record is forgotten, also one that nobody knows."""
        self.write(ForgetRequestRecord(f"r{number}"))

    @rule(number=SMALL)
    def remember_for(self, number: int) -> None:
        """A request is remembered for a case of its own."""
        case = CaseId(f"case-{number}")
        known = KnownRequest(f"r{number}", "s", f"e{number + 3}", "0", case)

        def remember(one: Stored) -> None:
            with one.store.transaction() as transaction:
                transaction.remember_requests([known], self.now)

        self.both(remember)


def _log(stored: Stored) -> SqlStatementLog:
    """Return the log of one of both, signed by one key."""
    return SqlStatementLog(stored.database, SIGNER)


def _rows(stored: Stored, columns: list[Any]) -> list[str]:
    """Return a table's rows as text, in one order."""
    with stored.database.reading() as connection:
        return sorted(repr(tuple(row)) for row in connection.execute(select(*columns)))


def test_both_databases_hold_the_same_rows(
    on_sqlite: Stored, on_postgres: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done to them, in whatever order."""
    monkeypatch.setattr(EveryTable, "stores", (on_sqlite, on_postgres))

    run_state_machine_as_test(
        EveryTable,
        settings=settings(
            max_examples=6,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
