"""
What personal data the database holds now: of which kind, how much, until when.

Counted, never opened.  Every table is either among the kinds, with a line for what fits
none of them, or in `HOLDS_NOBODY`; a test holds both to the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import case, func, not_, null, or_, select
from sqlalchemy.sql import Select

from orchestrator.adapters.reading.holding_kinds import HOLDS_NOBODY, KINDS
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.kinds import Kind


@dataclass(frozen=True, slots=True)
class Periods:
    """How long what is not bound to a case's end is kept."""

    quarantine_days: int
    sent_days: int
    tombstones_days: int
    case_years: int
    statistics_years: int


@dataclass(frozen=True, slots=True)
class Holding:
    """
    One kind of personal data, and how much of it there is now.

    `count` is None where it cannot be counted from here.  `oldest` is the time the
    oldest came; `last_until` when the last will be gone, where that is known.
    """

    kind: str
    sort: str
    where: str
    sealed_by: str
    count: int | None
    goes: str
    oldest: datetime | None = None
    last_until: datetime | None = None
    overdue: int | None = None  # how many are here beyond their time, where known


class SqlInventory:
    """The inventory of one database."""

    def __init__(self, database: Database, periods: Periods) -> None:
        """Keep the database and the rules."""
        self._database = database
        self._kinds = tuple(kinds(periods))

    def holdings(self, now: datetime) -> Sequence[Holding]:
        """Count every kind at one moment, what identifies first."""
        with self._database.reading() as connection:
            found = [
                (kind, connection.execute(_counting(kind, now)).one())
                for kind in self._kinds
            ]
        return [
            Holding(
                kind=kind.name,
                sort=kind.sort,
                where=f"table {kind.table.name}",
                sealed_by=kind.sealed_by,
                count=row[0],
                goes=kind.goes,
                oldest=row[1],
                last_until=row[2],
                overdue=row[3],
            )
            for kind, row in found
        ]


def kinds(periods: Periods) -> Iterator[Kind]:
    """Yield every kind there can be, and for each table what fits none of them."""
    for kind in KINDS:
        yield replace(kind, goes=kind.goes.format_map(asdict(periods)))
    for table in t.metadata.sorted_tables:
        mine = [kind.which for kind in KINDS if kind.table is table]
        if table in HOLDS_NOBODY or any(one is None for one in mine):
            continue
        fits = [one for one in mine if one is not None]
        yield Kind(
            f"anything else in {table.name}",
            table,
            "never by itself: report it",
            not_(or_(*fits)) if fits else None,
        )


def _counting(
    kind: Kind, now: datetime
) -> Select[int, datetime | None, datetime | None, int | None]:
    """Return the query for how many there are, since and until when, and how late."""
    late = None if kind.until is None else case((kind.until < now, 1))
    query = select(
        func.count(),
        null() if kind.came is None else func.min(kind.came),
        null() if kind.until is None else func.max(kind.until),
        null() if late is None else func.count(late),
    ).select_from(kind.table)
    return query if kind.which is None else query.where(kind.which)
