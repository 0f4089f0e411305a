"""A reading transaction sees one moment, on both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.errors import CannotStore
from tests.core.builders import T0

ROW = {"ref": "subject-1", "seen_at": T0}


@pytest.fixture
def database(any_database_url: str) -> Iterator[Database]:
    """Open a database with our tables, and close it."""
    opened = Database(any_database_url)
    t.metadata.create_all(opened.engine)
    yield opened
    opened.close()


def test_what_is_committed_meanwhile_is_not_seen(database: Database) -> None:
    """Two queries of one reading agree, whatever others store in between."""
    count = select(func.count()).select_from(t.subjects)
    with database.reading() as connection:
        before = connection.execute(count).scalar_one()

        with database.writing() as other:
            other.execute(insert(t.subjects), [ROW])

        assert connection.execute(count).scalar_one() == before == 0
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == 1


def test_reading_changes_nothing(database: Database) -> None:
    """A write in a reading transaction is refused or undone, and the next one works."""
    with (
        contextlib.suppress(CannotStore),  # PostgreSQL's; SQLite undoes it
        database.reading() as connection,
    ):
        connection.execute(insert(t.subjects), [ROW])

    with database.reading() as connection:
        assert connection.execute(select(t.subjects.c.ref)).all() == []
    with database.writing() as connection:
        connection.execute(insert(t.subjects), [ROW])
