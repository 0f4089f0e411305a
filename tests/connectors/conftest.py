"""An API at a served echo, and a shop's database, to test on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.fakes.serving import serve
from tests.connectors.databases import ShopDatabase, with_people
from tests.connectors.echo import OAUTH, Echo, Shell
from tests.support.postgres import Postgres, drop_database


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[Echo, str]]:
    """Serve one echo for all tests of the module."""
    fake = Echo()
    with serve(fake) as url:
        yield fake, url


@pytest.fixture
def shell(echo: tuple[Echo, str]) -> Shell:
    """Lend an API at a fresh echo."""
    echo[0].reset()
    return Shell(*echo)


@pytest.fixture
def oauth(shell: Shell) -> Shell:
    """Lend an API that signs in with OAuth client credentials."""
    shell.auth = OAUTH
    return shell


@pytest.fixture
def in_file(tmp_path: Path) -> ShopDatabase:
    """Lend a shop in a SQLite file with the canary and a bystander in it."""
    return with_people(f"sqlite:///{tmp_path / 'shop.db'}")


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[ShopDatabase]:
    """Lend a shop on PostgreSQL with the canary and a bystander in it."""
    postgres.start()
    url = postgres.new_database()
    yield with_people(url)
    drop_database(url)


@pytest.fixture(params=["in_file", "on_postgres"])
def shop(request: pytest.FixtureRequest) -> ShopDatabase:
    """Lend a shop, once on each kind of database."""
    lent: ShopDatabase = request.getfixturevalue(request.param)
    return lent
