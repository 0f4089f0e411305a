"""
The schema of the database: whether it fits this software, and how to bring it there.

Checking is one small query and no Alembic, because every process does it at its start.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from orchestrator.adapters.sql.database import Database
from orchestrator.errors import SetUpError

_MIGRATIONS = Path(__file__).parent / "migrations"
_TABLE = "alembic_version"
# Never change: processes of different versions wait for one another by it.
_UPGRADE_LOCK = 0x65726173757265


def upgrade(database: Database) -> tuple[str | None, str]:
    """
    Bring the schema to this software's version, whole or not at all.

    Returns the versions before and after; safe to run twice and by several at once.
    Raises `SetUpError` if the database is newer than this software.
    """
    # Alembic is slow to import and nobody else needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.writing() as connection:
        if not database.is_sqlite:
            lock = text("SELECT pg_advisory_xact_lock(:lock)")
            connection.execute(lock, {"lock": _UPGRADE_LOCK})
        before = _version_of(connection)
        if before is not None and before not in _versions():
            raise SetUpError(_NEWER)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest_version()


def check_schema(database: Database) -> None:
    """
    Raise `SetUpError` unless the schema is exactly this software's.

    Raises `Unavailable` if the database does not answer; creates no SQLite file.
    """
    path = database.url.database if database.is_sqlite else None
    if path and path != ":memory:" and not Path(path).exists():
        raise SetUpError(
            f"There is no database at {path} yet; run `erasure db upgrade`."
        )
    with database.reading() as connection:
        found = _version_of(connection)
    if found is None:
        raise SetUpError(
            "The database has no tables of ours; run `erasure db upgrade`."
        )
    if found not in _versions():
        raise SetUpError(_NEWER)
    if found != newest_version():
        raise SetUpError(
            f"The database's schema is {found} and this software needs"
            f" {newest_version()}; stop the processes, then run `erasure db upgrade`."
        )


def newest_version() -> str:
    """Return the schema version of this software."""
    return _versions()[-1]


def _versions() -> tuple[str, ...]:
    """Return every version, oldest first: a migration's file name begins with its."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(file.name.partition("_")[0] for file in files))


def _version_of(connection: Connection) -> str | None:
    """Return the version of the schema, or `None` for an empty database."""
    if not inspect(connection).has_table(_TABLE):
        return None
    version: str | None = connection.execute(
        text(f"SELECT version_num FROM {_TABLE}")  # noqa: S608 (our constant)
    ).scalar()
    return version


_NEWER = (
    "The database is newer than this software; install the version that upgraded it,"
    " or restore the backup from before."
)
