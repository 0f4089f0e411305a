"""
Statements that were published, and that no archive has: who let them go, and when.

Two different people end the hold of a restored backup without them, each after having
been shown the same list within a day.  Their ruling stays, beside the log.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from orchestrator.adapters.receipts.log_book import Checked
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.lost_tables import lost_statements as table
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.people import is_same_person
from orchestrator.core.words import CaseId
from orchestrator.errors import NotPossible

DAY = timedelta(days=1)
SHOWN = "shown"
RELEASED = "released"
_OPEN = ("received", "running")


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry of the published log whose statement nobody has."""

    number: int
    statement_id: str
    leaf: str
    published_at: datetime

    @property
    def case(self) -> str:
        """The case that it was a statement of."""
        return self.statement_id.rpartition("-")[0]

    @property
    def number_in_case(self) -> int:
        """Which statement of its case it was; 0 where its name does not say so."""
        number = self.statement_id.rpartition("-")[2]
        return int(number) if number.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class SaidOfLost:
    """What one person was shown, or said."""

    by: str
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """A ruling of two people, and what it is about."""

    missing: tuple[Lost, ...]
    by: tuple[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Doubts:
    """Which requests may have been answered by what is lost, and who let it go."""

    requests: Mapping[str, tuple[str, str]]
    until: Sequence[tuple[datetime, tuple[str, str]]]

    def of(self, request_id: str, received_at: datetime) -> tuple[str, ...]:
        """Return who let the answer of a request go, if it may be one of these."""
        named = self.requests.get(request_id)
        if named is not None:
            return named
        return next((by for until, by in self.until if received_at <= until), ())


class SqlLostStatements:
    """What was let go, in the database."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def note(self, missing: Sequence[Lost], by: str, at: datetime) -> None:
        """Keep that somebody was shown this list."""
        with self._database.writing() as connection:
            row = _locked(connection, missing)
            if row.ruled_at is None:
                _say(connection, row, SaidOfLost(by, at, SHOWN))

    def release(self, missing: Sequence[Lost], by: str, at: datetime) -> bool:
        """
        Take one person's word; tells whether it is the second, and stands.

        Raises `NotPossible` if they were not shown this very list, or said so already.
        """
        with self._database.writing() as connection:
            row = _locked(connection, missing)
            if row.ruled_at is not None:
                return True
            before = [one for one in _said(row.said) if at - one.at <= DAY]
            mine = [one for one in before if is_same_person(one.by, by)]
            if not any(one.what == SHOWN for one in mine):
                raise NotPossible(
                    f"{by} was not shown this list within a day; `erasure log missing"
                    " --by WHO` shows it."
                )
            if any(one.what == RELEASED for one in mine):
                raise NotPossible(
                    f"{by} has said so already; a second, different person must say"
                    " the same."
                )
            first = next((one for one in before if one.what == RELEASED), None)
            _say(connection, row, SaidOfLost(by, at, RELEASED))
            if first is not None:
                ruled = {"by": first.by, "also_by": by, "ruled_at": at}
                mine_row = table.c.digest == row.digest
                connection.execute(update(table).where(mine_row).values(**ruled))
            return first is not None

    def doubt(
        self,
        missing: Sequence[Lost],
        requests: Collection[str],
        until: datetime | None,
    ) -> None:
        """Keep which requests a ruled list may have answered."""
        values = {"requests": json.dumps(sorted(requests)), "until": until}
        mine = table.c.digest == _digest(missing)
        with self._database.writing() as connection:
            connection.execute(update(table).where(mine).values(**values))

    def let_go(self) -> Sequence[LetGo]:
        """Return what two people let go, oldest first."""
        query = select(table).where(table.c.ruled_at.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.ruled_at)).all()
        return [LetGo(_missing(row), _by(row), row.ruled_at) for row in rows]

    def excused(self, checked: Checked) -> Checked:
        """Take what two people let go, and nothing else, out of a check's faults."""
        gone = {one.statement_id for it in self.let_go() for one in it.missing}
        is_gone = [
            fault.code == "statement_deleted" and fault.what in gone
            for fault in checked.faults
        ]
        faults = (f for f, out in zip(checked.faults, is_gone, strict=True) if not out)
        return replace(checked, faults=tuple(faults), let_go=sum(is_gone))

    def is_known(self, case: str) -> bool:
        """Tell whether the restored database has this case."""
        with self._database.reading() as connection:
            found = select(t.cases.c.id).where(t.cases.c.id == case)
            return connection.execute(found).first() is not None

    def opened_since(
        self, since: datetime, requests: Collection[str], until: datetime | None
    ) -> Sequence[CaseId]:
        """Return open cases of these requests, or received up to then, opened since."""
        cases = t.cases.c
        ways: list[ColumnElement[bool]] = [cases.request_id.in_(requests)]
        if until is not None:
            ways.append(cases.received_at <= until)
        query = select(cases.id, cases.doc).where(cases.status.in_(_OPEN), or_(*ways))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(cases.id)).all()
        return [
            CaseId(row.id)
            for row in rows
            if datetime.fromisoformat(json.loads(row.doc)["opened_at"]) >= since
        ]

    def doubted(self) -> Sequence[CaseId]:
        """Return the open cases that wait for somebody who finds out."""
        cases = t.cases.c
        query = select(cases.id, cases.doc).where(cases.held.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(cases.due_at, cases.id)).all()
        unsure = (row.id for row in rows if json.loads(row.doc).get("unsure_since"))
        return [CaseId(id_) for id_ in unsure]

    def doubts(self) -> Doubts:
        """Return which requests are opened in doubt."""
        query = select(table).where(table.c.ruled_at.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        requests = {id_: _by(row) for row in rows for id_ in json.loads(row.requests)}
        until = [(row.until, _by(row)) for row in rows if row.until is not None]
        return Doubts(requests, until)


def _locked(connection: Connection, missing: Sequence[Lost]) -> Row[Any]:
    """Lock the row of a list, which is made if it is not there."""
    digest = _digest(missing)
    spelled = json.dumps([_plain(one) for one in missing])
    empty = {"digest": digest, "missing": spelled, "said": "[]", "requests": "[]"}
    upsert(connection, table, [empty])
    query = select(table).where(table.c.digest == digest).with_for_update()
    return connection.execute(query).one()


def _digest(missing: Sequence[Lost]) -> str:
    """Name a list by what is on it."""
    lines = "".join(f"{one.number} {one.leaf}\n" for one in missing)
    return sha256(lines.encode()).hexdigest()


def _say(connection: Connection, row: Row[Any], said: SaidOfLost) -> None:
    """Add one word to what was said of a list."""
    words = [*json.loads(row.said), {"by": said.by, "at": said.at.isoformat()}]
    words[-1]["what"] = said.what
    mine = update(table).where(table.c.digest == row.digest)
    connection.execute(mine.values(said=json.dumps(words)))


def _said(text: str) -> Iterator[SaidOfLost]:
    """Read what was said of a list."""
    for one in json.loads(text):
        at = datetime.fromisoformat(one["at"])
        yield SaidOfLost(one["by"], at, one["what"])


def _by(row: Row[Any]) -> tuple[str, str]:
    """Return the two who ruled, the first one first."""
    return (row.by, row.also_by)


def _plain(one: Lost) -> Mapping[str, object]:
    """Spell an entry as JSON has it."""
    return {
        "number": one.number,
        "statement_id": one.statement_id,
        "leaf": one.leaf,
        "published_at": one.published_at.isoformat(),
    }


def _missing(row: Row[Any]) -> tuple[Lost, ...]:
    """Read the entries of a list."""
    return tuple(
        Lost(
            one["number"],
            one["statement_id"],
            one["leaf"],
            datetime.fromisoformat(one["published_at"]),
        )
        for one in json.loads(row.missing)
    )
