"""Insert rows that may be there already, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    conflict: Sequence[str] | None = None,
    replace: Sequence[str] = (),
) -> None:
    """
    Insert *rows*; on a *conflict* (by the primary key) replace these columns.

    Without columns to replace the stored row stays.
    """
    if not rows:
        return
    target = tuple(conflict or (column.name for column in table.primary_key))
    statement = _upserting(connection.dialect.name, table, target, tuple(replace))
    connection.execute(statement, list(rows))


@cache
def _upserting(
    dialect: str, table: Table, target: tuple[str, ...], replace: tuple[str, ...]
) -> Executable:
    """Return the statement, built once: that takes longer than running it."""
    insert = (sqlite if dialect == "sqlite" else postgresql).insert
    plain = insert(table)
    statement: Executable = plain.on_conflict_do_nothing(index_elements=target)
    if replace:
        values = {name: plain.excluded[name] for name in replace}
        statement = plain.on_conflict_do_update(index_elements=target, set_=values)
    return statement
