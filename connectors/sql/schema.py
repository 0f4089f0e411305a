"""
The declared tables as the database has them; whatever does not fit is refused.

Sentences name tables and columns as the register does, and nothing that a row holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Column, Connection, Inspector, MetaData, Table, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

from connectors.errors import NotSetUp
from connectors.sql.options import (
    CONSTANT,
    NULL,
    PSEUDONYM,
    Do,
    SqlOptions,
    SqlTable,
)
from connectors.sql.values import (
    FOUND_BY,
    KEY_TYPES,
    PSEUDONYM_LENGTH,
    column_value,
)

_FOLLOWS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})
_SYSTEM = ("information_schema", "pg_")

AnyColumn = Column[object]


@dataclass(frozen=True, slots=True)
class Known:
    """One declared table, with the columns that its declaration names."""

    label: str
    declared: SqlTable
    table: Table
    key: tuple[AnyColumn, ...]
    parent_key: tuple[AnyColumn, ...]
    referred: tuple[AnyColumn, ...]  # what the parent of `parent_key` has for it
    is_shared: bool  # whether several rows of the parent may have the same there
    taught: Mapping[str, str]  # column to identifier type

    @property
    def key_kinds(self) -> tuple[type, ...]:
        """The Python types of the key's columns."""
        return tuple(kind_of(column) or object for column in self.key)

    def column(self, name: str) -> AnyColumn:
        """Return a column that was checked to be there."""
        return self.table.columns[name]

    @property
    def open_values(self) -> frozenset[object]:
        """What the column of `open_when` holds of rows that are not over."""
        return frozenset(
            column_value(kind_of(self.column(name)) or object, told)
            for name, values in self.declared.open_when.items()
            for told in values
        )

    def constant(self, name: str) -> object:
        """Return the constant that stands for a column's value."""
        told = self.declared.columns[name].removeprefix(CONSTANT)
        return column_value(kind_of(self.column(name)) or object, told)


@dataclass(frozen=True, slots=True)
class Schema:
    """All declared tables, parents first."""

    tables: tuple[Known, ...]

    def known(self, label: str) -> Known | None:
        """Return one table by its label."""
        return next((it for it in self.tables if it.label == label), None)

    def children(self, known: Known) -> Iterator[Known]:
        """Yield the tables whose rows belong to rows of *known*."""
        for it in self.tables:
            if it.declared.parent == known.label:
                yield it


def read_schema(connection: Connection, options: SqlOptions) -> Schema:
    """Compare the register with the database; raises `NotSetUp` with a sentence."""
    inspector = inspect(connection)
    tables: dict[str, Known] = {}
    for label in options.order:
        declared = options.tables[label]
        table = _table(connection, inspector, label, declared)
        parent = tables.get(declared.parent or "")
        known = _known(label, declared, table, parent, options)
        if parent is not None:
            names = {column.name for column in known.referred}
            shared = not _is_unique(inspector, parent.table, names)
            known = replace(known, is_shared=shared)
        tables[label] = known
        _check_key(inspector, known)
        _check_changes(tables[label])
        _check_marks(tables[label])
    schema = Schema(tuple(tables.values()))
    _check_nothing_follows(connection, inspector, schema)
    return schema


def kind_of(column: AnyColumn) -> type | None:
    """Return the Python type of a column, or nothing for a stranger."""
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _table(
    connection: Connection, inspector: Inspector, label: str, declared: SqlTable
) -> Table:
    schema, _, name = (declared.name or label).rpartition(".")
    if not inspector.has_table(name, schema=schema or None):
        raise NotSetUp(f"{label}: there is no table {declared.name or label}")
    return Table(
        name,
        MetaData(),
        schema=schema or None,
        autoload_with=connection,
        resolve_fks=False,
    )


def _known(
    label: str,
    declared: SqlTable,
    table: Table,
    parent: Known | None,
    options: SqlOptions,
) -> Known:
    """Look every column up that the declaration names."""
    for name, kind in declared.find.items():
        column = _column(label, table, name)
        if kind_of(column) not in FOUND_BY:
            raise NotSetUp(f"{label}: {name} holds no text or number to find {kind} by")
    for name in (*declared.columns, *(declared.export or ())):
        _column(label, table, name)
    for said in (declared.started_on, declared.restricted_at, *declared.open_when):
        if said is not None:
            _column(label, table, said)
    referred: tuple[AnyColumn, ...] = ()
    if parent is not None:
        names = declared.refers_to or parent.declared.key
        referred = tuple(_column(parent.label, parent.table, it) for it in names)
    places = (name.partition(".") for name in options.yields)
    taught = {
        _column(label, table, column).name: options.yields[f"{of}.{column}"]
        for of, _, column in places
        if of == label
    }
    return Known(
        label=label,
        declared=declared,
        table=table,
        key=tuple(_column(label, table, name) for name in declared.key),
        parent_key=tuple(_column(label, table, it) for it in declared.parent_key),
        referred=referred,
        is_shared=False,
        taught=taught,
    )


def _column(label: str, table: Table, name: str) -> AnyColumn:
    if name not in table.columns:
        raise NotSetUp(f"{label}: the table {table.fullname} has no column {name}")
    return table.columns[name]


