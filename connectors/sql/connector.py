"""
A database of one's own: declared tables, found from the top, erased from the bottom.

No vendor: SQL through SQLAlchemy 2 (https://docs.sqlalchemy.org/en/20/core/, read
2026-11), tested on PostgreSQL and SQLite.  An item is one row, so that a law keeps
rows by their own date.  One person's rows change in one transaction; what the database
says is never the proof: another transaction looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, TypeVar

from sqlalchemy import Connection, select, text

from connectors.base import (
    Absent,
    Action,
    Ambiguous,
    Api,
    Candidate,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Failed,
    Finding,
    Installation,
    Item,
    ItemId,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Options,
    Person,
    Present,
    Proof,
    Rate,
    ReadBack,
    Redacted,
    Replay,
    Reply,
    Row,
    Sink,
    StillOpen,
    TaskId,
    Work,
)
from connectors.sql.change import Changing, Erased
from connectors.sql.options import DSN, PSEUDONYM_KEY, Do, SqlOptions
from connectors.sql.schema import Known, Schema, read_schema
from connectors.sql.search import (
    FoundRow,
    FoundRows,
    below,
    find_rows,
    is_searchable,
    parts,
    with_keys,
)
from connectors.sql.session import Session, Undone
from connectors.sql.values import Key, Pseudonyms, as_json, key_of, label_of, reference
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, Deed, NoAuth

T = TypeVar("T")


class Sql(OneAtATime):
    """Find, copy, delete and anonymise the rows of one database."""

    options: ClassVar[type[Options]] = SqlOptions
    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="sql",
        version="1",
        vendor="A database of one's own",
        source="https://docs.sqlalchemy.org/en/20/core/, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        # The account's tables decide (`SqlOptions.declared`); these are the usual.
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID}),
        yields=frozenset(),
        operations=MappingProxyType({}),
        deeds=MappingProxyType(
            {"read_rows": Deed(Effect.READ), "change_rows": Deed(Effect.WRITE)}
        ),
        auth=NoAuth(),
        own_secrets=(DSN, PSEUDONYM_KEY),
        rates=(Rate(20, timedelta(seconds=1)),),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(0),
        record_classes=frozenset({"customer_account", "invoice", "order"}),
        concurrency=4,
    )

    def __init__(self, api: Api, options: SqlOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._schema: Schema | None = None
        # Threads of its own: a database that hangs keeps nobody else waiting.
        self._threads = ThreadPoolExecutor(self.spec.concurrency, "sql")
        self._session = Session(
            lambda: api.secret(DSN), options.timeout, api.allows_plain
        )

    async def ping(self) -> Installation:
        """Compare the tables with the register, and ask the database for its name."""
        self._schema = None

        def look(connection: Connection, _schema: Schema) -> Installation:
            return Installation(_own_name(connection))

        return await self._read(look)

    async def locate_one(self, person: Person) -> Finding:
        """Find the person's rows; too many, or two people's, stop for a person."""

        def look(connection: Connection, schema: Schema) -> Finding:
            if not is_searchable(schema, person.identifiers):
                return NotApplicable("no_identifier")
            most = self._settings.max_rows
            found = find_rows(connection, schema, person.identifiers, most)
            return self._finding(person, schema, found)

        return await self._read(look)

    async def erase_one(self, work: Work) -> Reply:
        """Delete and anonymise the rows in one transaction, or none of them."""

        def change(connection: Connection, schema: Schema) -> Erased:
            return self._changing(schema).erase(connection, work)

        refused: Undone
        try:
            erased = await self._write(change)
        except Undone as error:
            refused = error
        else:
            return self._said(work, erased)
        return NeedsHuman(refused.code)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for the rows in a transaction of its own."""

        def look(connection: Connection, schema: Schema) -> ReadBack:
            left, remains = self._changing(schema).still_there(connection, work)
            if left:
                return Present(left)
            return Redacted() if remains else Absent()

        return await self._read(look)

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write the rows as JSON, table by table, in parts that fit in memory."""
        rows = 0
        for label, items in _by_table(work.items).items():
            for start in range(0, len(items), _PART):
                for row in await self._copied(label, items[start : start + _PART]):
                    await sink.write(row)
                    rows += 1
        return Exported(rows)

    # --- the parts ----------------------------------------------------------------

    async def _copied(self, label: str, items: Sequence[Item]) -> Sequence[Row]:
        """Read some rows of one table."""

        def look(connection: Connection, schema: Schema) -> Sequence[Row]:
            known = schema.known(label)
            return list(_rows(connection, known, items)) if known else []

        return await self._read(look)

    def _finding(self, person: Person, schema: Schema, found: FoundRows) -> Finding:
        if found.is_more:
            most = self._settings.max_rows
            return Failed(
                "too_many_rows",
                f"More than max_rows = {most} rows ({found.counts(schema)}); look why "
                "one person has so many, then raise it in the register.",
            )
        if not found.rows:
            return NothingFound()
        if found.is_shared:
            return NeedsHuman("parent_key_shared")
        if any(None in row.key for row in found.rows):
            return NeedsHuman("row_without_key")
        if self._are_two_people(person, found):
            return Ambiguous(tuple(self._candidates(person, found)))
        known = {(it.type, it.value.lower()) for it in person.identifiers}
        learned = dict.fromkeys(
            it
            for row in found.rows
            for it in row.carried()
            if row.known.taught and (it.type, it.value.lower()) not in known
        )
        items = tuple(_item(person.task, row) for row in found.rows)
        return Located(items, tuple(learned))

    def _are_two_people(self, person: Person, found: FoundRows) -> bool:
        """Tell whether rows carry two values of an identifier that one person has."""
        for kind in self._settings.exclusive:
            verified = {it.value for it in person.identifiers if it.type == kind}
            carried = {
                it.value
                for row in found.rows
                if row.known.declared.find
                for it in row.carried()
                if it.type == kind
            }
            strangers = carried - verified
            if strangers and (verified or len(strangers) > 1):
                return True
        return False

    def _candidates(self, person: Person, found: FoundRows) -> Iterator[Candidate]:
        """Yield what belongs together: a row found by itself and all below it."""
        taken: list[FoundRow] = []
        for row in found.rows:
            if row.known.declared.find and row not in taken:
                together = below(row, found.rows)
                taken += together
                told = ", ".join(it.value for it in row.carried())
                yield Candidate(
                    items=tuple(_item(person.task, it) for it in together),
                    label=f"{row.known.label}: {told}",
                    learned=tuple(row.carried()),
                )

    def _said(self, work: Work, erased: Erased) -> Reply:
        """Say what became of the rows; open ones are left for another day."""
        if erased.reason is not None:
            left = erased.left_open
            done = tuple(item.id for item in work.items if item.id not in left)
            return StillOpen(left, erased.reason, done)
        return self._done(work) if erased.changed else NothingFound()

    def _done(self, work: Work) -> Done:
        labels = {label_of(item.reference) for item in work.items}
        changed = {self._settings.tables[it].do for it in labels}
        is_kept = Do.ANONYMISE in changed or bool(work.keep)
        return Done("redacted" if is_kept else "deleted", Evidence.E2)

    def _changing(self, schema: Schema) -> Changing:
        needed = PSEUDONYM_KEY in self._settings.declared(self.spec).own_secrets
        names = Pseudonyms(self._api.secret(PSEUDONYM_KEY)) if needed else None
        return Changing(schema, names, self._settings.max_rows)

    async def _read(self, work: Callable[[Connection, Schema], T]) -> T:
        async with self._api.guard("read_rows"):
            return await self._in_thread(self._session.read, work)

    async def _write(self, work: Callable[[Connection, Schema], T]) -> T:
        async with self._api.guard("change_rows"):
            return await self._in_thread(self._session.write, work)

    async def _in_thread(
        self,
        run: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection, Schema], T],
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, run, self._knowing(work))

    def _knowing(
        self, work: Callable[[Connection, Schema], T]
    ) -> Callable[[Connection], T]:
        """Give *work* the schema, which is read once and again at each ping."""

        def step(connection: Connection) -> T:
            if self._schema is None:
                self._schema = read_schema(connection, self._settings)
            return work(connection, self._schema)

        return step


_PART = 500


def _own_name(connection: Connection) -> str:
    """
    Return the database's name and its cluster's, whatever address it was reached at.

    A cluster without a name of its own has an identifier that it was made with; where
    we may not ask for that, the database's name must do.
    """
    if connection.dialect.name == "sqlite":
        main = text("SELECT file FROM pragma_database_list WHERE name = 'main'")
        return str(connection.execute(main).scalar_one()).rpartition("/")[2]
    query = text(
        "SELECT current_database(), current_setting('cluster_name'),"
        " has_function_privilege('pg_control_system()', 'execute')"
    )
    name, cluster, may_ask = connection.execute(query).one()
    if not cluster and may_ask:
        query = text("SELECT system_identifier FROM pg_control_system()")
        cluster = connection.execute(query).scalar_one()
    return f"{name}@{cluster}" if cluster else str(name)


def _item(task: TaskId, row: FoundRow) -> Item:
    name = reference(row.known.label, row.key)
    return Item(
        id=ItemId(sha256(f"{task}\0{name}".encode()).hexdigest()),
        reference=name,
        kind=row.known.label,
        record_class=row.known.declared.record_class,
        started_on=row.started_on,
    )


def _by_table(items: Sequence[Item]) -> dict[str, list[Item]]:
    by_table: dict[str, list[Item]] = {}
    for item in items:
        by_table.setdefault(label_of(item.reference), []).append(item)
    return by_table


def _rows(connection: Connection, known: Known, items: Sequence[Item]) -> Iterator[Row]:
    """Yield the rows of *items* that are there, each bound to its item."""
    named: dict[Key, str] = {}
    for item in items:
        key = key_of(item.reference, known.key_kinds)
        if key is not None:
            named[key] = item.reference
    shown = [known.column(it) for it in known.declared.export or ()]
    columns = shown or list(known.table.columns)
    wanted = {it.name: it for it in (*known.key, *columns)}
    for part in parts(list(named)):
        query = select(*wanted.values()).where(with_keys(known.key, part))
        for cells in connection.execute(query).mappings():
            key = tuple(cells[column.name] for column in known.key)
            yield Row(
                category=known.label,
                provenance=known.declared.provenance,
                subject=named[key],
                data={it.name: as_json(cells[it.name]) for it in columns},
            )
