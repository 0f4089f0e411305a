"""
The tables of the brake: what came in each hour, when it was pulled, what it holds.

Counters name a controller and a source, never a person.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from orchestrator.adapters.sql.tables import Instant, metadata

__all__ = ["brake_held", "brake_hours", "brake_pulls", "brakes", "metadata"]

brakes = Table(
    "brakes",
    metadata,
    Column("controller", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("counted_since", Instant, nullable=False),
    Column("pull", Text),  # the open one of `brake_pulls`
)

brake_hours = Table(
    "brake_hours",
    metadata,
    Column("controller", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("passed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("forgiven", Integer, nullable=False),  # passed before the last release
    Index("ix_brake_hours_hour", "hour"),
)

brake_pulls = Table(
    "brake_pulls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("controller", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("allowed", Integer, nullable=False),
    Column("pulled_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # pulled | released | refused
    Column("ground", Text),
    Column("said", Text, nullable=False),  # JSON: who was shown and said what, when
    Column("by", Text),
    Column("also_by", Text),
    Column("ended_at", Instant),
    Index("ix_brake_pulls_state", "state", "ended_at"),
)

brake_held = Table(
    "brake_held",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("pull", Text, nullable=False),
    Index("ix_brake_held_pull", "pull", "case_id"),
)
