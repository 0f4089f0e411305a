"""
Delete and anonymise a person's rows in one transaction, child tables first.

Each statement's count is compared with the rows that were seen and locked immediately
before it: a trigger that keeps one of them back ends the transaction, and nothing of it
remains.  What a trigger changes besides, in other rows or tables, no count tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, delete, func, select, update

from connectors.sql.options import NULL, PSEUDONYM, Do
from connectors.sql.schema import Known, Schema, kind_of
from connectors.sql.search import FoundRow, find_rows, parts, referred_by, with_keys
from connectors.sql.session import Undone
from connectors.sql.standing import Standing
from connectors.sql.values import Key, Pseudonyms, key_of, label_of
from schemas.connecting import Item, ItemId, OpenReason, Work
from schemas.kept_fields import KeptField

Place = tuple[str, Key]
Keep = Mapping[Place, frozenset[KeptField]]


@dataclass(frozen=True, slots=True)
class Erased:
    """Whether any row was changed, and the items that are of something open."""

    changed: bool
    left_open: tuple[ItemId, ...] = ()
    reason: OpenReason | None = None


@dataclass(frozen=True, slots=True)
class Changing:
    """What a change of one person's rows needs to know."""

    schema: Schema
    pseudonyms: Pseudonyms | None = field(repr=False)
    most: int

    def erase(self, connection: Connection, work: Work) -> Erased:
        """
        Delete, anonymise and reduce the rows of *work*, all but those that are open.

        Raises `Undone` where the register, the database or another owner forbids it.
        """
        wanted, keep = self._wanted(work.items), self._keep(work)
        left = [
            (known, self._left(connection, known, wanted.get(known.label, []), keep))
            for known in reversed(self.schema.tables)
        ]
        # Only now that nobody can give a row away any more.
        theirs = self._theirs(connection, work)
        for known, rows in left:
            places = {(known.label, row.key) for row in rows}
            if theirs is not None and not places <= theirs:
                # Keys are used again: the row is somebody else's by now.
                raise Undone("owner_changed")
        stands = self._open(connection, left)
        changed = False
        for known, rows in left:
            own = [row for row in rows if (known.label, row.key) not in stands]
            changed = self._change(connection, known, own, keep) or changed
        for known in self.schema.tables:
            keys = wanted.get(known.label, [])
            keys = [key for key in keys if (known.label, key) not in stands]
            if self._left(connection, known, keys, keep):
                raise Undone("rows_came_back")
        open_ = [item.id for item in work.items if self._place(item) in stands]
        return Erased(changed, tuple(open_), next(iter(stands.values()), None))

    def still_there(
        self, connection: Connection, work: Work
    ) -> tuple[tuple[ItemId, ...], bool]:
        """Return the items that are not gone, and whether rows remain for no law."""
        left: set[Place] = set()
        remains = False
        wanted, keep = self._wanted(work.items), self._keep(work)
        for label, keys in wanted.items():
            known = self.schema.known(label)
            if known is not None:
                rows = list(_rows(connection, self.schema, known, keys))
                remains = remains or any((label, it.key) not in keep for it in rows)
                left |= {(label, it.key) for it in rows if not self._is_done(it, keep)}
        places = ((item, self._place(item)) for item in work.items)
        return tuple(item.id for item, at in places if at in left), remains

    def _open(
        self,
        connection: Connection,
        left: Sequence[tuple[Known, Sequence[FoundRow]]],
    ) -> Mapping[Place, OpenReason]:
        """Return the rows that are of something open, and of what."""
        standing = Standing(connection, self.schema)
        return {
            (known.label, key): reason
            for known, rows in left
            for key, reason in standing.open_of(known, rows).items()
        }

    def _keep(self, work: Work) -> Keep:
        """Return the rows that a law keeps, and what it needs of each."""
        places = ((self._place(item), item.id) for item in work.items)
        return {at: work.keep[id_] for at, id_ in places if at and id_ in work.keep}

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
        self, connection: Connection, known: Known, keys: Sequence[Key], keep: Keep
    ) -> list[FoundRow]:
        """Lock and return the rows that are still to change."""
        rows = _rows(connection, self.schema, known, keys, lock=True)
        return [row for row in rows if not self._is_done(row, keep)]

    def _is_done(self, row: FoundRow, keep: Keep) -> bool:
        """Tell whether a row holds nothing of the person that no law needs."""
        declared = row.known.declared
        needed = keep.get((row.known.label, row.key))
        if needed is None and declared.do is not Do.ANONYMISE:
            return False
        if needed is not None and not _is_marked(row):
            return False
        names = declared.columns if needed is None else declared.not_needed(needed)
        return all(self._is_changed(row.known, name, row.cells[name]) for name in names)

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
        self, connection: Connection, known: Known, all_: Sequence[FoundRow], keep: Keep
    ) -> bool:
        """Reduce the rows that a law keeps, and do with the others as declared."""
        if not all_:
            return False
        kept = [row for row in all_ if (known.label, row.key) in keep]
        rows = [row for row in all_ if row not in kept]
        reduced = sum(self._reduce(connection, row, keep) for row in kept)
        if reduced != len(kept) or self._erase(connection, known, rows) != len(rows):
            raise Undone("other_rows_touched")
        return True

    def _erase(
        self, connection: Connection, known: Known, rows: Sequence[FoundRow]
    ) -> int:
        """Return how many rows were deleted or anonymised."""
        if rows and known.declared.do is Do.RETAIN:
            raise Undone("kept_by_no_rule")
        keys = [row.key for row in rows]
        if known.declared.do is Do.DELETE:
            _check_nobody_refers(connection, self.schema, known, rows)
            return sum(
                connection.execute(
                    delete(known.table).where(with_keys(known.key, part))
                ).rowcount
                for part in parts(keys)
            )
        return sum(
            self._write_over(connection, row, known.declared.columns) for row in rows
        )

    def _reduce(self, connection: Connection, row: FoundRow, keep: Keep) -> int:
        """Write over what the law does not need of one row, and mark it."""
        needed = keep[row.known.label, row.key]
        names = row.known.declared.not_needed(needed)
        return self._write_over(connection, row, names, mark=not _is_marked(row))

    def _write_over(
        self,
        connection: Connection,
        row: FoundRow,
        names: Collection[str],
        *,
        mark: bool = False,
    ) -> int:
        """Write over some columns of one row."""
        known = row.known
        values = {
            name: self._instead(known, name, row.cells[name])
            for name in names
            if not self._is_changed(known, name, row.cells[name])
        }
        if mark and known.declared.restricted_at is not None:
            name = known.declared.restricted_at
            is_day = kind_of(known.column(name)) is date
            values[name] = func.current_date() if is_day else func.current_timestamp()
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


def _is_marked(row: FoundRow) -> bool:
    """Tell whether a row says that it is restricted, where its table can say so."""
    name = row.known.declared.restricted_at
    return name is None or row.cells[name] is not None


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
    declared = known.declared
    names = [
        *declared.columns,
        *declared.parent_key,
        *declared.open_when,
        *([declared.restricted_at] if declared.restricted_at else []),
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
