"""
The retention of the embedded log: that of the same topics on Kafka.

A record that we have not read ourselves stays, however old.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, or_, select

from orchestrator.adapters.embedded_log import SEALED_TOPICS
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from schemas.topics import EVERY_TOPIC, Topic

AT_ONCE = 2000  # rows in one transaction


class SqlLogRetention:
    """Deletes what the embedded log has kept long enough."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def drop(self, now: datetime) -> int:
        """Delete some records older than their topic keeps them; counts them."""
        offset = t.log_records.c.offset
        query = select(offset).where(or_(*_over(now))).limit(AT_ONCE)
        with self._database.reading() as connection:
            offsets = list(connection.execute(query).scalars())
        if offsets:
            with self._database.writing() as connection:
                connection.execute(delete(t.log_records).where(offset.in_(offsets)))
            self._database.truncate_wal()
        return len(offsets)


def _over(now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what is over, topic by topic."""
    log, read = t.log_records.c, t.offsets.c
    is_read = exists().where(read.topic == log.topic, read.next_offset > log.offset)
    for topic in EVERY_TOPIC:
        is_old = _is_of(topic) & (log.appended_at < now - topic.retention)
        yield is_old & is_read if topic.name in SEALED_TOPICS else is_old


def _is_of(topic: Topic) -> ColumnElement[bool]:
    """Tell whether a record is of a topic, or of one of its accounts."""
    stem, every, _ = topic.name.partition("{account}")
    name = t.log_records.c.topic
    return name.startswith(stem) if every else name == stem
