"""A kept row loses what no law needs, is marked, and waits while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from connectors.base import (
    Absent,
    Done,
    Evidence,
    NeedsHuman,
    Present,
    Redacted,
    StillOpen,
    Work,
)
from connectors.sql import Sql, SqlOptions
from connectors.testing import BYSTANDER, CANARY
from schemas.kept_fields import KeptField
from tests.connectors.databases import (
    ANONYMOUS,
    CUSTOMERS,
    LINES,
    ORDERS,
    ShopDatabase,
    bench_at,
    identifiers_of,
    options,
)

OF_CANARY = identifiers_of(CANARY)
REDUCED: Mapping[str, object] = {
    "columns": {"ship_to": "constant:kept", "guest_email": "null", "total": "null"},
    "fields": {"ship_to": "address", "total": "amounts"},
}
MARKED: Mapping[str, object] = {"restricted_at": "restricted_at"}
OPEN: Mapping[str, object] = {"open_when": {"status": ["placed", "paid"]}}
AMOUNTS = frozenset({KeptField.AMOUNTS})


def _keeping(work: Work, *kinds: str, needed: frozenset[KeptField] = AMOUNTS) -> Work:
    """Return the work as the core sends it where a law keeps the rows of tables."""
    keep = {item.id: needed for item in work.items if item.kind in kinds}
    assert keep
    return replace(work, keep=keep)


def _orders(shop: ShopDatabase) -> list[dict[str, object]]:
    """Return the canary's orders."""
    rows = shop.rows(ORDERS)
    return [it for it in rows if str(it["number"]).startswith(CANARY.reference)]


def _ids(work: Work, *kinds: str) -> tuple[str, ...]:
    return tuple(item.id for item in work.items if item.kind in kinds)


def test_kept_row_loses_what_no_law_needs(shop: ShopDatabase) -> None:
    """The amounts stay, the address is written over; all else is anonymised."""
    bench = bench_at(shop, **ANONYMOUS, orders=REDUCED)
    work = _keeping(bench.find(OF_CANARY), "orders")

    (reply,) = bench.erase(work)

    assert reply == Done("redacted", Evidence.E2)
    assert {it["ship_to"] for it in _orders(shop)} == {"kept"}
    assert all(it["total"] is not None for it in _orders(shop))
    assert CANARY.name not in shop.text_of("orders")
    assert len(shop.rows(LINES)) == 2
    assert BYSTANDER.email in shop.text()


def test_look_sees_a_row_that_was_not_reduced(shop: ShopDatabase) -> None:
    """A kept row is done once nothing else stands in it, and not before."""
    bench = bench_at(shop, **ANONYMOUS, orders=REDUCED)
    work = _keeping(bench.find(OF_CANARY), "orders")
    before = bench.read_back(work)
    bench.erase(work)

    assert isinstance(before, Present)
    assert set(_ids(work, "orders")) <= set(before.items)
    assert bench.read_back(work) == Redacted()

    shop.run("UPDATE orders SET ship_to = 'somewhere' WHERE ship_to = 'kept'")
    assert bench.read_back(work) == Present(_ids(work, "orders"))  # type: ignore[arg-type]


def test_kept_rows_alone_are_no_rest_of_what_was_deleted(shop: ShopDatabase) -> None:
    """What a law keeps is told as kept; the other rows are absent, not redacted."""
    bench = bench_at(shop, **ANONYMOUS, orders=REDUCED)
    work = bench.find(OF_CANARY)
    items = tuple(it for it in work.items if it.kind != "customers")
    work = _keeping(replace(work, items=items), "orders")

    bench.erase(work)

    assert bench.read_back(work) == Absent()


def test_rule_that_needs_the_whole_row_leaves_it(shop: ShopDatabase) -> None:
    """Where no field is named the row is marked, and nothing of it is lost."""
    bench = bench_at(shop, **ANONYMOUS, orders={**REDUCED, **MARKED})
    work = _keeping(bench.find(OF_CANARY), "orders", needed=frozenset())

    bench.erase(work)

    assert {it["ship_to"] for it in _orders(shop)} == {CANARY.name}
    assert all(isinstance(it["restricted_at"], datetime) for it in _orders(shop))


@pytest.mark.parametrize(
    ("column", "kind"), [("restricted_at", datetime), ("restricted_on", date)]
)
def test_kept_row_is_marked_once(shop: ShopDatabase, column: str, kind: type) -> None:
    """The mark says since when; a repeat and a reader leave it as it is."""
    bench = bench_at(shop, **ANONYMOUS, orders={"restricted_at": column})
    work = _keeping(bench.find(OF_CANARY), "orders")
    bench.erase(work)
    before = _orders(shop)

    bench.erase(work)

    assert all(type(it[column]) is kind for it in before)
    assert _orders(shop) == before
    assert bench.read_back(work) == Redacted()


def test_unmarked_row_is_seen(shop: ShopDatabase) -> None:
    """A mark that is gone again is a row that is not restricted."""
    bench = bench_at(shop, **ANONYMOUS, orders=MARKED)
    work = _keeping(bench.find(OF_CANARY), "orders")
    bench.erase(work)

    shop.run("UPDATE orders SET restricted_at = NULL")

    assert bench.read_back(work) == Present(_ids(work, "orders"))  # type: ignore[arg-type]


