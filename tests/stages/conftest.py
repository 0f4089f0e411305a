"""An office for each test of the stages, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stages.an_office import Office, an_office


@pytest.fixture
def office(any_database_url: str) -> Iterator[Office]:
    """Open an office on a fresh database, and close it."""
    opened = an_office(any_database_url)
    yield opened
    opened.database.close()
