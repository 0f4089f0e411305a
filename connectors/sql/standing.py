"""Which rows are of something that is not over: an order, and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from connectors.sql.schema import AnyColumn, Known, Schema
from connectors.sql.search import FoundRow, parts, with_keys
from connectors.sql.values import Key
from schemas.connecting import OpenReason


@dataclass(frozen=True, slots=True)
class Standing:
    """Looks at rows, and from them up to what they belong to."""

    connection: Connection
    schema: Schema

    def open_of(self, known: Known, rows: Sequence[FoundRow]) -> dict[Key, OpenReason]:
        """Return why rows are open: by themselves, or as parts of an open one."""
        says, values = (*known.declared.open_when,), known.open_values
        found = {
            row.key: known.declared.open_as
            for row in rows
            if any(row.cells[name] in values for name in says)
        }
        parent = self.schema.known(known.declared.parent or "")
        if parent is None or not self._may_be_open(parent):
            return found
        referring = {row.key: _cells(row, known.parent_key) for row in rows}
        above = self._above(known, parent, [it for it in referring.values() if it])
        open_above = self.open_of(parent, above)
        reasons = {
            _cells(row, known.referred): open_above[row.key]
            for row in above
            if row.key in open_above
        }
        below = {key: reasons[to] for key, to in referring.items() if to in reasons}
        return {**below, **found}

    def _may_be_open(self, known: Known) -> bool:
        """Tell whether the register says when rows there, or above, are open."""
        parent = self.schema.known(known.declared.parent or "")
        above = parent is not None and self._may_be_open(parent)
        return bool(known.declared.open_when) or above

    def _above(
        self, known: Known, parent: Known, wanted: Sequence[Key]
    ) -> list[FoundRow]:
        """Read the rows that rows of *known* belong to."""
        names = (*parent.declared.open_when,)
        columns: tuple[AnyColumn, ...] = (
            *parent.key,
            *parent.parent_key,
            *known.referred,
            *map(parent.column, names),
        )
        once = {it.name: it for it in columns}
        found: list[FoundRow] = []
        for part in parts(list(dict.fromkeys(wanted))):
            query = select(*once.values()).where(with_keys(known.referred, part))
            for cells in self.connection.execute(query).mappings():
                key = tuple(cells[column.name] for column in parent.key)
                found.append(FoundRow(parent, key, dict(cells)))
        return found


def _cells(row: FoundRow, columns: Sequence[AnyColumn]) -> Key:
    """Return what *row* has in *columns*; nothing where one of them is NULL."""
    cells = tuple(row.cells[column.name] for column in columns)
    return () if None in cells else cells
