"""What rides along with events: keys, entries, statements, the log."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, select

from orchestrator.adapters.sql import tables as t
from orchestrator.core.words import CaseId
from orchestrator.errors import Conflict
from orchestrator.ports import (
    DestroyKey,
    ForgetRecord,
    ForgetRequestRecord,
    PutEntry,
    PutKey,
    PutStatement,
    SignedStatement,
    VaultEntry,
    WrappedKey,
)
from schemas.topics import CASE_EVENTS, REQUESTS
from tests.contracts.stored import Stored
from tests.core.builders import DAY, T0

BYTES = bytes(range(256))


def _key(owner: str = "case-1", purpose: str = "identity", by: bytes = b"k") -> PutKey:
    """Build a wrapped data key."""
    return PutKey(WrappedKey(owner, purpose, by, T0 + DAY))


def _entry(
    name: str, sealed: bytes = b"s", *, owner: str = "case-1", purpose: str = "identity"
) -> PutEntry:
    """Build a sealed value."""
    return PutEntry(VaultEntry(owner, purpose, name, sealed))


def _names(stored: Stored, *names: str, owner: str = "case-1") -> set[str]:
    """Return which entries of an owner answer to these names."""
    return {one.name for one in stored.store.entries([owner], "identity", names)}


def _rows(stored: Stored, table: Table) -> list[Any]:
    """Return a table's rows in the order of their key."""
    with stored.database.reading() as connection:
        query = select(table).order_by(*table.primary_key)
        return list(connection.execute(query).all())


# --- keys and entries -----------------------------------------------------------------


def test_key_is_put_once(stored: Stored) -> None:
    """A second key of one owner and purpose would make what is sealed unreadable."""
    stored.write(_key(by=BYTES), _key(by=b"second"))
    stored.write(_key(by=b"third"), _key(purpose="export", by=b"e"))

    assert stored.store.keys(["case-1", "case-2"], "identity") == {"case-1": BYTES}
    assert stored.store.keys(["case-1"], "export") == {"case-1": b"e"}
    assert stored.store.keys([], "identity") == {}


def test_entry_is_replaced(stored: Stored) -> None:
    """Of one name the last value counts, within one step and later."""
    stored.write(_entry("a", b"1"), _entry("a", BYTES), _entry("b", b"3"))
    stored.write(_entry("b", b"4"))

    found = stored.store.entries(["case-1"], "identity")

    assert {(one.name, one.sealed) for one in found} == {("a", BYTES), ("b", b"4")}
    assert {(one.owner, one.purpose) for one in found} == {("case-1", "identity")}


def test_entries_are_found_by_owner_and_purpose(stored: Stored) -> None:
    """Neither another case's nor another purpose's entry is returned."""
    stored.write(
        _entry("a", b"1"),
        _entry("a", b"2", owner="case-2"),
        _entry("a", b"3", purpose="obligation"),
    )

    both = stored.store.entries(["case-1", "case-2"], "identity", ["a"])

    assert {(one.owner, one.sealed) for one in both} == {
        ("case-1", b"1"),
        ("case-2", b"2"),
    }
    assert stored.store.entries([], "identity") == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param(["items:mail"], {"items:mail"}, id="name"),
        pytest.param(["items:"], {"items:mail", "items:my_shop:1"}, id="prefix"),
        pytest.param(["items:my_shop:"], {"items:my_shop:1"}, id="longer_prefix"),
        pytest.param(
            ["ticket:é:", "items:mail"], {"ticket:é:k1", "items:mail"}, id="both"
        ),
        pytest.param(["items"], set(), id="prefix_without_its_colon"),
        pytest.param(["m:"], set(), id="middle_is_no_prefix"),
        pytest.param(["%:"], set(), id="percent_is_a_letter"),
        pytest.param([], set(), id="no_names"),
    ],
)
def test_names_that_end_in_a_colon_are_prefixes(
    stored: Stored, asked: list[str], found: set[str]
) -> None:
    """Every letter of a name counts for itself, its case included."""
    names = ("items:mail", "items:my_shop:1", "items2", "ITEMS:mail", "ticket:é:k1")
    stored.write(*(_entry(name) for name in (*names, "items-my.shop:1")))

    assert _names(stored, *asked) == found


def test_underscore_in_a_prefix_is_an_underscore(stored: Stored) -> None:
    """An account named `a_b` does not read what belongs to `axb`."""
    stored.write(_entry("items:a_b:1"), _entry("items:axb:1"))

    assert _names(stored, "items:a_b:") == {"items:a_b:1"}


