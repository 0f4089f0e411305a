"""Where an export's rows go: checked, encrypted, stored, never in clear on a disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from connectors.errors import WrongPerson
from orchestrator.ports import Artifact, Packing
from schemas.connecting import Row

RunInDatabase = Callable[[Callable[[], None]], Awaitable[None]]


class RowSink:
    """
    One task's rows on their way into an artifact.

    Refuses a row that is bound to none of the person's identifiers or items: then
    nothing of the export is kept and a person looks.
    """

    def __init__(
        self,
        artifact: Artifact,
        allowed: frozenset[str],
        data_key: object,
        packing: Packing,
        store: Callable[[str, int, bytes], None],
        run: RunInDatabase,
    ) -> None:
        """Keep the parts; *run* runs *store* where the database may be used."""
        self.artifact = artifact
        self.rows = 0
        self._allowed = allowed
        self._packing = packing
        self._chunks: list[tuple[int, bytes]] = []
        self._sealer = packing.sealer(data_key, artifact.id, self._take)
        self._store = store
        self._run = run

    async def write(self, row: Row) -> None:
        """Keep *row*; raises `WrongPerson` if it is bound to somebody else."""
        if not self._packing.is_bound(row.subject, self._allowed):
            raise WrongPerson("row_of_another_person")
        self._sealer.write(self._packing.line(row))
        self.rows += 1
        await self._flush()

    async def close(self) -> None:
        """Store what is left."""
        self._sealer.close()
        await self._flush()

    def _take(self, seq: int, sealed: bytes) -> None:
        """Take a sealed chunk until it is stored."""
        self._chunks.append((seq, sealed))

    async def _flush(self) -> None:
        """Store full chunks before more rows come: memory stays bounded."""
        chunks, self._chunks = self._chunks, []
        if chunks:
            await self._run(lambda: self._put(chunks))

    def _put(self, chunks: list[tuple[int, bytes]]) -> None:
        """Store sealed chunks."""
        for seq, sealed in chunks:
            self._store(self.artifact.id, seq, sealed)
