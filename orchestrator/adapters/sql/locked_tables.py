"""The table of data keys that are under a data protection officer's public key."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from orchestrator.adapters.sql.tables import Instant, metadata

__all__ = ["locked_keys", "metadata"]

locked_keys = Table(
    "locked_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("wrapped", Text, nullable=False),  # a compact JWE
    Column("locked_at", Instant, nullable=False),
)
