"""What the register declares of a database: its tables, and what becomes of a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.base import ConnectorSpec, IdentifierType, Options, Provenance
from connectors.durations import Duration
from schemas.connecting import OpenReason
from schemas.kept_fields import KeptField

DSN, PSEUDONYM_KEY = "dsn", "pseudonym_key"
NULL, PSEUDONYM, CONSTANT = "null", "pseudonym", "constant:"

_WORD = r"^[a-z][a-z0-9_-]{0,62}$"


def _listed(value: object) -> object:
    """Take one column's name for a list of one."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=128)]
Label = Annotated[str, Field(pattern=_WORD)]
Columns = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
Values = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
    BeforeValidator(_listed),
    Field(min_length=1),
]
Change = Annotated[str, Field(pattern=r"^(null|pseudonym|constant:.{0,200})$")]


class Do(StrEnum):
    """What becomes of a person's rows of one table."""

    DELETE = "delete"
    ANONYMISE = "anonymise"
    RETAIN = "retain"


class SqlTable(BaseModel):
    """One table: how its rows are found and named, and what becomes of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[^.]{1,128}(\.[^.]{1,128})?$")] | None = None
    key: Columns = Field(min_length=1)
    find: Mapping[Name, IdentifierType] = {}
    parent: Label | None = None
    parent_key: Columns = ()
    refers_to: Columns = ()
    record_class: Label
    do: Do
    columns: Mapping[Name, Change] = {}
    fields: Mapping[Name, KeptField] = {}
    restricted_at: Name | None = None
    open_when: Mapping[Name, Values] = Field(default={}, max_length=1)
    open_as: OpenReason = "order_open"
    started_on: Name | None = None
    export: Columns | None = None
    provenance: Provenance = Provenance.OBSERVED

    @model_validator(mode="after")
    def _is_whole(self) -> SqlTable:
        """Refuse a table whose rows cannot be found, or are found after all."""
        if not self.find and self.parent is None:
            raise ValueError("a table has columns to find by, or a parent")
        if bool(self.parent_key) is (self.parent is None):
            raise ValueError("parent and parent_key go together")
        if self.refers_to and len(self.refers_to) != len(self.parent_key):
            raise ValueError("parent_key and refers_to have as many columns each")
        self._check_columns()
        return self

    def _check_columns(self) -> None:
        """Refuse columns that nothing is done with, or by which a row stays known."""
        is_anonymised = self.do is Do.ANONYMISE
        if bool(self.columns) is not (is_anonymised or bool(self.fields)):
            raise ValueError("columns say how to anonymise or reduce, and only that")
        if is_anonymised and not self.find.keys() <= self.columns.keys():
            raise ValueError("a row is found again by a column that is not anonymised")
        if not self.columns.keys().isdisjoint(self.key):
            raise ValueError("a key names its row and is not anonymised")
        if not self.fields.keys() <= self.columns.keys():
            raise ValueError("fields say what columns hold that can be written over")
        if self.restricted_at is not None and self.restricted_at in self.columns:
            raise ValueError("restricted_at is a column of its own")

    def not_needed(self, needed: Collection[KeptField]) -> tuple[str, ...]:
        """Return the columns to write over in a kept row of which a law needs some."""
        if not needed or not self.fields:
            return ()
        return tuple(it for it in self.columns if self.fields.get(it) not in needed)


class SqlOptions(Options):
    """
    What the register may set for one database.

    `yields` maps `table.column` to the identifier type that the column holds.
    """

    tables: Mapping[Label, SqlTable] = Field(min_length=1)
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    exclusive: tuple[IdentifierType, ...] = (IdentifierType("customer_id"),)
    timeout: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))

    @model_validator(mode="after")
    def _tables_fit(self) -> SqlOptions:
        """Refuse parents that are not there, circles, and orphans to be."""
        for label, table in self.tables.items():
            path = list(self._upwards(label))
            parent = self.tables.get(table.parent or "")
            if table.parent is not None and parent is None:
                raise ValueError("the parent of a table is another table")
            if path[-1] == label and len(path) > 1:
                raise ValueError("the parents of the tables go in a circle")
            if parent is not None and _orphans(table, parent):
                raise ValueError("a table is deleted while rows that stay refer to it")
            if parent is not None and len(table.parent_key) != len(
                table.refers_to or parent.key
            ):
                raise ValueError("parent_key has as many columns as what it refers to")
        if any(name.partition(".")[0] not in self.tables for name in self.yields):
            raise ValueError("yields name table.column of a table that is declared")
        return self

    def _upwards(self, label: str) -> Iterator[str]:
        """Yield *label* and its parents, each once and the first of a circle again."""
        seen: list[str] = []
        at: str | None = label
        while at is not None and at in self.tables:
            yield at
            if at in seen:
                return
            seen.append(at)
            at = self.tables[at].parent

    @property
    def order(self) -> tuple[str, ...]:
        """The labels of the tables, parents first."""
        return tuple(
            sorted(self.tables, key=lambda label: len(list(self._upwards(label))))
        )

    def declared(self, spec: ConnectorSpec) -> ConnectorSpec:
        """Say what this database can be searched by, holds, and wants to know."""
        tables = self.tables.values()
        changes = [change for table in tables for change in table.columns.values()]
        classes = {table.record_class for table in tables}
        whole = {table.record_class for table in tables if not table.fields}
        unmarked = {it.record_class for it in tables if it.restricted_at is None}
        secrets = (DSN, PSEUDONYM_KEY) if PSEUDONYM in changes else (DSN,)
        return replace(
            spec,
            accepts=frozenset(
                type_ for table in tables for type_ in table.find.values()
            ),
            record_classes=frozenset(classes),
            reduces=frozenset(classes - whole),
            restricts=frozenset(classes - unmarked),
            own_secrets=secrets,
        )


def _orphans(table: SqlTable, parent: SqlTable) -> bool:
    """Tell whether rows of *table* would go on referring to deleted ones."""
    match table.do:
        case Do.DELETE:
            return parent.do is Do.DELETE and bool(table.open_when)
        case Do.RETAIN:
            return parent.do is Do.DELETE
        case Do.ANONYMISE:
            unlinked = set(table.parent_key) & table.columns.keys()
            return parent.do is Do.DELETE and not unlinked
