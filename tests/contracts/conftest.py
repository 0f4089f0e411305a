"""A database with our tables for each contract test, copied from one made once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.schema import upgrade
from tests.contracts.stored import Stored
from tests.support.postgres import (
    Postgres,
    copy_database,
    create_database,
    drop_database,
)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make our tables in a SQLite file, once."""
    path = tmp_path_factory.mktemp("template") / "erasure.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.truncate_wal()
    database.close()
    return path


@pytest.fixture(scope="session")
def _postgres_template(request: pytest.FixtureRequest) -> str:
    """Make our tables in a PostgreSQL database, once."""
    given = os.environ.get("ERASURE_TEST_DATABASE_URL")
    if given:
        url = create_database(given)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        server.start()
        url = server.new_database()
    database = Database(url)
    upgrade(database)
    database.close()
    return url


@pytest.fixture
def sqlite_with_tables(_sqlite_template: Path, tmp_path: Path) -> str:
    """Name a fresh SQLite database with our tables."""
    path = tmp_path / "erasure.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_with_tables(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name a fresh PostgreSQL database with our tables, on a server that runs."""
    server: Postgres | None = None
    if not os.environ.get("ERASURE_TEST_DATABASE_URL"):
        server = request.getfixturevalue("postgres")
        server.start()
    template: str = request.getfixturevalue("_postgres_template")
    url = copy_database(template)
    yield url
    if server is not None:
        server.start()
    drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stored(request: pytest.FixtureRequest) -> Iterator[Stored]:
    """Lend an empty store, once on SQLite and once on PostgreSQL."""
    lent = Stored(request.getfixturevalue(f"{request.param}_with_tables"))
    yield lent
    lent.close()


@pytest.fixture
def on_sqlite(sqlite_with_tables: str) -> Iterator[Stored]:
    """Lend an empty store on SQLite."""
    lent = Stored(sqlite_with_tables)
    yield lent
    lent.close()


@pytest.fixture
def on_postgres(postgres_with_tables: str) -> Iterator[Stored]:
    """Lend an empty store on PostgreSQL."""
    lent = Stored(postgres_with_tables)
    yield lent
    lent.close()
