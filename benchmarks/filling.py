"""
Fill the tables with open cases, by copying a real one inside the database.

The copied case is one that the orchestrator itself brought so far: everything is
located and erased, and each account still shows the record, so that every erasure
waits for its next look.  What is only ever read by its key (history, sent messages,
closed calls) is not copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Table, text

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.instants import EPOCH, MICROSECOND

_LATER = timedelta(hours=20)  # the next look of every copy

# Nothing of this needs to survive a crash.
_FAST = ("synchronous=OFF", "secure_delete=OFF", "cache_size=-500000")

# Whose rows carry which of the case's names.
_OF_CASE = {
    t.subjects: "ref = :subject",
    t.cases: "id = :case",
    t.tasks: "case_id = :case",
    t.requests: "case_id = :case",
    t.data_keys: "owner = :case",
    t.vault: "owner = :case",
}


def fill(database: Database, copies: int) -> None:
    """Copy the only case of a SQLite *database* so many times."""
    with database.engine.connect() as connection:
        for pragma in _FAST:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("BEGIN")
        _wait(connection)
        row = connection.execute(text("SELECT id, subject, request_id FROM cases"))
        case, subject, request = row.one()
        names = {"case": case, "subject": subject, "request": request}
        for table, condition in _OF_CASE.items():
            _copy(connection, table, condition, names, copies)
        connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.invalidate()  # nobody else inherits these settings


def _copy(
    connection: Connection,
    table: Table,
    condition: str,
    names: Mapping[str, str],
    copies: int,
) -> None:
    """Insert copies of a case's rows under names that nobody else has."""
    # S608 below: every name in these statements is our own.
    where = f'"{table.name}" WHERE {condition}'
    template = text(f"SELECT * FROM {where}")  # noqa: S608
    found = connection.execute(template, _in(where, names)).all()
    chosen = ", ".join(
        _expression(column, [row[place] for row in found], names)
        for place, column in enumerate(table.c)
    )
    statement = f"""
        WITH RECURSIVE copy(n, suffix) AS (
            SELECT 1, '-00000001' UNION ALL
            SELECT n + 1, printf('-%08d', n + 1) FROM copy WHERE n < {copies}
        )
        INSERT INTO "{table.name}" SELECT {chosen} FROM copy, {where}
    """  # noqa: S608
    connection.execute(text(statement), _in(statement, names))


def _expression(
    column: Column[Any], values: Sequence[object], names: Mapping[str, str]
) -> str:
    """Return how a copy's column is spelled: each name in it becomes the copy's own."""
    if column is t.requests.c.event_id:
        return "lower(hex(randomblob(16)))"
    spelled = f'"{column.name}"'
    for name, known in names.items():
        if any(isinstance(value, str) and known in value for value in values):
            spelled = f"replace({spelled}, :{name}, :{name} || suffix)"
    return spelled


def _in(statement: str, names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the names that a statement speaks of."""
    return {name: known for name, known in names.items() if f":{name}" in statement}


def _wait(connection: Connection) -> None:
    """Let the case, and so every copy, wait for tomorrow."""
    later = (datetime.now(UTC) + _LATER - EPOCH) // MICROSECOND
    connection.execute(
        text("UPDATE tasks SET wake_at = :at WHERE status = 'waiting'"), {"at": later}
    )
    connection.execute(text("UPDATE cases SET wake_at = :at"), {"at": later})
