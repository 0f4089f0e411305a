"""Rows are deleted or anonymised in one transaction, children first, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.base import (
    Absent,
    Done,
    Evidence,
    NeedsHuman,
    NothingFound,
    Present,
    Redacted,
    Work,
)
from connectors.sql import SqlOptions
from connectors.testing import BYSTANDER, CANARY
from tests.connectors.databases import (
    ANONYMOUS,
    CUSTOMERS,
    LINES,
    ORDERS,
    PSEUDONYMS,
    ShopDatabase,
    bench_at,
    identifiers_of,
    options,
    rows_of,
)

OF_CANARY = identifiers_of(CANARY)


def _only(work: Work, *kinds: str) -> Work:
    """Return the work on items of some tables, as the core sends it when it keeps."""
    items = tuple(item for item in work.items if item.kind in kinds)
    assert items
    return replace(work, items=items)


def _canary(shop: ShopDatabase) -> dict[str, object]:
    """Return the canary's customer row, whatever stands in it."""
    own = next(iter(rows_of(CANARY)))["id"]
    return next(it for it in shop.rows(CUSTOMERS) if it["id"] == own)


def test_children_go_before_their_parents(shop: ShopDatabase) -> None:
    """Foreign keys hold at each statement, composite ones too."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)

    (reply,) = bench.erase(work)

    assert reply == Done("deleted", Evidence.E2)
    assert bench.read_back(work) == Absent()
    assert [it["name"] for it in shop.rows(CUSTOMERS)] == [BYSTANDER.name]
    assert len(shop.rows(ORDERS)) == len(shop.rows(LINES)) == 2


def test_rows_are_anonymised_column_by_column(shop: ShopDatabase) -> None:
    """NULL, a constant and a pseudonym; the row remains, and the look says so."""
    bench = bench_at(shop, **ANONYMOUS)
    work = bench.find(OF_CANARY)

    (reply,) = bench.erase(work)

    row = _canary(shop)
    assert reply == Done("redacted", Evidence.E2)
    assert bench.read_back(work) == Redacted()
    assert (row["email"], row["phone"], row["name"]) == (None, None, "erased")
    assert row["customer_no"] == PSEUDONYMS.of(CANARY.customer_id)
    assert not any(value in shop.text() for value in CANARY.values())
    assert BYSTANDER.email in shop.text()


def test_anonymised_row_is_not_anonymised_again(shop: ShopDatabase) -> None:
    """A pseudonym is known as ours, so a repeat finds nothing to do."""
    bench = bench_at(shop, **ANONYMOUS)
    work = bench.find(OF_CANARY)
    bench.erase(work)
    before = _canary(shop)

    replies = bench.erase(work)

    assert replies == [NothingFound()]
    assert _canary(shop) == before


def test_value_that_came_back_is_seen(shop: ShopDatabase) -> None:
    """A look compares each column: one that holds anything again is not anonymous."""
    bench = bench_at(shop, **ANONYMOUS)
    work = _only(bench.find(OF_CANARY), "customers")
    bench.erase(bench.find(OF_CANARY))
    shop.run("UPDATE customers SET phone = '1' WHERE name = 'erased'")

    assert bench.read_back(work) == Present((work.items[0].id,))


def test_kept_rows_stop_the_deletion_of_what_they_refer_to(shop: ShopDatabase) -> None:
    """Where a law keeps the orders their customer is not pulled from under them."""
    bench = bench_at(shop)
    work = _only(bench.find(OF_CANARY), "customers")
    before = shop.text()

    assert bench.erase(work) == [NeedsHuman("rows_still_refer")]
    assert shop.text() == before


def test_kept_rows_do_not_stop_an_anonymisation(shop: ShopDatabase) -> None:
    """The customer becomes anonymous, and the orders that a law keeps stay theirs."""
    bench = bench_at(shop, **ANONYMOUS)
    work = _only(bench.find(OF_CANARY), "customers")

    assert bench.erase(work) == [Done("redacted", Evidence.E2)]
    assert len(shop.rows(ORDERS)) == 4


def test_row_that_no_rule_keeps_is_not_passed_over(shop: ShopDatabase) -> None:
    """A retained table without a rule stops the erasure before anything is changed."""
    retained = {**ANONYMOUS, "orders": {"do": "retain"}}
    bench = bench_at(shop, **retained)
    work = bench.find(OF_CANARY)
    before = shop.text()

    assert bench.erase(work) == [NeedsHuman("kept_by_no_rule")]
    assert shop.text() == before


def test_key_that_is_somebody_elses_by_now_is_not_touched(shop: ShopDatabase) -> None:
    """A database may use a key again: the row must still be found by the person."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)
    bench.erase(work)
    shop.seed(list(rows_of(replace(CANARY, email="new@birds.example"), orders=0)))
    shop.run(
        "UPDATE customers SET customer_no = 'CUST-NEW' WHERE name <> 'x'"
        " AND email = 'new@birds.example'"
    )

    assert bench.erase(work) == [NeedsHuman("owner_changed")]
    assert len(shop.rows(CUSTOMERS)) == 2


