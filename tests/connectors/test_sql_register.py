"""What a register and a database must agree on before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from connectors.errors import NotSetUp
from connectors.sql import Sql, SqlOptions
from connectors.testing import CANARY
from schemas.connecting import EMAIL
from tests.connectors.databases import (
    ANONYMOUS,
    ShopDatabase,
    bench_at,
    identifiers_of,
    options,
)

ANONYMISED = dict(ANONYMOUS["customers"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"customers": {"find": {}}}, "a parent", id="cannot be found"),
        pytest.param({"lines": {"parent_key": []}}, "go together", id="no parent key"),
        pytest.param({"lines": {"parent": "x"}}, "another table", id="no such parent"),
        pytest.param(
            {"lines": {"parent_key": ["shop"]}}, "as many columns", id="half a key"
        ),
        pytest.param(
            {"orders": {"refers_to": ["id", "email"]}}, "as many", id="refers to more"
        ),
        pytest.param({"customers": {"columns": {"name": "null"}}}, "only", id="both"),
        pytest.param({"customers": {"do": "anonymise"}}, "how to", id="how is missing"),
        pytest.param(
            {"customers": {**ANONYMISED, "columns": {"name": "null"}}},
            "found again",
            id="still found",
        ),
        pytest.param(
            {"lines": {"do": "anonymise", "columns": {"id": "null"}}},
            "names its row",
            id="the key itself",
        ),
        pytest.param({"customers": {"do": "destroy"}}, "delete", id="no such thing"),
        pytest.param(
            {"lines": {"do": "anonymise", "columns": {"gift_note": "hash"}}},
            "pattern",
            id="no such change",
        ),
        pytest.param({"orders": {"do": "retain"}}, "rows that stay", id="orphans"),
        pytest.param(
            {"orders": {"open_when": {"status": "paid"}}},
            "rows that stay",
            id="orphans for a while",
        ),
        pytest.param(
            {"lines": {"columns": {"gift_note": "null"}}}, "only", id="no kind"
        ),
        pytest.param(
            {"lines": {"fields": {"gift_note": "contents"}}}, "only", id="kind alone"
        ),
        pytest.param(
            {
                "lines": {
                    "columns": {"gift_note": "null"},
                    "fields": {"gift_note": "present"},
                }
            },
            "address",
            id="no such kind",
        ),
        pytest.param(
            {
                "lines": {
                    "columns": {"gift_note": "null"},
                    "fields": {"note": "contents"},
                }
            },
            "written over",
            id="kind of another column",
        ),
        pytest.param(
            {
                "customers": ANONYMISED,
                "orders": {
                    "open_when": {"status": "paid", "shop": "web"},
                },
            },
            "at most 1",
            id="two columns say open",
        ),
        pytest.param(
            {"lines": {"do": "anonymise", "columns": {"gift_note": "null"}}},
            "rows that stay",
            id="orphans that stay linked",
        ),
        pytest.param(
            {"customers": {"parent": "lines", "parent_key": "id"}},
            "circle",
            id="a circle",
        ),
        pytest.param(
            {"orders": {"parent": "orders", "parent_key": ["shop", "number"]}},
            "circle",
            id="its own parent",
        ),
        pytest.param({"lines": {"colour": "red"}}, "colour", id="unknown key"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    changes: Mapping[str, Mapping[str, object]], told: str
) -> None:
    """The register is wrong, whatever the database has; the sentence says how."""
    with pytest.raises(ValidationError, match=told):
        SqlOptions.model_validate(options(**changes))


def test_yields_name_declared_tables() -> None:
    """A taught identifier comes from a column of a table that is declared."""
    with pytest.raises(ValidationError, match="declared"):
        SqlOptions.model_validate({**options(), "yields": {"people.mail": "email"}})


def test_parents_come_before_their_children() -> None:
    """Whatever the order in the file."""
    tables = options()["tables"]
    assert isinstance(tables, dict)
    turned = {**options(), "tables": dict(reversed(tables.items()))}

    assert SqlOptions.model_validate(turned).order == ("customers", "orders", "lines")


def test_register_decides_what_the_connector_declares() -> None:
    """Identifier types, record classes and secrets are those of the tables."""
    plain = SqlOptions.model_validate(options(customers={"find": {"email": "email"}}))
    anonymous = SqlOptions.model_validate(options(**ANONYMOUS))

    declared = plain.declared(Sql.spec)

    assert declared.accepts == {EMAIL}
    assert declared.record_classes == {"customer_account", "order"}
    assert declared.secrets == ("dsn",)
    assert anonymous.declared(Sql.spec).secrets == ("dsn", "pseudonym_key")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"lines": {"name": "nowhere"}}, "no table nowhere", id="table"),
        pytest.param({"lines": {"name": "x.lines"}}, "no table x.lines", id="schema"),
        pytest.param({"customers": {"key": "no"}}, "no column no", id="key"),
        pytest.param({"customers": {"find": {"mail": "email"}}}, "mail", id="find"),
        pytest.param({"lines": {"export": ["x"]}}, "no column x", id="export"),
        pytest.param({"orders": {"started_on": "x"}}, "no column x", id="start"),
        pytest.param({"orders": {"parent_key": "x"}}, "no column x", id="parent key"),
        pytest.param({"lines": {"restricted_at": "x"}}, "no column x", id="mark"),
        pytest.param({"lines": {"restricted_at": "gift_note"}}, "a date", id="a text"),
        pytest.param(
            {"customers": {"open_when": {"x": "1"}}}, "no column x", id="open"
        ),
        pytest.param(
            {"customers": {"open_when": {"id": "new"}}}, "cannot hold", id="value"
        ),
        pytest.param({"orders": {"refers_to": "x"}}, "no column x", id="refers to"),
        pytest.param({"customers": {"key": "name"}}, "not unique", id="shared key"),
        pytest.param(
            {
                "orders": {"key": "number"},
                "lines": {"refers_to": ["shop", "number"]},
            },
            "not unique",
            id="half a key",
        ),
        pytest.param(
            {"orders": {"find": {"placed_on": "email"}}}, "no text", id="a date"
        ),
        pytest.param(
            {
                "customers": ANONYMISED,
                "orders": {"do": "anonymise", "columns": {"shop_": "null"}},
            },
            "unknown|no column|found again",
            id="changed column",
        ),
    ],
)
def test_register_that_does_not_fit_the_database_is_refused(
    changes: Mapping[str, Mapping[str, object]], told: str, shop: ShopDatabase
) -> None:
    """A ping compares both, and its sentence names the table and the column."""
    if "orders" in changes and "columns" in changes["orders"]:
        changes = {**changes, "orders": {**changes["orders"], "find": {}}}
    bench = bench_at(shop, **changes)

    with pytest.raises(NotSetUp, match=told):
        bench.run(lambda it: it.ping())


@pytest.mark.parametrize(
    ("column", "change", "told"),
    [
        pytest.param("NOT NULL", "null", "no NULL", id="takes no NULL"),
        pytest.param("", "pseudonym", "32 characters", id="too short"),
    ],
)
def test_change_that_a_column_cannot_take_is_refused(
    column: str, change: str, told: str, shop: ShopDatabase
) -> None:
    """It is said before the first person, not by an error in mid-transaction."""
    shop.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, email VARCHAR(200),"
        f" memo VARCHAR(12) {column})"
    )
    notes = {
        "key": "id",
        "find": {"email": "email"},
        "record_class": "note",
        "do": "anonymise",
        "columns": {"email": "null", "memo": change},
    }

    with pytest.raises(NotSetUp, match=told):
        bench_at(shop, notes=notes).run(lambda it: it.ping())

    shop.run("DROP TABLE notes")


def test_constant_must_fit_its_column(shop: ShopDatabase) -> None:
    """A word is no number: refused with the names, not with the database's error."""
    change = {
        **ANONYMOUS,
        "orders": {
            "do": "anonymise",
            "columns": {"guest_email": "null", "total": "constant:none"},
        },
    }

    with pytest.raises(NotSetUp, match="total cannot become constant:none"):
        bench_at(shop, **change).run(lambda it: it.ping())


