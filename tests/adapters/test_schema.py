"""The schema: migrations say what the tables say, and a misfit is one sentence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from orchestrator.adapters.sql import schema
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.lost_tables import metadata
from orchestrator.errors import SetUpError

MIGRATIONS = Path(schema.__file__).parent / "migrations"


@pytest.fixture
def database(any_database_url: str) -> Iterator[Database]:
    """Open an empty database."""
    database = Database(any_database_url)
    yield database
    database.close()


def _pretend_version(database: Database, version: str) -> None:
    """Let the database say that it is at *version*."""
    with database.writing() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :v"), {"v": version}
        )


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """Nothing is missing, left over or different after all migrations."""
    schema.upgrade(database)

    with database.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_migrated_and_created_databases_are_equal_to_the_letter(tmp_path: Path) -> None:
    """SQLite's own text of indexes and uniqueness is the same by both ways."""
    migrated = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    created = Database(f"sqlite:///{tmp_path / 'created.db'}")
    schema.upgrade(migrated)
    metadata.create_all(created.engine)

    facts = [_facts(one) for one in (migrated, created)]

    assert facts[0] == facts[1]
    migrated.close()
    created.close()


def _facts(database: Database) -> dict[str, object]:
    """Return what alembic does not compare: primary keys, AUTOINCREMENT, conditions."""
    with database.reading() as connection:
        found = inspect(connection)
        keys = {t: found.get_pk_constraint(t) for t in metadata.tables}
        rows = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        )
        sql = {row.name: row.sql for row in rows}
    counting = {name for name, statement in sql.items() if "AUTOINCREMENT" in statement}
    indexes = {n: s for n, s in sql.items() if n.startswith(("ix_", "uq_"))}
    return {"keys": keys, "counting": counting, "indexes": indexes}


def test_upgraded_database_fits(database: Database) -> None:
    """After an upgrade the check is silent."""
    schema.upgrade(database)

    schema.check_schema(database)


def test_upgrade_twice_changes_nothing(database: Database) -> None:
    """The second upgrade finds the version of the first."""
    first = schema.upgrade(database)
    second = schema.upgrade(database)

    assert first == (None, schema.newest_version())
    assert second == (schema.newest_version(), schema.newest_version())


def test_upgrades_at_the_same_time_wait_for_one_another(any_database_url: str) -> None:
    """Several processes may upgrade at once; each finds a whole schema after it."""
    errors: list[BaseException] = []

    def run() -> None:
        database = Database(any_database_url)
        try:
            schema.upgrade(database)
            schema.check_schema(database)
        except BaseException as error:  # noqa: BLE001 (asserted below)
            errors.append(error)
        finally:
            database.close()

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []


def test_empty_database_asks_for_the_upgrade(database: Database) -> None:
    """A database without our tables names the command to run."""
    with pytest.raises(SetUpError, match="run `erasure db upgrade`"):
        schema.check_schema(database)


def test_checking_makes_no_file(tmp_path: Path) -> None:
    """A mistyped path does not leave an empty database behind."""
    path = tmp_path / "mistyped.db"

    with pytest.raises(SetUpError, match="erasure db upgrade"):
        schema.check_schema(Database(f"sqlite:///{path}"))

    assert not path.exists()


def test_newer_database_is_refused(database: Database) -> None:
    """A schema that this software does not know is neither used nor migrated."""
    schema.upgrade(database)
    _pretend_version(database, "9999")

    for use in (schema.check_schema, schema.upgrade):
        with pytest.raises(SetUpError, match="newer than this software"):
            use(database)


def test_older_schema_asks_for_the_upgrade(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema behind this software names both versions and the command."""
    schema.upgrade(database)
    monkeypatch.setattr(schema, "_versions", lambda: ("0001", "0002"))

    with pytest.raises(SetUpError, match=r"is 0001 .* needs 0002; .* db upgrade"):
        schema.check_schema(database)


def test_migrations_ship_in_the_wheel(tmp_path: Path) -> None:
    """Who installs the package can upgrade a database."""
    root = MIGRATIONS.parents[3]
    builder = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(
        [*builder, "-d", str(tmp_path)], cwd=root, check=True, capture_output=True
    )

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        shipped = set(built.namelist())

    ours = {str(path.relative_to(root)) for path in MIGRATIONS.rglob("*.py")}
    assert len(ours) >= 3
    assert ours <= shipped


def test_file_names_agree_with_alembic() -> None:
    """The check reads versions from file names; Alembic finds the same last one."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [schema.newest_version()]
