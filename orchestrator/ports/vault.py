"""The vault, and the encrypted pieces of copies."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestrator.core.answer.copying import CopyLabel
from orchestrator.core.cases import Case
from orchestrator.core.words import (
    CaseId,
)
from orchestrator.ports.values import Artifact
from orchestrator.ports.writes import LockKey, PutEntry, PutKey, PutTombstone
from schemas.connecting import Identifier, Row


class OpenVault(Protocol):
    """The open values of some owners for one purpose."""

    @property
    def keys(self) -> Mapping[str, object]:
        """The owners' data keys; an owner that was forgotten has none."""

    def get(self, owner: str, name: str) -> bytes | None:
        """Return one value."""

    def named(self, owner: str, prefix: str) -> Mapping[str, bytes]:
        """Return the owner's values whose names begin with *prefix*."""

    def seal(self, owner: str, name: str, value: bytes) -> PutEntry:
        """Seal *value* for *owner*; raises `KeyError` once the owner is forgotten."""


class Vault(Protocol):
    """Opens and seals what identifies a person."""

    def open(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> OpenVault:
        """Open the named values (all without names) of *owners* for *purpose*."""

    def new_owner(
        self, owner: str, purpose: str, expires_at: datetime | None = None
    ) -> tuple[OpenVault, PutKey]:
        """Make a data key; it exists once the returned write is stored."""

    def forget(self, owner: str, purpose: str) -> None:
        """Drop what memory holds of a key that has been destroyed."""


class Tombstones(Protocol):
    """Remembers whom we forgot, by digests that say nothing without our key."""

    def of(
        self, case: Case, identifiers: Iterable[Identifier], at: datetime
    ) -> Sequence[PutTombstone]:
        """Return what is to be remembered of an erased person; nothing of others."""


class LockedKeys(Protocol):
    """Data keys of stuck cases, under a data protection officer's public key."""

    def due(self, now: datetime, limit: int) -> Sequence[tuple[CaseId, str]]:
        """Return the cases to lock, with their controller; none without a key."""

    def locking(self, case: CaseId, controller: str) -> Sequence[LockKey]:
        """Seal a case's data keys to the officer of its controller."""


class Artifacts(Protocol):
    """Encrypted pieces of copies and packages, stored as they are made."""

    def begin(self, artifact: Artifact, at: datetime) -> None:
        """Register an incomplete artifact; what is never finished is swept away."""

    def put(self, artifact: str, seq: int, sealed: bytes) -> None:
        """Store one sealed chunk; raises `Conflict` once its artifact was dropped."""

    def get(self, artifact: str) -> Iterator[bytes]:
        """Yield an artifact's chunks in order."""

    def complete(self, case: CaseId, kind: str) -> Sequence[Artifact]:
        """Return the finished artifacts of a case; the newest of each task."""


class Sealer(Protocol):
    """Takes a stream and hands on sealed chunks; without `close` it never opens."""

    def write(self, data: bytes) -> int:
        """Take the next bytes."""

    def close(self) -> None:
        """Seal what is left."""


@dataclass(frozen=True, slots=True)
class CopyPart:
    """What one account gave for a copy, sealed: rows, or a file as it is."""

    account: str
    artifact: str
    chunks: Iterable[bytes] = field(repr=False)
    is_file: bool = False


class Packing(Protocol):
    """How rows are spelled and sealed, and how a case's package is built."""

    def sealer(
        self, data_key: object, artifact: str, emit: Callable[[int, bytes], None]
    ) -> Sealer:
        """Seal a stream under a data key; *emit* takes (number, chunk)."""

    def line(self, row: Row) -> bytes:
        """Spell one row."""

    def head(self, suffix: str) -> bytes:
        """Spell what stands before a file that is packed as it is."""

    def is_bound(self, subject: str, allowed: frozenset[str]) -> bool:
        """Tell whether a row bound to *subject* is the person's."""

    def build(
        self,
        data_key: object,
        package: str,
        label: CopyLabel,
        parts: Sequence[CopyPart],
        store: Callable[[int, bytes], None],
    ) -> str:
        """
        Build and seal the ZIP of *parts*, in order.

        The *label* says how every account answered, with or without rows.
        Returns the hex SHA-256 of the ZIP as it is downloaded.
        """
