"""What a database's errors mean for the caller."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from orchestrator.adapters.database import Database
from orchestrator.errors import Conflict


def test_row_that_another_process_inserted_first_is_a_conflict(
    database_url: str,
) -> None:
    """Two processes that take one request meet: the later one decides again."""
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE one (id TEXT PRIMARY KEY)"))
    insert = text("INSERT INTO one VALUES ('r-1')")
    errors: list[Exception] = []

    def be_later() -> None:
        try:
            with database.writing() as later:
                later.execute(insert)
        except Conflict as error:
            errors.append(error)

    with database.writing() as connection:
        connection.execute(insert)
        other = threading.Thread(target=be_later)
        other.start()
        _until_somebody_waits(database)
    other.join()

    assert [type(error) for error in errors] == [Conflict]
    database.close()


def _until_somebody_waits(database: Database) -> None:
    """Return once a transaction waits for another."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(2000):
        with database.reading() as connection:
            if connection.execute(query).scalar_one():
                return
    pytest.fail("The second insert did not wait for the first.")
