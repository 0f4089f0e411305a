"""What a command opens: only what it needs, because reads should answer at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

# ruff: noqa: PLC0415 (these imports take from 0.2 to 1.2 seconds)

if TYPE_CHECKING:
    from orchestrator.adapters.reading.queries import Queries
    from orchestrator.adapters.sql.database import Database
    from orchestrator.bootstrap.installation import Installation


@contextmanager
def open_database() -> Iterator[Database]:
    """Open the database whose schema fits; raises `SetUpError` or `Unavailable`."""
    from orchestrator.adapters.sql.database import Database
    from orchestrator.adapters.sql.schema import check_schema
    from orchestrator.settings import load_settings

    settings = load_settings()
    database = Database(settings.database_url.get_secret_value())
    try:
        check_schema(database)
        yield database
    finally:
        database.close()


@contextmanager
def open_queries() -> Iterator[Queries]:
    """Open the read side of the database."""
    from orchestrator.adapters.reading.queries import Queries

    with open_database() as database:
        yield Queries(database)


@contextmanager
def open_parts(*, is_checked: bool = True) -> Iterator[Installation]:
    """Open an installation; unless told otherwise its schema must fit."""
    from orchestrator.adapters.logs import configure_logs
    from orchestrator.adapters.sql.schema import check_schema
    from orchestrator.bootstrap.installation import Installation
    from orchestrator.entrypoints.starting import libraries_silenced
    from orchestrator.settings import load_settings

    settings = load_settings()
    configure_logs(settings.log_format.value, "warning")
    installation = Installation(settings)
    try:
        with libraries_silenced():
            if is_checked:
                check_schema(installation.database)
            yield installation
    finally:
        installation.close()