def test_destroyed_key_takes_its_entries_along(stored: Stored) -> None:
    """Of this owner and purpose nothing stays; everything else does."""
    for owner in ("case-1", "case-2"):
        for purpose in ("identity", "export"):
            stored.write(
                _key(owner, purpose), _entry("a", owner=owner, purpose=purpose)
            )

    stored.write(DestroyKey("case-1", "identity"))

    left = [("case-1", "export"), ("case-2", "export"), ("case-2", "identity")]
    assert [(row.owner, row.purpose) for row in _rows(stored, t.data_keys)] == left
    assert [(row.owner, row.purpose) for row in _rows(stored, t.vault)] == left


def test_entry_of_the_same_step_does_not_outlive_its_key(stored: Stored) -> None:
    """What a step seals and destroys is gone, in whatever order it is said."""
    stored.write(_key())

    stored.write(DestroyKey("case-1", "identity"), _entry("late"))

    assert _rows(stored, t.vault) == []


# --- statements -----------------------------------------------------------------------


def _statement(
    id_: str, number: int, kind: str = "interim", case: str = "case-1"
) -> PutStatement:
    """Build a signed statement."""
    return PutStatement(
        SignedStatement(
            id_, CaseId(case), number, kind, T0, "key-1", "a" * 64, BYTES + b"envelope"
        )
    )


def test_statement_is_kept_byte_for_byte(stored: Stored) -> None:
    """What was signed is what is kept, under its number."""
    stored.write(_statement("s1", 1))

    (row,) = _rows(stored, t.statements)
    assert (row.id, row.case_id, row.number, row.kind) == ("s1", "case-1", 1, "interim")
    assert row.envelope == BYTES + b"envelope"
    assert (row.signed_at, row.key_id, row.sha256) == (T0, "key-1", "a" * 64)


def test_signed_statement_never_changes(stored: Stored) -> None:
    """Put again it stays as it was first."""
    stored.write(_statement("s1", 1))

    stored.write(_statement("s1", 1, "final"))

    assert [row.kind for row in _rows(stored, t.statements)] == ["interim"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(_statement("s9", 1), id="number_is_taken"),
        pytest.param(_statement("s9", 2, "final"), id="second_final"),
    ],
)
def test_case_has_one_final_and_each_number_once(
    stored: Stored, second: PutStatement
) -> None:
    """Another statement is a conflict, and nothing of its step is stored."""
    stored.write(_statement("s1", 1, "final"))

    with pytest.raises(Conflict):
        stored.write(_entry("a"), second)

    assert [row.id for row in _rows(stored, t.statements)] == ["s1"]
    assert stored.count(t.vault) == 0


def test_other_cases_and_kinds_have_numbers_of_their_own(stored: Stored) -> None:
    """Interim, final and supplement of one case, and the final of another."""
    stored.write(
        _statement("s1", 1),
        _statement("s2", 2, "final"),
        _statement("s3", 3, "supplement"),
        _statement("s4", 4, "supplement"),
        _statement("s5", 1, "final", "case-2"),
    )

    assert stored.count(t.statements) == 5


# --- the embedded log -----------------------------------------------------------------


def _record(stored: Stored, topic: str, key: str) -> None:
    """Append a record to the embedded log's table."""
    row = {"topic": topic, "key": key.encode(), "headers": "[]", "appended_at": T0}
    with stored.database.writing() as connection:
        connection.execute(t.log_records.insert(), [row])


def test_request_is_forgotten_where_it_came_in(stored: Stored) -> None:
    """Its own record goes; another's, and what we said of it, stay."""
    for topic, key in ((REQUESTS, "r1"), (REQUESTS, "r2"), (CASE_EVENTS, "r1")):
        _record(stored, topic, key)

    stored.write(ForgetRequestRecord("r1"))

    left = [(row.topic, row.key) for row in _rows(stored, t.log_records)]
    assert left == [(REQUESTS, b"r2"), (CASE_EVENTS, b"r1")]


def test_record_that_opened_no_case_is_forgotten_by_its_place(stored: Stored) -> None:
    """The record of that topic and offset goes, and no other."""
    for topic in (REQUESTS, CASE_EVENTS, REQUESTS):
        _record(stored, topic, "r1")

    stored.write(ForgetRecord(REQUESTS, 3), ForgetRecord(REQUESTS, 2))

    assert [row.offset for row in _rows(stored, t.log_records)] == [1, 2]


def test_nothing_to_write_writes_nothing(stored: Stored) -> None:
    """A step that brings nothing along is fine."""
    stored.write()

    assert stored.count(t.vault) == 0
