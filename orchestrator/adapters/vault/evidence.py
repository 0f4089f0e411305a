"""
What people brought as evidence: sealed, listed, shredded when its time is up.

Each has a data key of its own, whose owner is the artifact itself, so that one ends
without the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, select

from orchestrator.adapters.cases.riding import EVIDENCE, destroy
from orchestrator.adapters.reading.views import EvidenceLine
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.values import Vault
from orchestrator.ports import DestroyKey

AT_ONCE = 200


class SqlEvidence:
    """Evidence in the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep the database and the vault."""
        self._database = database
        self._vault = vault

    def of_task(self, task: str) -> Sequence[EvidenceLine]:
        """Return the evidence that is still kept for a task, oldest first."""
        artifacts, keys = t.artifacts.c, t.data_keys.c
        held = and_(keys.owner == artifacts.id, keys.purpose == EVIDENCE)
        query = (
            select(t.artifacts, keys.expires_at)
            .join(t.data_keys, held)
            .where(artifacts.task == task, artifacts.kind == EVIDENCE)
            .where(artifacts.complete == 1)
            .order_by(artifacts.made_at, artifacts.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            EvidenceLine(row.id, row.task, row.sha256, row.made_at, row.expires_at)
            for row in rows
        ]

    def shred(self, until: datetime) -> int:
        """Destroy the keys that expired by then, and what they sealed; counts them."""
        ended = and_(
            t.data_keys.c.purpose == EVIDENCE, t.data_keys.c.expires_at <= until
        )
        with self._database.reading() as connection:
            query = select(t.data_keys.c.owner).where(ended).limit(AT_ONCE)
            owners = list(connection.execute(query).scalars())
        if owners:
            self._destroy(owners)
        return len(owners)

    def _destroy(self, owners: Collection[str]) -> None:
        """Destroy keys, and leave nothing of them in a log either."""
        with self._database.writing() as connection:
            destroy(connection, [DestroyKey(owner, EVIDENCE) for owner in owners])
        for owner in owners:
            self._vault.forget(owner, EVIDENCE)
        self._database.truncate_wal()
