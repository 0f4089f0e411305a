"""What goes into the quarantine, how much room is left there, and what had none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, select

from orchestrator.adapters.sql import intake_tables as i
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.ports import Cause, Quarantined, Room, Unkept


def put_quarantined(
    connection: Connection, events: Sequence[Quarantined]
) -> Sequence[str]:
    """Keep events; returns the ids of those not kept before."""
    if not events:
        return []
    rows = [{name: getattr(event, name) for name in _FIELDS} for event in events]
    place = ("topic", "partition", "offset")
    upsert(connection, t.quarantine, rows, conflict=place)
    # Asked, because psycopg counts rows that it did not insert.
    ids = [event.id for event in events]
    query = select(t.quarantine.c.id).where(t.quarantine.c.id.in_(ids))
    kept = {row.id for row in connection.execute(query)}
    return [id_ for id_ in ids if id_ in kept]


def waiting_digests(
    connection: Connection, digests: Collection[str]
) -> Collection[str]:
    """Return which of these digests something waits under."""
    if not digests:
        return ()
    row = t.quarantine.c
    query = select(row.digest).where(
        row.digest.in_(sorted(digests)), row.state == "waiting"
    )
    return connection.execute(query).scalars().all()


def locked_room(
    connection: Connection, causes: Collection[Cause]
) -> Mapping[Cause, Room]:
    """Lock the causes, in order, and count what waits of each, heard of nobody."""
    rows: list[dict[str, object]] = [
        {"topic": topic, "code": code, "percent": 0} for topic, code in sorted(causes)
    ]
    upsert(connection, i.quarantine_room, rows)
    # One by one: whoever locks several does it in this order.
    locked = [connection.execute(_LOCK, row).mappings().one() for row in rows]
    rooms = [_counted(connection, row) for row in locked]
    return {(room.topic, room.code): room for room in rooms}


def save_room(
    connection: Connection, rooms: Sequence[Room], unkept: Sequence[Unkept]
) -> None:
    """Store how full locked causes are told to be, and what had no room there."""
    rows = [
        {
            "topic": one.topic,
            "code": one.code,
            "percent": one.percent,
            "full_told_at": one.full_told_at,
        }
        for one in rooms
    ]
    told = ("percent", "full_told_at")
    upsert(connection, i.quarantine_room, rows, replace=told)
    summed = [_counted_on(connection, one) for one in unkept]
    upsert(connection, i.unkept_events, summed, replace=_SUMMED)


class SqlRoom:
    """How full the quarantine is of what nobody of ours sent, as people see it."""

    def __init__(self, database: Database, years: int = 3) -> None:
        """Keep counts for *years* whole calendar years (UTC)."""
        self._database = database
        self._years = years

    def rooms(self) -> Sequence[Room]:
        """Return each cause with something that waits, or that is told to be full."""
        told = select(i.quarantine_room).order_by(
            i.quarantine_room.c.topic, i.quarantine_room.c.code
        )
        with self._database.reading() as connection:
            rows = connection.execute(told).mappings().all()
            found = [_counted(connection, row) for row in rows]
        return [room for room in found if room.count]

    def unkept(
        self, since: datetime | None = None, limit: int | None = None
    ) -> Sequence[Unkept]:
        """Return what was counted and not kept, the latest hour first."""
        row = i.unkept_events.c
        order = (row.hour.desc(), row.topic, row.partition, row.code, row.type)
        query = select(i.unkept_events).order_by(*order).limit(limit)
        if since is not None:
            query = query.where(row.hour >= since)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [Unkept(**{**row, "type": row["type"] or None}) for row in rows]

    def expire(self, now: datetime) -> int:
        """Delete counts whose time is over; returns how many rows."""
        before = datetime(now.astimezone(UTC).year - self._years, 1, 1, tzinfo=UTC)
        over = i.unkept_events.c.hour < before
        with self._database.writing() as connection:
            return connection.execute(delete(i.unkept_events).where(over)).rowcount


def _counted(connection: Connection, row: RowMapping) -> Room:
    """Return a cause with what waits of it."""
    asked = {"topic": row["topic"], "code": row["code"]}
    count, size = connection.execute(_WAITING, asked).one()
    return Room(
        topic=row["topic"],
        code=row["code"],
        count=count,
        size=size,
        percent=row["percent"],
        full_told_at=row["full_told_at"],
    )


def _counted_on(connection: Connection, one: Unkept) -> dict[str, object]:
    """Return a row that adds to what was counted of its kind before."""
    row = {**asdict(one), "type": one.type or ""}
    before = connection.execute(_BEFORE, row).mappings().one_or_none()
    if before is None:
        return row
    return {
        **row,
        "count": before["count"] + one.count,
        "size": before["size"] + one.size,
        "first_offset": min(before["first_offset"], one.first_offset),
        "last_offset": max(before["last_offset"], one.last_offset),
    }


# Built once: building a statement takes longer than running it.
_FIELDS = tuple(
    name
    for name in (column.name for column in t.quarantine.c)
    if name not in {"ended_by", "ended_at", "reason", "alarmed_at"}
)
_SUMMED = ("count", "size", "first_offset", "last_offset")
_LOCK = (
    select(i.quarantine_room)
    .where(
        i.quarantine_room.c.topic == bindparam("topic"),
        i.quarantine_room.c.code == bindparam("code"),
    )
    .with_for_update()
)
_WAITING = select(func.count(), func.coalesce(func.sum(t.quarantine.c.size), 0)).where(
    t.quarantine.c.state == "waiting",
    t.quarantine.c.heard == 0,
    t.quarantine.c.topic == bindparam("topic"),
    t.quarantine.c.code == bindparam("code"),
)
_BEFORE = select(i.unkept_events).where(
    *(column == bindparam(column.name) for column in i.unkept_events.primary_key)
)