@pytest.mark.parametrize("follows", ["CASCADE", "SET NULL"])
def test_deletion_that_the_database_carries_on_is_refused(
    follows: str, shop: ShopDatabase
) -> None:
    """ON DELETE reaches rows that nobody declared: they would go unseen."""
    shop.run(
        "CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer INTEGER"
        f" REFERENCES customers (id) ON DELETE {follows})"
    )
    invoices = {
        "key": "id",
        "parent": "customers",
        "parent_key": "customer",
        "record_class": "invoice",
        "do": "delete",
    }

    with pytest.raises(NotSetUp, match="changes rows of invoices too"):
        bench_at(shop).run(lambda it: it.ping())
    declared = bench_at(shop, invoices=invoices)

    assert declared.run(lambda it: it.ping()).name
    shop.run("DROP TABLE invoices")


def test_index_over_some_rows_makes_no_key(shop: ShopDatabase) -> None:
    """A partial unique index says nothing of the rows outside it."""
    shop.run("CREATE UNIQUE INDEX partly ON customers (email) WHERE phone IS NOT NULL")
    bench = bench_at(shop, customers={"key": "email"}, orders={"refers_to": "id"})

    with pytest.raises(NotSetUp, match="not unique"):
        bench.run(lambda it: it.ping())


def test_refusal_says_nothing_of_any_row(shop: ShopDatabase) -> None:
    """The sentence goes to logs: the register's words, and nothing else."""
    bench = bench_at(shop, customers={"key": "name"})

    with pytest.raises(NotSetUp) as caught:
        bench.locate(identifiers_of(CANARY))

    assert str(caught.value).startswith("customers: name is not unique in")
    assert not any(value in "".join(bench.let_out) for value in CANARY.values())
