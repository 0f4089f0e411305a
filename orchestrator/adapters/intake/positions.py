"""Where each input partition goes on: rows that are locked before they move."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.upserting import upsert


def locked_position(connection: Connection, topic: str, partition: int) -> int:
    """Lock one input partition and return the offset it goes on at."""
    at = {"topic": topic, "partition": partition}
    stored: int | None = connection.execute(_LOCK, at).scalar_one_or_none()
    if stored is None:
        upsert(connection, t.offsets, [{**at, "next_offset": 0}])
        stored = connection.execute(_LOCK, at).scalar_one()
    return stored


def move(connection: Connection, topic: str, partition: int, following: int) -> None:
    """Let a locked input partition go on at *following*."""
    to = {"b_topic": topic, "b_partition": partition, "following": following}
    connection.execute(_MOVE, to)


# Built once: building a statement takes longer than running it.
_LOCK = (
    select(t.offsets.c.next_offset)
    .where(
        t.offsets.c.topic == bindparam("topic"),
        t.offsets.c.partition == bindparam("partition"),
    )
    .with_for_update()
)
_MOVE = (
    update(t.offsets)
    .where(
        t.offsets.c.topic == bindparam("b_topic"),
        t.offsets.c.partition == bindparam("b_partition"),
    )
    .values(next_offset=bindparam("following"))
)
