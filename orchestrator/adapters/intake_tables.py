"""
The tables beside the quarantine: events that were heard, and what people did.

Neither holds an identifier of anybody: names of events, digests, pseudonyms.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from orchestrator.adapters.brake_tables import metadata
from orchestrator.adapters.tables import Instant

__all__ = ["heard_events", "metadata", "quarantine_actions"]

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
