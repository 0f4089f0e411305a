"""What a command opens: only what it needs, because reads should answer at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.entrypoints.cli.options import claims
from orchestrator.errors import NotPossible

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
    """
    Open an installation; unless told otherwise its schema must fit.

    Raises `NotPossible` where whoever acts (`--by`) may not, before anything is done.
    """
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
            _check_people(installation)
            yield installation
    finally:
        installation.close()


def _check_people(installation: Installation) -> None:
    """Refuse whoever acts by this command and may not, by the register."""
    from orchestrator.core.people import why_not

    for name, role in claims.get():
        today = installation.clock.now().date()
        problem = why_not(installation.register.people, name, role, today)
        if problem is not None:
            raise NotPossible(problem)
