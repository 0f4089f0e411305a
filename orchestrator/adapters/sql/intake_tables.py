"""
The tables beside the quarantine: events heard, what people did, what had no room.

None holds an identifier of anybody: names of events, digests, pseudonyms, counts.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from orchestrator.adapters.sql.brake_tables import metadata
from orchestrator.adapters.sql.tables import Instant

__all__ = [
    "heard_events",
    "metadata",
    "quarantine_actions",
    "quarantine_room",
    "unkept_events",
]

heard_events = Table(
    "heard_events",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("until", Instant, nullable=False),
    Index("ix_heard_events_until", "until"),
)

quarantine_actions = Table(
    "quarantine_actions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),  # of `quarantine`
    Column("action", Text, nullable=False),  # shown | refused | released | dropped
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text),
    Index("ix_quarantine_actions_event", "event"),
)

# Its row is the lock of whoever fills or counts what nobody of ours sent.
quarantine_room = Table(
    "quarantine_room",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("percent", Integer, nullable=False),  # 0 | 80 | 100, as was told
    Column("full_told_at", Instant),
)

unkept_events = Table(
    "unkept_events",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("type", Text, primary_key=True),  # as it says of itself, or empty
    Column("hour", Instant, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("last_offset", BigInteger, nullable=False),
    Index("ix_unkept_events_hour", "hour"),
)
