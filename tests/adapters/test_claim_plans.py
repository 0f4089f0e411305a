"""What claiming reads does not grow with the tasks that wait."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, event

from orchestrator.adapters.cases import claimable, transaction
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.tables import metadata

TASKS = "SEARCH tasks USING INDEX"
REQUESTS = "SEARCH requests USING INDEX"
ASKED = {
    "ids": ["a", "b"],
    "sources": ["a", "b"],
    "event_ids": ["a", "b"],
    "account0": "a",
    "room0": 8,
    "now": datetime(2026, 11, 23, tzinfo=UTC),
}


def _plan(statement: Executable, folder: Path) -> list[str]:
    """Carry out *statement* on SQLite and ask how that was done."""
    database = Database(f"sqlite:///{folder / 'plans.db'}")
    said: list[tuple[str, tuple[object, ...]]] = []

    def keep(*told: Any) -> None:  # noqa: ANN401 (connection, cursor, statement, …)
        said.append((told[2], told[3]))

    with database.writing() as connection:
        metadata.create_all(connection)
        event.listen(connection, "before_cursor_execute", keep)
        connection.execute(statement, ASKED)
        spelled, values = said[0]
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {spelled}", values)
        plan = [row[3] for row in rows]
    database.close()
    return plan


@pytest.mark.parametrize(
    ("statement", "searched"),
    [
        pytest.param(
            claimable._CLAIM,  # noqa: SLF001 (its plan is the fact)
            [f"{TASKS} sqlite_autoindex_tasks_1 (id=?)"],
            id="claiming",
        ),
        pytest.param(
            claimable._urgent(1),  # noqa: SLF001
            [
                f"{TASKS} ix_tasks_ready (account=? AND status=?)",
                f"{TASKS} ix_tasks_waiting (account=? AND status=? AND wake_at<?)",
            ],
            id="looking",
        ),
        pytest.param(
            claimable._urgent(1, is_held=True),  # noqa: SLF001
            [
                f"{TASKS} ix_tasks_ready (account=? AND status=?)",
                f"{TASKS} ix_tasks_waiting (account=? AND status=? AND wake_at<?)",
            ],
            id="looking_while_held",
        ),
        pytest.param(
            transaction._KNOWN_BY_EVENT,  # noqa: SLF001
            [f"{REQUESTS} sqlite_autoindex_requests_2 (source=? AND event_id=?)"],
            id="recalling requests",
        ),
    ],
)
def test_statement_reads_by_index_alone(
    statement: Executable, searched: list[str], tmp_path: Path
) -> None:
    """No table is read whole, and no waiting task that is not due is looked at."""
    plan = _plan(statement, tmp_path)

    tables = ("tasks", "requests")
    read = [line for line in plan if line.split()[1] in tables]
    assert read == searched
