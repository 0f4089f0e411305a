"""
Figures of cases: written with each step that moves them, kept beyond the case.

A row bears its case's id as long as the case has records; with them it gets a random
one, so that nothing leads from the figures to a request any more.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, delete, select, update

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.answer.statistics import Figures, figures_of
from orchestrator.core.answer.tallying import OpenLine
from orchestrator.core.cases import Case, CaseStatus

AT_ONCE = 2000  # rows in one transaction
_FIGURES: TypeAdapter[Figures] = TypeAdapter(Figures)
_RENAME = (
    update(t.statistics)
    .where(t.statistics.c.id == bindparam("b_id"))
    .values(id=bindparam("b_other"))
)


@dataclass(frozen=True, slots=True)
class Period:
    """Requests that were received from a day to a day, of one controller or of all."""

    since: date
    until: date
    controller: str | None = None


class SqlStatistics:
    """The figures in the database."""

    def __init__(self, database: Database, years: int) -> None:
        """Keep figures for *years* whole calendar years (UTC) after the answer."""
        self._database = database
        self._years = years

    def figures(self, period: Period) -> list[Figures]:
        """Return the figures of requests that were received in *period*."""
        query = select(t.statistics.c.doc).where(
            t.statistics.c.received_on >= period.since.isoformat(),
            t.statistics.c.received_on <= period.until.isoformat(),
        )
        if period.controller is not None:
            query = query.where(t.statistics.c.controller == period.controller)
        with self._database.reading() as connection:
            docs = connection.execute(query.order_by(t.statistics.c.received_on))
            return [_FIGURES.validate_json(doc) for doc in docs.scalars()]

    def open_lines(self, period: Period, now: datetime) -> list[OpenLine]:
        """Return the tasks that are not settled of such requests."""
        cases, tasks, mine = t.cases.c, t.tasks.c, t.statistics.c
        is_open = cases.status.in_((CaseStatus.RECEIVED, CaseStatus.RUNNING))
        query = (
            select(tasks.account, tasks.action, cases.due_at)
            .join(t.cases, cases.id == tasks.case_id)
            .join(t.statistics, mine.id == cases.id)
            .where(is_open, tasks.status != "settled")
            .where(mine.received_on >= period.since.isoformat())
            .where(mine.received_on <= period.until.isoformat())
        )
        if period.controller is not None:
            query = query.where(mine.controller == period.controller)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [OpenLine(row.account, row.action, row.due_at < now) for row in rows]

    def expire(self, now: datetime) -> int:
        """Delete some figures that were kept long enough; returns how many."""
        before = date(now.astimezone(UTC).year - self._years, 1, 1).isoformat()
        is_over = t.statistics.c.answered_on < before
        with self._database.reading() as connection:
            query = select(t.statistics.c.id).where(is_over).limit(AT_ONCE)
            ids = list(connection.execute(query).scalars())
        if ids:
            with self._database.writing() as connection:
                mine = t.statistics.c.id.in_(ids)
                connection.execute(delete(t.statistics).where(mine, is_over))
        return len(ids)


def put(connection: Connection, cases: Iterable[Case]) -> None:
    """Store the figures of *cases* as they are now."""
    rows = [
        {
            "id": case.id,
            "controller": figures.controller,
            "received_on": figures.received_on.isoformat(),
            "answered_on": figures.answered_on and figures.answered_on.isoformat(),
            "doc": _document(figures),
        }
        for case in cases
        if (figures := figures_of(case)) is not None
    ]
    upsert(connection, t.statistics, rows, replace=("answered_on", "doc"))


def unlink(connection: Connection, cases: Sequence[str]) -> None:
    """Give the figures of *cases* ids that lead nowhere."""
    renamed = [{"b_id": id_, "b_other": secrets.token_hex(16)} for id_ in cases]
    if renamed:
        connection.execute(_RENAME, renamed)


def _document(figures: Figures) -> str:
    """Write figures; the same ones are always the same text."""
    plain = _FIGURES.dump_python(figures, mode="json")
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)
