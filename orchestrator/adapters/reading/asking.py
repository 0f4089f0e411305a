"""Small questions of one moment, as `erasure status` asks them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from orchestrator.adapters.reading.views import SilentLine
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.core.cases import TaskStatus
from schemas.topics import REQUESTS

NEAR = timedelta(days=7)
"""How long before it is due a quarantined request raises an alarm."""


class Asking:
    """Small questions within one reading transaction."""

    def __init__(self, connection: Connection) -> None:
        """Ask within *connection*'s transaction."""
        self._connection = connection

    def _number(self, query: Select[Any]) -> int:
        number: int = self._connection.execute(query).scalar_one()
        return number

    def count(self, column: Any, *conditions: Any) -> int:  # noqa: ANN401 (SQLAlchemy's)
        """Count rows."""
        return self._number(select(func.count(column)).where(*conditions))

    def lowest(self, column: Any, condition: Any) -> datetime | None:  # noqa: ANN401 (SQLAlchemy's)
        """Return the earliest time."""
        found: datetime | None = self._connection.execute(
            select(func.min(column)).where(condition)
        ).scalar()
        return found

    def quarantined(self, due_before: datetime | None = None) -> int:
        """Count what waits in quarantine; with a time only what is due by then."""
        waiting = t.quarantine.c.state == "waiting"
        if due_before is None:
            return self.count(t.quarantine.c.id, waiting)
        return self.count(
            t.quarantine.c.id, waiting, t.quarantine.c.due_at < due_before
        )

    def tasks(self, *statuses: TaskStatus) -> int:
        """Count tasks of these statuses."""
        return self.count(t.tasks.c.id, t.tasks.c.status.in_(statuses))

    def workers(self, now: datetime) -> int:
        """Count processes that own accounts now."""
        alive = and_(t.accounts.c.owner.is_not(None), t.accounts.c.lease_until > now)
        return self._number(
            select(func.count(func.distinct(t.accounts.c.owner))).where(alive)
        )

    def paused(self) -> tuple[str, ...]:
        """Return the accounts that are paused."""
        query = select(t.accounts.c.id).where(t.accounts.c.paused_reason.is_not(None))
        rows = self._connection.execute(query.order_by(t.accounts.c.id))
        return tuple(row.id for row in rows)

    def silent(self) -> tuple[SilentLine, ...]:
        """Return which accounts are silent, and how far that was escalated."""
        account, rung = t.tasks.c.account, t.tasks.c.rung
        query = select(account, rung, func.count().label("tasks"))
        query = query.where(rung.is_not(None)).group_by(account, rung)
        rows = self._connection.execute(query.order_by(account, rung))
        return tuple(SilentLine(row.account, row.rung, row.tasks) for row in rows)

    def next_owed(self) -> date | None:
        """Return the next last day of what is kept by a law."""
        query = select(func.min(t.obligations.c.due_on))
        first: str | None = self._connection.execute(query).scalar()
        return None if first is None else date.fromisoformat(first)

    def locked(self) -> int:
        """Count the cases whose identifiers an officer holds."""
        return self._number(select(func.count(func.distinct(locked_keys.c.owner))))

    def embedded_lag(self) -> int:
        """Count the requests of the embedded log that are not ingested."""
        next_offset = (
            select(t.offsets.c.next_offset)
            .where(t.offsets.c.topic == REQUESTS)
            .scalar_subquery()
        )
        return self.count(
            t.log_records.c.offset,
            t.log_records.c.topic == REQUESTS,
            t.log_records.c.offset >= func.coalesce(next_offset, 0),
        )

    def tasks_by_account(self, *statuses: TaskStatus) -> Mapping[str, int]:
        """Count tasks of these statuses by their account."""
        query = select(t.tasks.c.account, func.count().label("tasks"))
        query = query.where(t.tasks.c.status.in_(statuses))
        rows = self._connection.execute(query.group_by(t.tasks.c.account))
        return {row.account: row.tasks for row in rows}
