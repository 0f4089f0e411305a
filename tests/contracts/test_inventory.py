"""The inventory leaves out no row of any table, and no column that seals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    Table,
    func,
    insert,
    select,
)

from orchestrator.adapters.reading.holding_kinds import HOLDS_NOBODY
from orchestrator.adapters.reading.inventory import (
    Holding,
    Periods,
    SqlInventory,
    kinds,
)
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.kinds import IDENTIFYING
from schemas.topics import CASE_EVENTS, CONFIRMATIONS, REQUESTS, instructions_topic
from tests.contracts.stored import Stored
from tests.core.builders import DAY, T0

PERIODS = Periods(
    quarantine_days=30,
    sent_days=31,
    tombstones_days=90,
    case_years=3,
    statistics_years=5,
)
# Bytes that say nothing of a person: a wrapped key, a signed receipt, a request's id.
NOT_SEALED = {
    *("data_keys.wrapped", "statements.envelope", "log_records.key"),
    *("log_entries.leaf", "log_checkpoints.root", "log_checkpoints.parts"),
    "log_checkpoints.stamp",
}
COUNTED = [table for table in t.metadata.sorted_tables if table not in HOLDS_NOBODY]

Row = dict[str, Any]


def _holdings(stored: Stored) -> dict[str, Holding]:
    found = SqlInventory(stored.database, PERIODS).holdings(T0)
    assert len({one.kind for one in found}) == len(found)
    return {one.kind: one for one in found}


def _put(stored: Stored, table: Table, **given: object) -> None:
    """Store a row of *table*, whatever does not matter filled in."""
    row = {
        column.name: _something(column)
        for column in table.c
        if not column.nullable and column.autoincrement is not True
    }
    with stored.database.writing() as connection:
        connection.execute(insert(table), [{**row, **given}])


def _something(column: Column[Any]) -> object:
    """Return a value that fits a column."""
    match column.type:
        case t.Instant():
            return T0
        case LargeBinary():
            return b"x"
        case Integer() | BigInteger():
            return 1
        case _:
            return "1"


# One row of every sort that a table can hold, and of one that nobody foresaw.
ROWS: dict[str, list[Row]] = {
    "vault": [
        {"name": name, "purpose": purpose}
        for purpose in ("identity", "obligation:a:2034", "read_back:a", "of tomorrow")
        for name in ("identifiers:a", "items:a", "candidates:a", "ticket:a", "else")
    ],
    "artifacts": [
        {"id": f"{kind}-{complete}", "kind": kind, "complete": complete}
        for kind in ("rows", "file", "package", "evidence", "of tomorrow")
        for complete in (0, 1)
    ],
    "chunks": [{"artifact": "package-1"}, {"artifact": "nobody's"}],
    "log_records": [
        {"topic": topic}
        for topic in (REQUESTS, CASE_EVENTS, CONFIRMATIONS, instructions_topic("a"))
    ],
    "outbox": [
        {"topic": topic, "message_id": topic}
        for topic in (CASE_EVENTS, instructions_topic("a"))
    ],
    "quarantine": [
        {"id": "a", "sealed": b"x"},
        {"id": "b", "offset": 2},
        {"id": "c", "offset": 3, "sealed": b"x", "due_at": None},
    ],
    "inbox": [{"id": "a", "sealed": b"x"}, {"id": "b"}],
}


def test_every_row_of_every_table_is_counted_once(stored: Stored) -> None:
    """What fits no kind is counted as what it is: something to report."""
    _put(stored, t.subjects, ref="1")
    for table in COUNTED:
        for row in ROWS.get(table.name, [{}] if table is not t.subjects else []):
            _put(stored, table, **row)

    by_table = dict.fromkeys((table.name for table in COUNTED), 0)
    for one in _holdings(stored).values():
        assert one.count is not None
        by_table[one.where.removeprefix("table ")] += one.count

    with stored.database.reading() as connection:
        there = {
            table.name: connection.execute(
                select(func.count()).select_from(table)
            ).scalar_one()
            for table in COUNTED
        }
    assert by_table == there
    assert min(there.values()) > 0


def test_every_sealed_column_is_listed() -> None:
    """Whoever adds a column of bytes says of which kind they are."""
    held = {str(column) for kind in kinds(PERIODS) for column in kind.holds}

    sealed = {
        str(column)
        for table in t.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary) or column.name == "sealed"
    }

    assert sealed - held == NOT_SEALED


def test_table_that_nobody_listed_is_listed_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new table stands there as something to report until somebody decides."""
    monkeypatch.setattr("orchestrator.adapters.reading.inventory.HOLDS_NOBODY", ())

    found = {kind.name: kind for kind in kinds(PERIODS)}

    assert found["anything else in accounts"].sort == IDENTIFYING


def test_each_kind_says_since_and_until_when(on_sqlite: Stored) -> None:
    """The oldest came then, and the last one will be gone by then."""
    came: list[datetime] = [T0, T0 - 3 * DAY]
    for number, at in enumerate(came):
        _put(
            on_sqlite,
            t.inbox,
            id=f"i{number}",
            sealed=b"x",
            received_at=at,
            expires_at=at + 30 * DAY,
        )
    _put(on_sqlite, t.artifacts, id="e", kind="evidence", complete=1)
    _put(on_sqlite, t.data_keys, owner="e", purpose="evidence", expires_at=T0 + DAY)

    found = _holdings(on_sqlite)

    letters = found["what processors said by themselves"]
    assert (letters.count, letters.oldest) == (2, T0 - 3 * DAY)
    assert letters.last_until == T0 + 30 * DAY
    assert "30 days" in letters.goes
    evidence = found["files brought as evidence"]
    assert (evidence.count, evidence.last_until) == (1, T0 + DAY)


def test_empty_database_holds_nothing(on_sqlite: Stored) -> None:
    """Every kind is there with a count of nothing."""
    found = _holdings(on_sqlite).values()

    assert {(one.count, one.oldest, one.last_until) for one in found} == {
        (0, None, None)
    }
