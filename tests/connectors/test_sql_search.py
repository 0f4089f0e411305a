"""Whose rows a search finds, in which types it looks, and when it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from connectors.base import (
    Ambiguous,
    Failed,
    Identifier,
    IdentifierType,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
)
from connectors.sql import SqlOptions
from connectors.testing import BYSTANDER, CANARY, work_of
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE
from tests.connectors.databases import (
    ShopDatabase,
    bench_at,
    identifiers_of,
    options,
    rows_of,
)

OF_CANARY = identifiers_of(CANARY)
NUMBER = IdentifierType("shop.number")


def _kinds(finding: object) -> list[str]:
    """Return the kinds of the items found."""
    assert isinstance(finding, Located)
    return sorted(item.kind for item in finding.items)


def test_rows_are_found_from_parent_to_child(shop: ShopDatabase) -> None:
    """Each row is an item with its own class and start, children of children too."""
    work = bench_at(shop).find(OF_CANARY)

    found = [(it.kind, it.record_class, it.started_on) for it in work.items]
    assert sorted(found, key=str) == sorted(
        [
            ("customers", "customer_account", None),
            ("orders", "order", date(2025, 6, 1)),
            ("orders", "order", date(2025, 6, 2)),
            ("lines", "order", None),
            ("lines", "order", None),
        ],
        key=str,
    )


def test_row_of_a_guest_is_found_by_itself(shop: ShopDatabase) -> None:
    """A table may have a parent and columns of its own to find by; NULL is nobody."""
    guest = "guest@birds.example"
    shop.seed([{"table": "orders", "shop": "web", "number": "1", "guest_email": guest}])

    finding = bench_at(shop).locate([Identifier(EMAIL, guest)])

    assert _kinds(finding) == ["orders"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("' OR '1'='1", id="always true"),
        pytest.param("x'; DROP TABLE customers; --", id="a second statement"),
        pytest.param("%", id="a pattern"),
        pytest.param("\\' OR 1=1 --", id="an escaped quote"),
        pytest.param("%(param)s :name ?", id="placeholders"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\udcff", id="half a surrogate pair"),
        pytest.param("x" * 100_000, id="very long"),
        pytest.param("", id="empty"),
    ],
)
def test_identifier_is_a_value_and_never_a_statement(
    value: str, shop: ShopDatabase
) -> None:
    """Whatever a person is called, it finds those who are called so: here nobody."""
    before = shop.text()
    bench = bench_at(shop)

    finding = bench.locate([Identifier(EMAIL, value), Identifier(CUSTOMER_ID, value)])

    assert finding == NothingFound()
    assert shop.text() == before


@pytest.mark.parametrize(
    "name", ["O'Brien; DROP TABLE x", "ß漢字🐦", 'a"b`c', "x\\'y", "%s %(a)s :b"]
)
def test_awkward_key_names_its_own_row_only(name: str, shop: ShopDatabase) -> None:
    """A key with quotes, signs or any script is found, copied and erased alone."""
    odd = replace(CANARY, reference=name, customer_id=name, email=f"{ord(name[0])}@x.y")
    shop.empty()
    shop.seed([*rows_of(odd), *rows_of(BYSTANDER)])
    bench = bench_at(shop)

    work = bench.find(identifiers_of(odd))
    bench.erase(work)

    assert len(work.items) == 5
    assert name not in str(shop.rows(shop.tables[0]))
    assert BYSTANDER.email in shop.text()


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        pytest.param("Canary@Birds.Example", "canary@birds.example", id="capitals"),
        pytest.param("canary@birds.example", "Canary@Birds.example", id="asked so"),
    ],
)
def test_address_is_found_however_it_is_written(
    stored: str, asked: str, shop: ShopDatabase
) -> None:
    """A shop that kept capitals still finds the person; others are compared exactly."""
    shop.empty()
    shop.seed(list(rows_of(replace(CANARY, email=stored))))

    assert isinstance(bench_at(shop).locate([Identifier(EMAIL, asked)]), Located)
    lower = Identifier(CUSTOMER_ID, CANARY.customer_id.lower())
    assert bench_at(shop).locate([lower]) == NothingFound()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("1", True, id="the number"),
        pytest.param("01", True, id="with a zero before it"),
        pytest.param("1 OR 1=1", False, id="no number"),
        pytest.param("1.0", False, id="no whole number"),
        pytest.param("9" * 18, False, id="larger than the column"),
        pytest.param("9" * 40, False, id="larger than any column"),
        pytest.param("-1", False, id="somebody below zero"),
        pytest.param("\u0661", False, id="another script's digit"),
    ],
)
def test_text_that_fits_no_number_finds_nothing(
    value: str, found: object, shop: ShopDatabase
) -> None:
    """An integer column is asked with integers; anything else is nobody, no error."""
    shop.seed([{"table": "customers", "id": 1, "name": "one"}])
    bench = bench_at(shop, customers={"find": {"id": NUMBER}})

    finding = bench.locate([Identifier(NUMBER, value)])

    assert isinstance(finding, Located) is found
    assert found or finding == NothingFound()


def test_nobody_looks_by_an_identifier_that_no_column_holds(
    in_file: ShopDatabase,
) -> None:
    """Then nobody may say that nothing was found."""
    finding = bench_at(in_file).locate([Identifier(PHONE, CANARY.phone)])

    assert finding == NotApplicable("no_identifier")


def test_too_many_rows_stop_before_anything_else(shop: ShopDatabase) -> None:
    """More rows than the register allows: a person looks, and sees how many."""
    bench = bench_at(shop)
    bench.options = SqlOptions.model_validate({**options(), "max_rows": 4})

    finding = bench.locate(OF_CANARY)

    assert isinstance(finding, Failed)
    assert finding.code == "too_many_rows"
    assert "customers: 1, orders: 2, lines: 2" in finding.hint


def test_rows_that_grew_too_many_are_not_erased(shop: ShopDatabase) -> None:
    """The bound holds again immediately before the change."""
    bench = bench_at(shop)
    work = bench.find(OF_CANARY)
    bench.options = SqlOptions.model_validate({**options(), "max_rows": 4})
    before = shop.text()

    assert bench.erase(work) == [NeedsHuman("too_many_rows")]
    assert shop.text() == before


def test_row_without_its_key_goes_to_a_person(in_file: ShopDatabase) -> None:
    """A unique column may be NULL: such a row cannot be named."""
    customers = {"key": "customer_no", "find": {"email": "email"}}
    in_file.seed([{"table": "customers", "id": 7, "email": "x@birds.example"}])
    bench = bench_at(
        in_file,
        customers=customers,
        orders={"refers_to": "id"},
    )

    finding = bench.locate([Identifier(EMAIL, "x@birds.example")])

    assert finding == NeedsHuman("row_without_key")


def test_rows_of_two_customers_are_apart(shop: ShopDatabase) -> None:
    """An address that two customers share: a person chooses, each with all below it."""
    twin = replace(
        BYSTANDER, customer_id="CUST-TWIN", reference="42", email=CANARY.email
    )
    shop.seed(list(rows_of(twin)))
    bench = bench_at(shop)

    finding = bench.locate([Identifier(EMAIL, CANARY.email)])

    assert isinstance(finding, Ambiguous)
    assert [len(it.items) for it in finding.candidates] == [5, 5]
    assert CANARY.email not in repr(finding)


def test_candidate_that_was_chosen_is_erased_alone(shop: ShopDatabase) -> None:
    """The other customer of the shared address keeps every row."""
    twin = replace(
        BYSTANDER, customer_id="CUST-TWIN", reference="42", email=CANARY.email
    )
    shop.seed(list(rows_of(twin)))
    bench = bench_at(shop)
    asked = [Identifier(EMAIL, CANARY.email)]
    finding = bench.locate(asked)
    assert isinstance(finding, Ambiguous)
    chosen = next(it for it in finding.candidates if CANARY.customer_id in it.label)

    bench.erase(work_of(chosen.items, asked))

    assert CANARY.customer_id not in shop.text()
    assert "CUST-TWIN" in shop.text()


def test_verified_customer_is_one_person_with_two_addresses(
    shop: ShopDatabase,
) -> None:
    """Another address on the customer's own row is a change of address, no stranger."""
    asked = [
        Identifier(EMAIL, "new@birds.example"),
        Identifier(CUSTOMER_ID, CANARY.customer_id),
    ]

    assert isinstance(bench_at(shop).locate(asked), Located)


def test_search_teaches_what_the_register_maps(shop: ShopDatabase) -> None:
    """A customer found by number teaches the address, of mapped columns only."""
    finding = bench_at(shop).locate([Identifier(CUSTOMER_ID, CANARY.customer_id)])

    assert isinstance(finding, Located)
    assert finding.learned == (Identifier(EMAIL, CANARY.email),)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param("placed_on", date(2025, 6, 1), id="a date"),
        pytest.param("ship_to", None, id="no date"),
    ],
)
def test_record_starts_where_its_column_says(
    column: str, expected: date | None, shop: ShopDatabase
) -> None:
    """A column without a date is an unknown start, which the core keeps from today."""
    change: Mapping[str, object] = {"started_on": column}

    work = bench_at(shop, orders=change).find(OF_CANARY)

    orders = [it for it in work.items if it.kind == "orders"]
    assert orders[0].started_on == expected
