"""Encrypted pieces of copies and packages, as rows: they expire with their key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import and_, select

from orchestrator.adapters.cases.riding import drop_artifacts
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.words import AccountId, CaseId
from orchestrator.errors import Conflict
from orchestrator.ports import Artifact
from schemas.connecting import TaskId

_DROPPED = "The copy was packed, shredded or given up meanwhile; nothing is added."


class SqlArtifacts:
    """Artifacts in the database, chunk by chunk."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database

    def begin(self, artifact: Artifact, at: datetime) -> None:
        """Register an incomplete artifact; what is never finished is swept away."""
        row = {
            "id": artifact.id,
            "case_id": artifact.case,
            "kind": artifact.kind,
            "account": artifact.account,
            "task": artifact.task,
            "complete": 0,
            "rows": 0,
            "sha256": None,
            "made_at": at,
        }
        with self._database.writing() as connection:
            connection.execute(t.artifacts.insert(), [row])

    def put(self, artifact: str, seq: int, sealed: bytes) -> None:
        """Store one sealed chunk; raises `Conflict` once its artifact was dropped."""
        mine = select(t.artifacts.c.id).where(t.artifacts.c.id == artifact)
        with self._database.writing() as connection:
            if connection.execute(mine.with_for_update(read=True)).first() is None:
                raise Conflict(_DROPPED)
            row = {"artifact": artifact, "seq": seq, "sealed": sealed}
            upsert(connection, t.chunks, [row], replace=("sealed",))

    def get(self, artifact: str) -> Iterator[bytes]:
        """Yield an artifact's chunks in order, one query each."""
        seq = 0
        while True:
            mine = and_(t.chunks.c.artifact == artifact, t.chunks.c.seq == seq)
            with self._database.reading() as connection:
                sealed: bytes | None = connection.execute(
                    select(t.chunks.c.sealed).where(mine)
                ).scalar()
            if sealed is None:
                return
            yield sealed
            seq += 1

    def complete(self, case: CaseId, kind: str) -> Sequence[Artifact]:
        """Return the finished artifacts of a case; the newest of each task."""
        query = (
            select(t.artifacts)
            .where(t.artifacts.c.case_id == case, t.artifacts.c.kind == kind)
            .where(t.artifacts.c.complete == 1)
            .order_by(t.artifacts.c.made_at, t.artifacts.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        newest = {
            row.task: Artifact(
                id=row.id,
                case=CaseId(row.case_id),
                kind=row.kind,
                account=None if row.account is None else AccountId(row.account),
                task=None if row.task is None else TaskId(row.task),
                rows=row.rows,
                sha256=row.sha256,
            )
            for row in rows
        }
        return list(newest.values())

    def drop_unfinished(self, before: datetime) -> int:
        """Delete artifacts begun before that time and never finished; counts them."""
        stale = and_(t.artifacts.c.complete == 0, t.artifacts.c.made_at < before)
        with self._database.writing() as connection:
            return drop_artifacts(connection, stale)