def _check_key(inspector: Inspector, known: Known) -> None:
    """Refuse a key that several rows may share: they need not be one person's."""
    if any(kind not in KEY_TYPES for kind in known.key_kinds):
        raise NotSetUp(f"{known.label}: a key column is of a type that names no row")
    if not _is_unique(inspector, known.table, set(known.declared.key)):
        raise NotSetUp(
            f"{known.label}: {', '.join(known.declared.key)} is not unique in "
            f"{known.table.fullname}, so other people's rows could share it"
        )


def _is_unique(inspector: Inspector, table: Table, names: Collection[str]) -> bool:
    """Tell whether no two rows can have the same in the columns of these *names*."""
    name, schema = table.name, table.schema
    unique = [inspector.get_pk_constraint(name, schema)["constrained_columns"]]
    unique += [
        it["column_names"] for it in inspector.get_unique_constraints(name, schema)
    ]
    unique += [
        [str(column) for column in it["column_names"]]
        for it in inspector.get_indexes(name, schema)
        if it["unique"] and not _is_partial(it)
    ]
    return any(it and set(it) <= set(names) for it in unique)


def _is_partial(index: ReflectedIndex) -> bool:
    """Tell whether an index covers some of the rows only."""
    return any(name.endswith("_where") for name in index.get("dialect_options", {}))


def _check_changes(known: Known) -> None:
    """Refuse changes that the columns would not take."""
    for name, change in known.declared.columns.items():
        column = known.column(name)
        told = f"{known.label}: {name} cannot become {change}"
        if change == NULL:
            if not column.nullable:
                raise NotSetUp(f"{told}: it takes no NULL")
        elif change == PSEUDONYM:
            length = getattr(column.type, "length", None)
            if kind_of(column) is not str or (length or 999) < PSEUDONYM_LENGTH:
                raise NotSetUp(f"{told}: it needs {PSEUDONYM_LENGTH} characters")
        elif known.constant(name) is None:
            raise NotSetUp(f"{told}: its type does not take that")


def _check_marks(known: Known) -> None:
    """Refuse a mark that the column would not take, or a value it cannot hold."""
    name = known.declared.restricted_at
    column = known.column(name) if name is not None else None
    if column is not None and (
        kind_of(column) not in {date, datetime} or not column.nullable
    ):
        raise NotSetUp(
            f"{known.label}: {name} cannot say when a row was restricted; it takes a"
            " date or a time, and NULL"
        )
    if None in known.open_values:
        (told,) = known.declared.open_when
        raise NotSetUp(f"{known.label}: {told} cannot hold what open_when says")


@dataclass(frozen=True, slots=True)
class _Link:
    """A foreign key of the database; everything is named in small letters."""

    child: tuple[str, str]  # schema and name
    columns: frozenset[str]  # of the child
    parent: tuple[str, str]
    on_delete: str


def _check_nothing_follows(
    connection: Connection, inspector: Inspector, schema: Schema
) -> None:
    """Refuse deletions that the database would carry on to rows nobody declared."""
    default = inspector.default_schema_name
    deleted = {
        _place(it.table.schema or default, it.table.name): it
        for it in schema.tables
        if it.declared.do is Do.DELETE
    }
    if not deleted:
        return
    for link in _links(connection, inspector):
        known = deleted.get(link.parent) if link.on_delete in _FOLLOWS else None
        if known is not None and not any(
            _is_declared(link, child, default) for child in schema.children(known)
        ):
            child = link.child[1]
            columns = ", ".join(sorted(link.columns))
            raise NotSetUp(
                f"{known.label}: deleting its rows changes rows of {child} too "
                f"(ON DELETE of {columns}); declare {child} as a table with it as "
                "parent and just that parent_key"
            )


def _is_declared(link: _Link, child: Known, default: str | None) -> bool:
    """Tell whether a foreign key is the one that the register declares of *child*."""
    table = child.table
    columns = {column.name.lower() for column in child.parent_key}
    place = _place(table.schema or default, table.name)
    return link.child == place and link.columns == columns


def _links(connection: Connection, inspector: Inspector) -> Iterator[_Link]:
    """Yield every foreign key of the database."""
    default = inspector.default_schema_name
    if connection.dialect.name == "sqlite":
        for name in inspector.get_table_names():
            yield from _links_of(connection, default, name)
        return
    for schema in inspector.get_schema_names():
        if schema.startswith(_SYSTEM):
            continue
        for (_, name), keys in inspector.get_multi_foreign_keys(schema=schema).items():
            for key in keys:
                yield _Link(
                    _place(schema, name),
                    frozenset(it.lower() for it in key["constrained_columns"]),
                    _place(key["referred_schema"] or default, key["referred_table"]),
                    str(key["options"].get("ondelete") or "").upper(),
                )


def _links_of(connection: Connection, schema: str | None, name: str) -> Iterator[_Link]:
    """Yield a SQLite table's links: reflection misses actions of inline ones."""
    query = text(
        'SELECT id, "table", "from", on_delete FROM pragma_foreign_key_list(:name)'
    )
    columns: dict[int, set[str]] = {}
    ends: dict[int, tuple[str, str]] = {}
    for id_, parent, column, on_delete in connection.execute(query, {"name": name}):
        columns.setdefault(id_, set()).add(column.lower())
        ends[id_] = (parent, on_delete.upper())
    for id_, (parent, on_delete) in ends.items():
        child, place = _place(schema, name), _place(schema, parent)
        yield _Link(child, frozenset(columns[id_]), place, on_delete)


def _place(schema: str | None, name: str) -> tuple[str, str]:
    return (schema or "").lower(), name.lower()
