"""
Delete and anonymise a person's rows in one transaction, child tables first.

Each statement's count is compared with the rows that were seen and locked immediately
before it: a trigger that keeps one of them back ends the transaction, and nothing of it
remains.  What a trigger changes besides, in other rows or tables, no count tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select, update

from connectors.sql.options import NULL, PSEUDONYM, Do
from connectors.sql.schema import Known, Schema
from connectors.sql.search import FoundRow, find_rows, parts, referred_by, with_keys
from connectors.sql.session import Undone
from connectors.sql.values import Key, Pseudonyms, key_of, label_of
from schemas.connecting import Item, ItemId, Work


@dataclass(frozen=True, slots=True)
class Changing:
    """What a change of one person's rows needs to know."""

    schema: Schema
    pseudonyms: Pseudonyms | None = field(repr=False)
    most: int

    def erase(self, connection: Connection, work: Work) -> bool:
        """
        Delete and anonymise the rows of *work*; tells whether any was still there.

        Raises `Undone` where the register, the database or another owner forbids it.
        """
        wanted = self._wanted(work.items)
        left = [
            (known, self._left(connection, known, wanted.get(known.label, [])))
            for known in reversed(self.schema.tables)
        ]
        # Only now that nobody can give a row away any more.
        theirs = self._theirs(connection, work)
        changed = False
        for known, rows in left:
            places = {(known.label, row.key) for row in rows}
            if theirs is not None and not places <= theirs:
                # Keys are used again: the row is somebody else's by now.
                raise Undone("owner_changed")
            if rows and known.declared.do is Do.RETAIN:
                raise Undone("kept_by_no_rule")
            changed = self._change(connection, known, rows) or changed
        for known in self.schema.tables:
            if self._left(connection, known, wanted.get(known.label, [])):
                raise Undone("rows_came_back")
        return changed

    def still_there(
        self, connection: Connection, items: Sequence[Item]
    ) -> tuple[tuple[ItemId, ...], bool]:
        """Return the items that are not gone, and whether rows remain at all."""
        left: set[tuple[str, Key]] = set()
        remains = False
        wanted = self._wanted(items)
        for label, keys in wanted.items():
            known = self.schema.known(label)
            if known is not None:
                rows = list(_rows(connection, self.schema, known, keys))
                remains = remains or bool(rows)
                left |= {(label, it.key) for it in rows if not self._is_done(it)}
        places = ((item, self._place(item)) for item in items)
        return tuple(item.id for item, at in places if at in left), remains

    def _theirs(
        self, connection: Connection, work: Work
    ) -> frozenset[tuple[str, Key]] | None:
        """
        Return the rows that are the person's now; nothing where nobody knows any more.

        What a law kept is erased when the person's identifiers are long forgotten.
        """
        if not work.identifiers:
            return None
        found = find_rows(connection, self.schema, work.identifiers, self.most)
        if found.is_more:
            raise Undone("too_many_rows")
        if found.is_shared:
            raise Undone("parent_key_shared")
        return frozenset((it.known.label, it.key) for it in found.rows)

    def _wanted(self, items: Sequence[Item]) -> Mapping[str, list[Key]]:
        """Return the keys by table; raises `Undone` for a name we never gave."""
        wanted: dict[str, list[Key]] = {}
        for item in items:
            place = self._place(item)
            if place is None:
                raise Undone("unknown_row")
            wanted.setdefault(place[0], []).append(place[1])
        return wanted

    def _place(self, item: Item) -> tuple[str, Key] | None:
        known = self.schema.known(label_of(item.reference))
        key = key_of(item.reference, known.key_kinds) if known else None
        return (known.label, key) if known and key is not None else None

    def _left(
        self, connection: Connection, known: Known, keys: Sequence[Key]
    ) -> list[FoundRow]:
        """Lock and return the rows that are still to change."""
        rows = _rows(connection, self.schema, known, keys, lock=True)
        return [row for row in rows if not self._is_done(row)]

    def _is_done(self, row: FoundRow) -> bool:
        """Tell whether a row that is there holds nothing of the person any more."""
        if row.known.declared.do is not Do.ANONYMISE:
            return False
        return all(
            self._is_changed(row.known, name, row.cells[name])
            for name in row.known.declared.columns
        )

    def _is_changed(self, known: Known, name: str, value: object) -> bool:
        match known.declared.columns[name]:
            case "null":
                return value is None
            case "pseudonym":
                is_ours = self.pseudonyms is not None and self.pseudonyms.is_ours
                return value is None or bool(is_ours and is_ours(str(value)))
            case _:
                return value == known.constant(name)

    def _change(
        self, connection: Connection, known: Known, rows: Sequence[FoundRow]
    ) -> bool:
        if not rows:
            return False
        keys = [row.key for row in rows]
        if known.declared.do is Do.DELETE:
            _check_nobody_refers(connection, self.schema, known, rows)
            affected = sum(
                connection.execute(
                    delete(known.table).where(with_keys(known.key, part))
                ).rowcount
                for part in parts(keys)
            )
        else:
            affected = sum(self._anonymise(connection, row) for row in rows)
        if affected != len(rows):
            raise Undone("other_rows_touched")
        return True

    def _anonymise(self, connection: Connection, row: FoundRow) -> int:
        """Write over the declared columns of one row."""
        known = row.known
        values = {
            name: self._instead(known, name, row.cells[name])
            for name in known.declared.columns
            if not self._is_changed(known, name, row.cells[name])
        }
        by_key = with_keys(known.key, [row.key])
        return connection.execute(
            update(known.table).where(by_key).values(values)
        ).rowcount

    def _instead(self, known: Known, name: str, value: object) -> object:
        change = known.declared.columns[name]
        if change == NULL:
            return None
        if change == PSEUDONYM and self.pseudonyms is not None:
            return self.pseudonyms.of(str(value))
        return known.constant(name)


def _rows(
    connection: Connection,
    schema: Schema,
    known: Known,
    keys: Sequence[Key],
    *,
    lock: bool = False,
) -> Iterator[FoundRow]:
    """Yield the rows of *keys* that are there; *lock* keeps them as they are."""
    children = (it.referred for it in schema.children(known))
    names = [
        *known.declared.columns,
        *(column.name for referred in children for column in referred),
    ]
    wanted = {it.name: it for it in (*known.key, *map(known.column, names))}
    for part in parts(keys):
        query = select(*wanted.values()).where(with_keys(known.key, part))
        query = query.with_for_update() if lock else query
        for cells in connection.execute(query).mappings():
            key = tuple(cells[column.name] for column in known.key)
            yield FoundRow(known, key, dict(cells))


def _check_nobody_refers(
    connection: Connection, schema: Schema, known: Known, rows: Sequence[FoundRow]
) -> None:
    """Refuse to delete what rows that stay refer to: they are kept, or came since."""
    for child in schema.children(known):
        for part in parts(referred_by(child, rows)):
            query = select(func.count()).where(with_keys(child.parent_key, part))
            if connection.execute(query.select_from(child.table)).scalar_one():
                raise Undone("rows_still_refer")
