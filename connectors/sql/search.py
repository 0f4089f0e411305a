"""
Find a person's rows: by identifiers, then down from parent to child.

Values are bound, never formatted; names are quoted by SQLAlchemy.  Lists of values go
out in parts, for databases limit how many one statement may bind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from connectors.sql.schema import AnyColumn, Known, Schema, kind_of
from connectors.sql.values import Key, column_value, started_on
from schemas.connecting import EMAIL, Identifier, IdentifierType

PART = 400


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row of the person; the values hide themselves."""

    known: Known
    key: Key = field(repr=False)
    cells: dict[str, object] = field(repr=False)

    @property
    def started_on(self) -> date | None:
        """When the record began, where the register names its column."""
        name = self.known.declared.started_on
        return started_on(self.cells[name]) if name else None

    def carried(self) -> Iterator[Identifier]:
        """Yield the identifiers that the row was found by or teaches."""
        named = {**self.known.declared.find, **self.known.taught}
        for name, kind in named.items():
            value = self.cells[name]
            if value is not None and str(value).strip():
                yield Identifier(IdentifierType(kind), str(value).strip())


@dataclass(frozen=True, slots=True)
class FoundRows:
    """
    All rows found; `is_more` where there are more than the register allows.

    `is_shared` where rows of other people have the same value in a parent's column that
    child rows are found by: then nobody can tell whose the children are.
    """

    rows: tuple[FoundRow, ...]
    is_more: bool = False
    is_shared: bool = False

    def counts(self, schema: Schema) -> str:
        """Say how many rows there are by table, in the register's words."""
        told = [
            f"{known.label}: {sum(it.known is known for it in self.rows)}"
            for known in schema.tables
        ]
        return ", ".join(told)


def is_searchable(schema: Schema, identifiers: Iterable[Identifier]) -> bool:
    """Tell whether some table is searched by one of *identifiers*."""
    types = {it.type for it in identifiers}
    return any(types & set(it.declared.find.values()) for it in schema.tables)


def find_rows(
    connection: Connection,
    schema: Schema,
    identifiers: Sequence[Identifier],
    most: int,
) -> FoundRows:
    """Find every row of the person, at most *most* and one, parents first."""
    found: dict[str, dict[Key, FoundRow]] = {}
    left = most
    is_shared = False
    for known in schema.tables:
        above = list(found.get(known.declared.parent or "", {}).values())
        is_shared = is_shared or _is_shared(connection, schema, known, above)
        own = found[known.label] = {}
        for condition in _conditions(known, identifiers, above):
            for row in _rows(connection, schema, known, condition, left + 1):
                own.setdefault(row.key, row)
        left -= len(own)
        if left < 0:
            break
    rows = tuple(row for own in found.values() for row in own.values())
    return FoundRows(rows, is_more=left < 0, is_shared=is_shared)


def _is_shared(
    connection: Connection, schema: Schema, known: Known, above: Sequence[FoundRow]
) -> bool:
    """Tell whether rows that are not *above* have what *known* refers to as well."""
    parent = schema.known(known.declared.parent or "")
    if parent is None or not known.is_shared:
        return False
    wanted = referred_by(known, above)
    others = sum(
        connection.execute(
            select(func.count())
            .select_from(parent.table)
            .where(with_keys(known.referred, part))
        ).scalar_one()
        for part in parts(wanted)
    )
    names = [column.name for column in known.referred]
    own = [tuple(row.cells[name] for name in names) for row in above]
    return others > sum(key in set(wanted) for key in own)


def with_keys(columns: Sequence[AnyColumn], keys: Sequence[Key]) -> ColumnElement[bool]:
    """Return the condition that *columns* hold one of *keys*."""
    if not keys:
        return false()
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_(keys)


def parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield *keys* in parts that one statement can bind."""
    for start in range(0, len(keys), PART):
        yield keys[start : start + PART]


def referred_by(known: Known, rows: Iterable[FoundRow]) -> list[Key]:
    """Return what rows of *known* refer to in *rows* of its parent; NULL is nobody."""
    names = [column.name for column in known.referred]
    keys = (tuple(row.cells[name] for name in names) for row in rows)
    return list(dict.fromkeys(key for key in keys if None not in key))


def below(row: FoundRow, rows: Sequence[FoundRow]) -> list[FoundRow]:
    """Return *row* and all of *rows* that belong to it, also through others."""
    belonging = [row]
    for above in belonging:
        for it in rows:
            if it.known.declared.parent == above.known.label and it not in belonging:
                names = [column.name for column in it.known.parent_key]
                key = tuple(it.cells[name] for name in names)
                if key in referred_by(it.known, [above]):
                    belonging.append(it)
    return belonging


def _conditions(
    known: Known, identifiers: Sequence[Identifier], above: Sequence[FoundRow]
) -> Iterator[ColumnElement[bool]]:
    """Yield what to search one table by: identifiers, then the parent's rows."""
    direct = [
        condition
        for name, kind in known.declared.find.items()
        for one in identifiers
        if one.type == kind
        for condition in _holds(known.column(name), one)
    ]
    for start in range(0, len(direct), PART):
        yield or_(*direct[start : start + PART])
    for part in parts(referred_by(known, above)):
        yield with_keys(known.parent_key, part)


def _holds(column: AnyColumn, identifier: Identifier) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions by which *column* holds *identifier*; none if it cannot."""
    value = column_value(kind_of(column) or object, identifier.value)
    if value is None:
        return
    # Wide enough for any number: in the column's own type it may be out of range.
    yield column == (literal(value, BigInteger) if isinstance(value, int) else value)
    if identifier.type == EMAIL and isinstance(value, str):
        # People write their address in capitals; databases keep it so.
        yield func.lower(column) == value.lower()


def _rows(
    connection: Connection,
    schema: Schema,
    known: Known,
    condition: ColumnElement[bool],
    most: int,
) -> Iterator[FoundRow]:
    """Yield at most *most* rows, with the cells that the search goes on by."""
    children = (it.referred for it in schema.children(known))
    names = [
        *known.declared.find,
        *known.declared.parent_key,
        *known.taught,
        *(column.name for referred in children for column in referred),
    ]
    if known.declared.started_on is not None:
        names.append(known.declared.started_on)
    wanted = {it.name: it for it in (*known.key, *map(known.column, names))}
    query = select(*wanted.values()).where(condition).limit(most)
    for cells in connection.execute(query).mappings():
        key = tuple(cells[column.name] for column in known.key)
        yield FoundRow(known, key, dict(cells))
