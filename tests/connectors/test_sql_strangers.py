"""Rows of other people stay, however the tables and the moment tie them to a person."""

from __future__ import annotations

from threading import Thread

import pytest
import sqlalchemy as sa

from connectors.base import Located, NeedsHuman
from connectors.errors import NotSetUp
from connectors.testing import BYSTANDER, CANARY
from tests.connectors.databases import (
    CUSTOMERS,
    ORDERS,
    ShopDatabase,
    bench_at,
    identifiers_of,
    rows_of,
)
from tests.support.postgres import wait_until_somebody_waits

OF_CANARY = identifiers_of(CANARY)
OWN, OTHERS = (next(iter(rows_of(who)))["id"] for who in (CANARY, BYSTANDER))
BY_NAME = {"parent_key": "ship_to", "refers_to": "name", "find": {}}


def test_deletion_that_follows_another_column_is_refused(shop: ShopDatabase) -> None:
    """A child table may point at its parent twice; only one of them is declared."""
    shop.run(
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY,"
        " customer INTEGER REFERENCES customers (id),"
        " paid_by INTEGER REFERENCES customers (id) ON DELETE CASCADE)"
    )
    invoices = {
        "key": "id",
        "parent": "customers",
        "parent_key": "customer",
        "record_class": "invoice",
        "do": "delete",
    }

    with pytest.raises(NotSetUp, match="changes rows of invoices too"):
        bench_at(shop, invoices=invoices).run(lambda it: it.ping())

    shop.run("DROP TABLE invoices")


def test_value_that_two_parents_share_goes_to_a_person(shop: ShopDatabase) -> None:
    """Children by a name lead to every namesake's: nothing is found, nothing goes."""
    shop.run(f"UPDATE customers SET name = '{CANARY.name}'")  # noqa: S608 (a test's)
    bench = bench_at(shop, orders=BY_NAME)

    assert bench.locate(OF_CANARY) == NeedsHuman("parent_key_shared")


def test_value_that_came_to_be_shared_undoes_the_erasure(shop: ShopDatabase) -> None:
    """A namesake who came after the search is seen before anything is changed."""
    bench = bench_at(shop, orders=BY_NAME)
    work = bench.find(OF_CANARY)
    shop.run(f"UPDATE customers SET name = '{CANARY.name}'")  # noqa: S608 (a test's)
    before = shop.text()

    assert bench.erase(work) == [NeedsHuman("parent_key_shared")]
    assert shop.text() == before


def test_value_that_one_persons_parents_share_is_theirs(shop: ShopDatabase) -> None:
    """Two rows of one customer may share what their children refer to."""
    shop.run(
        f"UPDATE customers SET name = '{CANARY.name}',"  # noqa: S608 (a test's)
        f" email = '{CANARY.email}', customer_no = NULL WHERE id = {OTHERS}"
    )
    bench = bench_at(shop, orders=BY_NAME)

    assert isinstance(bench.locate(OF_CANARY), Located)


def test_row_that_changes_hands_meanwhile_is_not_erased(
    on_postgres: ShopDatabase,
) -> None:
    """Whose a row is, is asked once it is locked: nobody can give it away after."""
    bench = bench_at(on_postgres)
    work = bench.find(OF_CANARY)
    given = sa.update(ORDERS).where(ORDERS.c.customer == OWN).values(customer=OTHERS)
    told: list[object] = []
    erasing = Thread(target=lambda: told.extend(bench.erase(work)))

    with on_postgres.engine.begin() as other:
        other.execute(given)
        erasing.start()
        wait_until_somebody_waits(on_postgres.engine)
    erasing.join()

    assert told == [NeedsHuman("owner_changed")]
    assert len(on_postgres.rows(CUSTOMERS)) == 2
    assert len(on_postgres.rows(ORDERS)) == 4
