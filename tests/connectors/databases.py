"""A shop's database to test on: customers, addresses, orders and their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from zlib import crc32

import sqlalchemy as sa
from pydantic import SecretStr

from connectors.base import Identifier
from connectors.fakes.frame import Call, FakeProcessor, Route
from connectors.sql import Sql, SqlOptions
from connectors.sql.values import Pseudonyms
from connectors.testing import BYSTANDER, CANARY, Bench, MappingSecrets, Somebody
from schemas.connecting import CUSTOMER_ID, EMAIL

PSEUDONYM_KEY = "a key that nobody else has"
PSEUDONYMS = Pseudonyms(SecretStr(PSEUDONYM_KEY))

SHOP = sa.MetaData()
CUSTOMERS = sa.Table(
    "customers",
    SHOP,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_no", sa.String(80), unique=True),
    sa.Column("email", sa.String(120)),
    sa.Column("name", sa.String(120)),
    sa.Column("phone", sa.String(40)),
)
ORDERS = sa.Table(
    "orders",
    SHOP,
    # Two columns name an order, and its lines refer to both.
    sa.Column("shop", sa.String(8), primary_key=True),
    sa.Column("number", sa.String(80), primary_key=True),
    sa.Column("customer", sa.Integer, sa.ForeignKey("customers.id")),
    sa.Column("guest_email", sa.String(120)),
    sa.Column("placed_on", sa.Date),
    sa.Column("total", sa.Numeric(10, 2)),
    sa.Column("ship_to", sa.String(200)),
    sa.Column("status", sa.String(20)),
    sa.Column("restricted_at", sa.DateTime),
    sa.Column("restricted_on", sa.Date),
)
LINES = sa.Table(
    "order lines",  # a name that wants quotes
    SHOP,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("shop", sa.String(8)),
    sa.Column("order_number", sa.String(80)),
    sa.Column("gift_note", sa.String(200)),
    sa.ForeignKeyConstraint(["shop", "order_number"], ["orders.shop", "orders.number"]),
)

TABLES: Mapping[str, Mapping[str, object]] = {
    "customers": {
        "key": "id",
        "find": {"customer_no": "customer_id", "email": "email"},
        "record_class": "customer_account",
        "do": "delete",
        "provenance": "provided",
    },
    "orders": {
        "key": ["shop", "number"],
        "find": {"guest_email": "email"},
        "parent": "customers",
        "parent_key": "customer",
        "record_class": "order",
        "do": "delete",
        "started_on": "placed_on",
    },
    "lines": {
        "name": "order lines",
        "key": "id",
        "parent": "orders",
        "parent_key": ["shop", "order_number"],
        "record_class": "order",
        "do": "delete",
    },
}


ANONYMOUS: Mapping[str, Mapping[str, object]] = {
    "customers": {
        "do": "anonymise",
        "columns": {
            "customer_no": "pseudonym",
            "email": "null",
            "name": "constant:erased",
            "phone": "null",
        },
    },
}


def options(**changes: Mapping[str, object]) -> dict[str, object]:
    """Return the register's options for the shop, with changes by table."""
    tables = {
        label: {**TABLES.get(label, {}), **changes.get(label, {})}
        for label in (*TABLES, *(set(changes) - set(TABLES)))
    }
    return {
        "tables": tables,
        "max_rows": 20_000,
        "yields": {"customers.customer_no": "customer_id", "customers.email": "email"},
    }


class ShopDatabase(FakeProcessor):
    """A real database behind the frame's control: seeded, reset and looked into."""

    name = "sql"
    tables: ClassVar = (CUSTOMERS, ORDERS, LINES)

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        super().__init__()

    def routes(self) -> Sequence[Route]:
        """Return none: it speaks no HTTP."""
        return ()

    def empty(self) -> dict[str, Any]:
        """Make the tables anew."""
        with self.engine.begin() as connection:
            SHOP.drop_all(connection)
            SHOP.create_all(connection)
        return {}

    def authorised(self, call: Call) -> bool:  # noqa: ARG002 (the frame's)
        """Refuse HTTP."""
        return False

    def seed(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; each record says its `table`."""
        by_name = {table.name: table for table in self.tables}
        with self.engine.begin() as connection:
            for record in records:
                row = {name: it for name, it in record.items() if name != "table"}
                connection.execute(by_name[record["table"]].insert(), row)

    def rows(self, table: sa.Table) -> list[dict[str, object]]:
        """Return all rows of a table."""
        with self.engine.connect() as connection:
            return [dict(it) for it in connection.execute(sa.select(table)).mappings()]

    def run(self, *statements: str) -> None:
        """Run statements as the database's owner."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def text_of(self, name: str) -> str:
        """Return everything that one table holds."""
        (table,) = (it for it in self.tables if it.name == name)
        return repr(self.rows(table))

    def text(self) -> str:
        """Return everything that the database holds."""
        return repr([self.rows(table) for table in self.tables])


def rows_of(
    somebody: Somebody, orders: int = 2, **customer: object
) -> Iterator[dict[str, object]]:
    """Yield a customer with orders, each with a line."""
    own = crc32(somebody.customer_id.encode()) % 100_000
    yield {
        "table": "customers",
        "id": own,
        "customer_no": somebody.customer_id,
        "email": somebody.email,
        "name": somebody.name,
        "phone": somebody.phone,
        **customer,
    }
    for at in range(orders):
        number = somebody.reference if at == 0 else f"{somebody.reference}-{at}"
        yield {
            "table": "orders",
            "shop": "web",
            "number": number,
            "customer": own,
            "placed_on": date(2025, 6, 1 + at % 28),
            "total": Decimal("12.50"),
            "ship_to": somebody.name,
        }
        yield {
            "table": "order lines",
            "id": own * 5_000 + at,
            "shop": "web",
            "order_number": number,
            "gift_note": f"for {somebody.name}",
        }


def identifiers_of(somebody: Somebody) -> list[Identifier]:
    """Return what the portal knows of a person."""
    return [
        Identifier(EMAIL, somebody.email),
        Identifier(CUSTOMER_ID, somebody.customer_id),
    ]


def with_people(url: str) -> ShopDatabase:
    """Return a shop with the canary and a bystander in it."""
    shop = ShopDatabase(url)
    shop.seed([*rows_of(CANARY), *rows_of(BYSTANDER)])
    return shop


def bench_at(shop: ShopDatabase, **changes: Mapping[str, object]) -> Bench:
    """Set the connector to work on *shop*, with changes of its tables."""
    url = shop.engine.url.render_as_string(hide_password=False)
    return Bench(
        connector=Sql,
        fake=shop,
        url="",
        options=SqlOptions.model_validate(options(**changes)),
        secrets=MappingSecrets({"dsn": url, "pseudonym_key": PSEUDONYM_KEY}),
        settle=lambda _: None,
    )
