"""Move a data key between our key-encryption key and an officer's public key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.ports import LockKey, UnlockKey


def move_key(connection: Connection, write: LockKey | UnlockKey, at: datetime) -> None:
    """Move a data key; one that was destroyed meanwhile stays destroyed."""
    source, target = locked_keys, t.data_keys
    row: dict[str, object] = {"owner": write.owner, "purpose": write.purpose}
    if isinstance(write, LockKey):
        source, target = target, source
        row |= {"wrapped": write.sealed, "locked_at": at}
    else:
        row |= {"wrapped": write.wrapped, "made_at": at, "expires_at": None}
    moved = delete(source).where(
        source.c.owner == write.owner, source.c.purpose == write.purpose
    )
    if connection.execute(moved).rowcount:
        upsert(connection, target, [row])
