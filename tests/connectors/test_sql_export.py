"""A copy holds the person's rows as JSON, in the columns that the register shows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import SecretStr

from connectors.base import Exported, Provenance
from connectors.sql.values import (
    PSEUDONYM_LENGTH,
    Pseudonyms,
    as_json,
    column_value,
    key_of,
    label_of,
    reference,
)
from connectors.testing import CANARY, CollectingSink
from tests.connectors.databases import (
    ShopDatabase,
    bench_at,
    identifiers_of,
)

A_UUID = UUID("6f1de0a4-6a3b-4b9f-9d3f-0f3c8e1d2a55")
KEY = Pseudonyms(SecretStr("one"))


def test_rows_are_copied_with_the_columns_that_the_register_shows(
    shop: ShopDatabase,
) -> None:
    """Chosen columns, exact amounts, dates as texts, and where the data came from."""
    bench = bench_at(shop, orders={"export": ["number", "total", "placed_on"]})
    work = bench.find(identifiers_of(CANARY))
    sink = CollectingSink({item.reference for item in work.items})

    reply = bench.export(work, sink)

    (order,) = (it for it in sink.rows if it.data.get("number") == CANARY.reference)
    customer = next(it for it in sink.rows if it.category == "customers")
    assert reply == Exported(5)
    assert dict(order.data) == {
        "number": CANARY.reference,
        "total": "12.50",
        "placed_on": "2025-06-01",
    }
    assert order.provenance is Provenance.OBSERVED
    assert customer.provenance is Provenance.PROVIDED
    assert customer.data["name"] == CANARY.name
    json.dumps([dict(it.data) for it in sink.rows])


def test_row_that_is_gone_is_not_counted(shop: ShopDatabase) -> None:
    """A copy counts the rows that it holds, not those that were once found."""
    bench = bench_at(shop)
    work = bench.find(identifiers_of(CANARY))
    shop.run('DELETE FROM "order lines"')
    sink = CollectingSink({item.reference for item in work.items})

    assert bench.export(work, sink) == Exported(3)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(None, None, id="null"),
        pytest.param(True, True, id="bool"),
        pytest.param(2**70, 2**70, id="large"),
        pytest.param(1.5, 1.5, id="float"),
        pytest.param(float("nan"), "nan", id="NaN"),
        pytest.param(float("-inf"), "-inf", id="infinity"),
        pytest.param(Decimal("0.10"), "0.10", id="exact"),
        pytest.param(date(2025, 2, 28), "2025-02-28", id="date"),
        pytest.param(
            datetime(2025, 2, 28, 1, tzinfo=UTC), "2025-02-28T01:00:00+00:00", id="when"
        ),
        pytest.param(time(1, 2), "01:02:00", id="time"),
        pytest.param(timedelta(minutes=1), 60.0, id="span"),
        pytest.param(b"\xff\0", "/wA=", id="bytes"),
        pytest.param(memoryview(b"\xff"), "/w==", id="memory"),
        pytest.param(A_UUID, str(A_UUID), id="uuid"),
        pytest.param({"a": [Decimal(1), b""]}, {"a": ["1", ""]}, id="nested"),
    ],
)
def test_cell_becomes_json_without_loss(value: object, told: object) -> None:
    """Whatever a driver hands out can be written as JSON and read again exactly."""
    assert as_json(value) == told
    json.dumps(as_json(value), allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param(int, "-12", -12, id="number"),
        pytest.param(int, " 12", None, id="blank"),
        pytest.param(int, "1e3", None, id="exponent"),
        pytest.param(UUID, str(A_UUID), A_UUID, id="uuid"),
        pytest.param(UUID, "x", None, id="no uuid"),
        pytest.param(Decimal, "1.50", Decimal("1.50"), id="exact"),
        pytest.param(Decimal, "NaN", None, id="NaN"),
        pytest.param(Decimal, "1,5", None, id="comma"),
        pytest.param(str, "a\0", None, id="NUL"),
        pytest.param(str, "\ud800", None, id="surrogate"),
        pytest.param(date, "2025-02-30", None, id="no day"),
        pytest.param(bool, "true", True, id="bool"),
        pytest.param(bytes, "x", None, id="no type for it"),
    ],
)
def test_text_is_taken_only_where_it_fits(kind: type, text: str, value: object) -> None:
    """What does not fit a column is nothing; it is never an error with the text."""
    assert column_value(kind, text) == value


@pytest.mark.parametrize(
    "key",
    [
        (1,),
        ("a/b",),
        (A_UUID, "x"),
        (Decimal("1.50"),),
        (date(2025, 1, 2), 3),
        (datetime(2025, 1, 2, 3, 4, 5, 6),),  # noqa: DTZ001 (a column without a zone)
        ("漢字'\"", -1),
    ],
)
def test_name_of_a_row_leads_back_to_its_key(key: tuple[object, ...]) -> None:
    """A name is the same each time, and gives back the very key it was made of."""
    name = reference("orders", key)

    assert label_of(name) == "orders"
    assert key_of(name, [type(it) for it in key]) == key


def test_pseudonyms_know_one_another_and_nobody_else() -> None:
    """Equal values are equal, another key's are strangers, and none tells its value."""
    one, other = KEY.of("CUST-1"), Pseudonyms(SecretStr("two")).of("CUST-1")

    assert one == KEY.of("CUST-1")
    assert len({one, other, KEY.of("CUST-2")}) == 3
    assert len(one) == PSEUDONYM_LENGTH
    assert KEY.is_ours(one)
    assert not KEY.is_ours(other)
    assert not KEY.is_ours(f"{one[:-1]}~")
    assert not KEY.is_ours("anon-" + "0" * 27)
    assert not KEY.is_ours("anon-" + "é" * 27)
    assert "one" not in repr(vars(KEY).keys())