def test_row_is_erased_by_key_once_the_person_is_forgotten(shop: ShopDatabase) -> None:
    """What a law kept is erased later, when no identifier is known any more."""
    bench = bench_at(shop)
    work = replace(bench.find(OF_CANARY), identifiers=())

    assert bench.erase(work) == [Done("deleted", Evidence.E2)]
    assert not any(value in shop.text() for value in CANARY.values())


def test_row_of_a_table_that_is_not_declared_any_more_stops(
    in_file: ShopDatabase,
) -> None:
    """A name that the register no longer knows is nobody's to delete."""
    work = bench_at(in_file).find(OF_CANARY)
    bench = bench_at(in_file)
    fewer = dict(options())
    tables = dict(fewer["tables"])  # type: ignore[call-overload]
    del tables["lines"]
    bench.options = SqlOptions.model_validate({"tables": tables})

    assert bench.erase(work) == [NeedsHuman("unknown_row")]
    assert CANARY.email in in_file.text()


# --- what the database does beyond what it was asked ----------------------------------

_SILENT = {
    "sqlite": (
        "CREATE TRIGGER silent BEFORE DELETE ON orders BEGIN SELECT RAISE(IGNORE); END",
    ),
    "postgresql": (
        (
            "CREATE FUNCTION silent() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RETURN NULL; END'"
        ),
        (
            "CREATE TRIGGER silent BEFORE DELETE ON orders"
            " FOR EACH ROW EXECUTE FUNCTION silent()"
        ),
    ),
}
_REVIVING = {
    "sqlite": (
        (
            'CREATE TRIGGER reviving AFTER DELETE ON "order lines" BEGIN'
            ' INSERT INTO "order lines" (id, gift_note) VALUES (old.id, old.gift_note);'
            " END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION reviving() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
            ' INSERT INTO "order lines" (id, gift_note) VALUES (old.id, old.gift_note);'
            " RETURN old; END'"
        ),
        (
            'CREATE TRIGGER reviving AFTER DELETE ON "order lines"'
            " FOR EACH ROW EXECUTE FUNCTION reviving()"
        ),
    ),
}
_REFUSING = {
    "sqlite": (
        (
            "CREATE TABLE returns (shop TEXT, number TEXT,"
            " FOREIGN KEY (shop, number) REFERENCES orders (shop, number))"
        ),
    ),
    "postgresql": (
        (
            "CREATE TABLE returns (shop TEXT, number TEXT,"
            " FOREIGN KEY (shop, number) REFERENCES orders (shop, number)"
            " DEFERRABLE INITIALLY DEFERRED)"
        ),
    ),
}


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        pytest.param(_SILENT, "other_rows_touched", id="deletes are ignored"),
        pytest.param(_REVIVING, "rows_came_back", id="rows come back"),
    ],
)
def test_trigger_that_undoes_an_erasure_is_found_out(
    statements: dict[str, tuple[str, ...]], code: str, shop: ShopDatabase
) -> None:
    """Counts are compared and rows are looked for before the commit: all or nothing."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)
    shop.run(*statements[shop.engine.dialect.name])
    before = shop.text()

    assert bench.erase(work) == [NeedsHuman(code)]
    assert shop.text() == before


def test_constraint_of_an_undeclared_table_undoes_all(shop: ShopDatabase) -> None:
    """Checked at the statement or at the commit: nothing of the erasure remains."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)
    shop.run(*_REFUSING[shop.engine.dialect.name])
    shop.run("INSERT INTO returns SELECT shop, number FROM orders")
    before = shop.text()

    try:
        assert bench.erase(work) == [NeedsHuman("constraint_refused")]
        assert shop.text() == before
    finally:
        shop.run("DROP TABLE returns")


def test_many_rows_are_changed_in_parts_of_one_transaction(shop: ShopDatabase) -> None:
    """More rows than one statement binds are still all or nothing."""
    shop.empty()
    shop.seed(list(rows_of(CANARY, orders=1_100)))
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)

    assert len(work.items) == 2_201
    assert bench.erase(work) == [Done("deleted", Evidence.E2)]
    assert shop.rows(ORDERS) == shop.rows(LINES) == []
