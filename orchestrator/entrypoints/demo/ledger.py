"""
The refund ledger of `erasure demo --all`: a database of one's own, in one SQLite file.

Its tables are those that the example register declares.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
CREATE TABLE payees (
    id TEXT PRIMARY KEY, customer_no TEXT, email TEXT, name TEXT, iban TEXT
);
CREATE TABLE refunds (
    number TEXT PRIMARY KEY, payee TEXT NOT NULL REFERENCES payees (id),
    paid_on DATE NOT NULL, cents INTEGER NOT NULL
);
CREATE TABLE refund_lines (
    refund TEXT NOT NULL REFERENCES refunds (number), line INTEGER NOT NULL,
    paid_on DATE NOT NULL, article TEXT, cents INTEGER NOT NULL,
    PRIMARY KEY (refund, line)
);
CREATE TABLE messages (
    id TEXT PRIMARY KEY, payee TEXT NOT NULL REFERENCES payees (id), text TEXT
);
"""
_KEYS: Final = {
    "payees": ("id",),
    "refunds": ("number",),
    "refund_lines": ("refund", "line"),
    "messages": ("id",),
}

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger at *path*, which it makes."""

    path: Path

    def __post_init__(self) -> None:
        """Make the tables."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executescript(_TABLES)

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put rows in; each names its `table`."""
        with closing(sqlite3.connect(self.path)) as database, database:
            for record in records:
                row = {name: it for name, it in record.items() if name != "table"}
                names, marks = ", ".join(row), ", ".join("?" for _ in row)
                # The names are this module's own, and the values are bound.
                insert = f"INSERT INTO {record['table']} ({names}) VALUES ({marks})"  # noqa: S608
                database.execute(insert, tuple(row.values()))

    @property
    def data(self) -> Mapping[str, Rows]:
        """Every row that is there now, by table and key."""
        with closing(sqlite3.connect(self.path)) as database:
            database.row_factory = sqlite3.Row
            return {table: _rows(database, table) for table in _KEYS}


def _rows(database: sqlite3.Connection, table: str) -> Rows:
    """Read a table whole."""
    found = database.execute(f"SELECT * FROM {table}")  # noqa: S608 (our own name)
    return {
        "/".join(str(row[name]) for name in _KEYS[table]): dict(row) for row in found
    }
