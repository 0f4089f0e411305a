"""SQLite's write-ahead log keeps nothing that was deleted."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from orchestrator.adapters.sql.database import Database


def test_log_that_somebody_reads_is_not_taken_for_emptied(sqlite_url: str) -> None:
    """Truncating says whether it could, so that it is tried again."""
    database = Database(sqlite_url)
    log = Path(f"{database.url.database}-wal")
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE kept (words TEXT)"))
        connection.execute(text("INSERT INTO kept VALUES ('canary')"))

    with database.reading() as reading:
        reading.execute(text("SELECT * FROM kept")).all()
        with database.writing() as connection:
            connection.execute(text("DELETE FROM kept"))
        could_while_read = database.truncate_wal()
        size_while_read = log.stat().st_size
    could_afterwards = database.truncate_wal()

    assert (could_while_read, size_while_read > 0) == (False, True)
    assert (could_afterwards, log.stat().st_size) == (True, 0)
    database.close()
