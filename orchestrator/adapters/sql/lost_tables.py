"""The table of statements that two people let the log go on without."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from orchestrator.adapters.sql.intake_tables import metadata
from orchestrator.adapters.sql.tables import Instant

__all__ = ["lost_statements", "metadata"]

lost_statements = Table(
    "lost_statements",
    metadata,
    Column("digest", Text, primary_key=True),  # of the list that was shown
    Column("missing", Text, nullable=False),  # JSON: number, statement, leaf, when
    Column("said", Text, nullable=False),  # JSON: who was shown and said what, when
    Column("by", Text),
    Column("also_by", Text),
    Column("ruled_at", Instant),
    Column("requests", Text),  # JSON: what they may have answered, as far as known
    Column("until", Instant),  # else whatever was received up to then
)
