"""
Bring everything that a key-encryption key protects under the current one.

A data key is wrapped anew, and what it sealed stays as it is; what is sealed under a
derived key is sealed anew.  In batches, each row only if it is as it was read: what was
destroyed meanwhile stays destroyed.  Dying in between leaves rows under either key,
both of which open; the next time goes on.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    bindparam,
    select,
    true,
    tuple_,
    update,
)

from orchestrator.adapters.embedded_log import SEALED_TOPICS, place
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.cipher import Cipher, Derived, VaultError

AT_ONCE = 500  # rows in one transaction


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """How many values were brought under the current key, and how many do not open."""

    moved: int
    lost: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A column under the key-encryption key; `renewed` is None for what is current."""

    column: Column[Any]
    renewed: Callable[[Row[Any]], object | None]
    which: ColumnElement[bool]

    @property
    def table(self) -> Table:
        """The column's table."""
        return self.column.table

    @property
    def keys(self) -> Sequence[Column[Any]]:
        """The columns that name a row."""
        return list(self.table.primary_key)


class SqlRekeying:
    """Rekeys one database."""

    def __init__(
        self, database: Database, cipher: Cipher, quarantine: str, inbox: str, log: str
    ) -> None:
        """Keep the parts; the names are those of the derived keys."""
        self._database = database
        self._places = tuple(
            _places(
                cipher,
                cipher.derived(quarantine),
                cipher.derived(inbox),
                cipher.derived(log),
            )
        )

    def rekey(self) -> Rekeyed:
        """Bring everything under the current key; may run beside everything else."""
        moved, lost = 0, 0
        for place_ in self._places:
            for behind, unreadable in self._batches(place_):
                if behind:
                    self._store(place_, behind)
                moved += len(behind)
                lost += unreadable
        return Rekeyed(moved, lost)

    def is_behind(self) -> bool:
        """Tell whether something is still under a retired key."""
        return any(
            behind for place_ in self._places for behind, _ in self._batches(place_)
        )

    def _batches(self, place_: _Place) -> Iterator[tuple[list[dict[str, object]], int]]:
        """Yield what is to change in each batch of rows, and how many do not open."""
        last: tuple[object, ...] | None = None
        while rows := self._rows(place_, last):
            last = _name(place_, rows[-1])
            changes, lost = [], 0
            for row in rows:
                try:
                    renewed = place_.renewed(row)
                except VaultError:
                    lost += 1
                    continue
                if renewed is not None:
                    changes.append(_change(place_, row, renewed))
            yield changes, lost

    def _rows(
        self, place_: _Place, after: tuple[object, ...] | None
    ) -> Sequence[Row[Any]]:
        """Return the next rows in the order of their key."""
        query = select(place_.table).where(place_.which).order_by(*place_.keys)
        if after is not None:
            query = query.where(tuple_(*place_.keys) > after)
        with self._database.reading() as connection:
            return connection.execute(query.limit(AT_ONCE)).all()

    def _store(self, place_: _Place, changes: Sequence[dict[str, object]]) -> None:
        """Store new values of rows that are as they were read."""
        named = [key == bindparam(f"b_{key.name}") for key in place_.keys]
        statement = (
            update(place_.table)
            .where(*named, place_.column == bindparam("b_old"))
            .values({place_.column.name: bindparam("b_new")})
        )
        with self._database.writing() as connection:
            connection.execute(statement, list(changes))


def _places(
    cipher: Cipher, quarantine: Derived, inbox: Derived, log: Derived
) -> Iterator[_Place]:
    """Yield every column that the key-encryption key protects."""
    yield _Place(
        t.data_keys.c.wrapped,
        lambda row: cipher.rewrapped(row.wrapped, row.owner, row.purpose),
        true(),
    )
    for table, derived in ((t.quarantine, quarantine), (t.inbox, inbox)):
        yield _Place(table.c.sealed, _by_id(derived), table.c.sealed.is_not(None))
    sealed = t.log_records.c.topic.in_(sorted(SEALED_TOPICS))
    value = t.log_records.c.value
    yield _Place(
        value,
        lambda row: log.renewed(row.value, place(row.topic, row.key, "value")),
        sealed & value.is_not(None),
    )
    yield _Place(t.log_records.c.headers, lambda row: _headers(log, row), sealed)


def _by_id(derived: Derived) -> Callable[[Row[Any]], bytes | None]:
    """Return how a value is renewed whose place is its row's id."""
    return lambda row: derived.renewed(row.sealed, row.id)


def _headers(log: Derived, row: Row[Any]) -> str | None:
    """Renew sealed headers, which are text."""
    where = place(row.topic, row.key, "headers")
    renewed = log.renewed(b64decode(row.headers), where)
    return None if renewed is None else b64encode(renewed).decode()


def _name(place_: _Place, row: Row[Any]) -> tuple[object, ...]:
    """Return the key of a row."""
    return tuple(row._mapping[key] for key in place_.keys)  # noqa: SLF001 (public, says SQLAlchemy)


def _change(place_: _Place, row: Row[Any], renewed: object) -> dict[str, object]:
    """Return the parameters that store a new value of a row."""
    mapping = row._mapping  # noqa: SLF001 (public, says SQLAlchemy)
    named = {f"b_{key.name}": mapping[key] for key in place_.keys}
    return {**named, "b_old": mapping[place_.column], "b_new": renewed}
