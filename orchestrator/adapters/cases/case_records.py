"""
The end of records: what is left of cases some calendar years after they were closed.

A case's tasks, history and request go with it in one transaction; what is not closed
stays, however old.  Receipts stay: they name nobody, and the log of receipts, which
shows that none was taken away, is computed from them.  Those of rehearsals go.
Figures stay for reports, under an id that leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Row, Select, delete, exists, select

from orchestrator.adapters.cases import statistics
from orchestrator.adapters.intake.quarantine import WAITING
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.intake_tables import quarantine_actions
from orchestrator.core.cases import CaseStatus

AT_ONCE = 200  # cases, and refused requests, in one transaction


class SqlCaseRecords:
    """The records of what is over."""

    def __init__(self, database: Database, years: int) -> None:
        """Keep records for *years* whole calendar years (UTC) after the closing."""
        self._database = database
        self._years = years

    def drop(self, now: datetime) -> int:
        """Delete some records whose time is over; counts cases and refusals."""
        before = datetime(now.astimezone(UTC).year - self._years, 1, 1, tzinfo=UTC)
        with self._database.reading() as connection:
            cases = connection.execute(_over(before)).all()
            refused = list(connection.execute(_refused(before)).scalars())
        if cases or refused:
            with self._database.writing() as connection:
                _drop_cases(connection, cases)
                _delete(connection, quarantine_actions.c.event, refused)
                _delete(connection, t.quarantine.c.id, refused)
            self._database.truncate_wal()
        return len(cases) + len(refused)


def _over(before: datetime) -> Select[str, str, str]:
    """Return the query for cases that were closed before then and owe nothing."""
    cases = t.cases.c
    later = exists().where(t.history.c.case_id == cases.id, t.history.c.at >= before)
    # A case is closed without keys, and its receipts stand in the log: asked anyway.
    keyed = exists().where(t.data_keys.c.owner == cases.id)
    unlogged = exists().where(
        t.statements.c.case_id == cases.id, t.statements.c.to_log == 1
    )
    return (
        select(cases.id, cases.subject, cases.request_id)
        .where(cases.status == CaseStatus.CLOSED.value, cases.received_at < before)
        .where(~later, ~keyed, ~unlogged)
        .order_by(cases.received_at)
        .limit(AT_ONCE)
    )


def _refused(before: datetime) -> Select[str]:
    """Return the query for refused requests that were ended before then."""
    refused = t.quarantine.c
    is_over = refused.state != WAITING, refused.ended_at < before
    return select(refused.id).where(*is_over).limit(AT_ONCE)


def _drop_cases(connection: Connection, cases: Sequence[Row[str, str, str]]) -> None:
    """Delete cases with all that hangs on them, and people without another case."""
    ids = [row.id for row in cases]
    people = sorted({row.subject for row in cases})
    # The people first, as whoever opens a case locks them.
    mine = t.subjects.c.ref.in_(people)
    order = select(t.subjects.c.ref).where(mine).order_by(t.subjects.c.ref)
    connection.execute(order.with_for_update())
    for table in (t.history, t.tasks, t.obligations):
        _delete(connection, table.c.case_id, ids)
    logged = exists().where(t.log_entries.c.statement_id == t.statements.c.id)
    theirs = t.statements.c.case_id.in_(ids)
    connection.execute(delete(t.statements).where(theirs, ~logged))
    _delete(connection, t.requests.c.request_id, [row.request_id for row in cases])
    _delete(connection, t.cases.c.id, ids)
    statistics.unlink(connection, ids)
    another = exists().where(t.cases.c.subject == t.subjects.c.ref)
    connection.execute(delete(t.subjects).where(mine, ~another))


def _delete(connection: Connection, key: Column[str], values: Sequence[str]) -> None:
    """Delete the rows of these keys."""
    connection.execute(delete(key.table).where(key.in_(values)))