def test_retained_row_is_reduced_as_well(shop: ShopDatabase) -> None:
    """`retain` never deletes, and what a law does not need still goes."""
    kept = {**REDUCED, "do": "retain"}
    bench = bench_at(shop, **ANONYMOUS, orders=kept, lines={"do": "retain"})
    work = bench.find(OF_CANARY)
    items = tuple(it for it in work.items if it.kind != "lines")
    work = _keeping(replace(work, items=items), "orders")

    assert bench.erase(work) == [Done("redacted", Evidence.E2)]
    assert {it["ship_to"] for it in _orders(shop)} == {"kept"}


def test_reduced_row_is_deleted_when_its_time_is_over(shop: ShopDatabase) -> None:
    """The follow-up, by key alone and without limits, deletes the row."""
    bench = bench_at(shop, **ANONYMOUS, orders={**REDUCED, **MARKED})
    work = bench.find(OF_CANARY)
    bench.erase(_keeping(work, "orders"))

    reply = bench.erase(replace(work, identifiers=()))

    assert reply == [Done("redacted", Evidence.E2)]
    assert _orders(shop) == []


def test_table_says_what_it_can_reduce_and_mark() -> None:
    """By record class, and only if every table of the class can."""
    both = {**REDUCED, **MARKED, "record_class": "invoice"}
    declared = SqlOptions.model_validate(options(orders=both)).declared(Sql.spec)
    shared = SqlOptions.model_validate(options(orders=REDUCED)).declared(Sql.spec)

    assert declared.reduces == declared.restricts == {"invoice"}
    assert shared.reduces == shared.restricts == set()


# --- what is not over -----------------------------------------------------------------


def test_open_order_stays_and_so_do_its_lines(shop: ShopDatabase) -> None:
    """An order that is not over keeps its row and what is below it, no other."""
    bench = bench_at(shop, **ANONYMOUS, orders=OPEN)
    work = bench.find(OF_CANARY)
    query = ORDERS.update().where(ORDERS.c.number == CANARY.reference)
    with shop.engine.begin() as connection:
        connection.execute(query.values(status="paid"))

    (reply,) = bench.erase(work)

    assert isinstance(reply, StillOpen)
    assert reply.reason == "order_open"
    assert len(reply.items) == 2
    assert {it["number"] for it in _orders(shop)} == {CANARY.reference}
    assert len(shop.rows(LINES)) == 3
    assert {*reply.items, *reply.done} == {item.id for item in work.items}
    assert CANARY.email not in shop.text_of("customers")
    done = tuple(it for it in work.items if it.id in reply.done)
    assert bench.read_back(replace(work, items=done)) == Redacted()


def test_order_that_is_over_goes(shop: ShopDatabase) -> None:
    """Another status, or none, is over; the next day's look erases by key alone."""
    bench = bench_at(shop, **ANONYMOUS, orders=OPEN)
    work = bench.find(OF_CANARY)
    shop.run("UPDATE orders SET status = 'paid'")
    (first,) = bench.erase(work)
    assert isinstance(first, StillOpen)
    left = tuple(it for it in work.items if it.id in first.items)
    shop.run("UPDATE orders SET status = 'shipped'")

    reply = bench.erase(replace(work, items=left, identifiers=()))

    assert reply == [Done("deleted", Evidence.E2)]
    assert _orders(shop) == []


def test_lines_of_an_order_that_is_not_in_the_call_stay(shop: ShopDatabase) -> None:
    """Whether an order is open is asked of its row, also where a law keeps that."""
    refunds: Mapping[str, object] = {**OPEN, "open_as": "return_open"}
    bench = bench_at(shop, **ANONYMOUS, orders=refunds)
    work = bench.find(OF_CANARY)
    shop.run("UPDATE orders SET status = 'placed'")
    lines = tuple(it for it in work.items if it.kind == "lines")
    before = shop.text()

    (reply,) = bench.erase(replace(work, items=lines))

    assert reply == StillOpen(tuple(it.id for it in lines), "return_open")
    assert shop.text() == before


def test_key_of_somebody_else_stops_before_anything_is_open(shop: ShopDatabase) -> None:
    """Whose row it is comes first, open or not."""
    bench = bench_at(shop, **ANONYMOUS, orders=OPEN)
    work = bench.find(OF_CANARY)
    shop.run("UPDATE orders SET status = 'paid'", "UPDATE orders SET customer = NULL")

    assert bench.erase(work) == [NeedsHuman("owner_changed")]


def test_nothing_of_a_kept_open_order_is_lost(shop: ShopDatabase) -> None:
    """An order that must still be delivered keeps its address for that long."""
    bench = bench_at(shop, **ANONYMOUS, orders={**OPEN, **REDUCED})
    work = _keeping(bench.find(OF_CANARY), "orders")
    shop.run("UPDATE orders SET status = 'paid'")

    (reply,) = bench.erase(work)

    assert isinstance(reply, StillOpen)
    assert {it["ship_to"] for it in _orders(shop)} == {CANARY.name}
    assert len(shop.rows(CUSTOMERS)) == 2
