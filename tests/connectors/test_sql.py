"""What the database connector promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import pytest

from connectors.base import Identifier
from connectors.fakes.frame import FakeProcessor
from connectors.sql import Sql
from connectors.testing import CANARY, Somebody
from connectors.testing.work import Working
from schemas.connecting import CUSTOMER_ID, EMAIL
from tests.connectors.databases import (
    PSEUDONYM_KEY,
    ShopDatabase,
    identifiers_of,
    options,
    rows_of,
)
from tests.support.postgres import Postgres, drop_database


class OnADatabase(Working):
    """The promises that need no HTTP, on a shop's database."""

    connector = Sql
    option_values: ClassVar[Mapping[str, object]] = options()
    rows_of_many = 3_001

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a customer with two orders."""
        fake.seed(list(rows_of(somebody)))
        return identifiers_of(somebody)

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a customer, who is one row, with orders of one line each."""
        fake.seed(list(rows_of(CANARY, orders=(rows - 1) // 2)))
        return identifiers_of(CANARY)

    def unknown(self) -> Sequence[Identifier]:
        """Return identifiers that nobody has there."""
        return [
            Identifier(EMAIL, "nobody@birds.example"),
            Identifier(CUSTOMER_ID, "CUST-NOBODY"),
        ]

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Say whether any row still names *somebody*."""
        assert isinstance(fake, ShopDatabase)
        return any(value in fake.text() for value in somebody.values())


class TestOnSqlite(OnADatabase):
    """A SQLite file keeps the promises every connector makes."""

    installation = "shop.db"

    @pytest.fixture(scope="class")
    @classmethod
    def served(
        cls, tmp_path_factory: pytest.TempPathFactory
    ) -> tuple[FakeProcessor, str]:
        """Lend one file for all the checks of the class."""
        url = f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}"
        cls.secret_values = {"dsn": url, "pseudonym_key": PSEUDONYM_KEY}
        return ShopDatabase(url), ""


class TestOnPostgres(OnADatabase):
    """A PostgreSQL database keeps the promises every connector makes."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls, postgres: Postgres) -> Iterator[tuple[FakeProcessor, str]]:
        """Lend one database for all the checks of the class."""
        url = postgres.new_database()
        cls.secret_values = {"dsn": url, "pseudonym_key": PSEUDONYM_KEY}
        shop = ShopDatabase(url)
        with shop.engine.begin() as connection:
            query = "SELECT system_identifier FROM pg_control_system()"
            (cluster,) = connection.exec_driver_sql(query).one()
        cls.installation = f"{url.rpartition('/')[2]}@{cluster}"
        yield shop, ""
        drop_database(url)
