"""What rides along with an event, in its transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orchestrator.core.words import (
    AccountId,
    CallId,
)
from orchestrator.ports.values import Artifact, SignedStatement, VaultEntry, WrappedKey


@dataclass(frozen=True, slots=True)
class PutKey:
    """Store a wrapped data key unless its owner and purpose have one already."""

    key: WrappedKey


@dataclass(frozen=True, slots=True)
class PutEntry:
    """Store or replace a vault entry."""

    entry: VaultEntry


@dataclass(frozen=True, slots=True)
class CloseCall:
    """The call is answered; nothing will ask about it again."""

    call: CallId


@dataclass(frozen=True, slots=True)
class AcceptCall:
    """The processor accepted the call's job; its ticket is in the vault."""

    call: CallId
    is_queued: bool = True  # whether it takes a place in the processor's queue


@dataclass(frozen=True, slots=True)
class FinishArtifact:
    """
    Every row of the artifact is stored; the newest of a task counts.

    A package replaces the rows it was made of.
    """

    artifact: Artifact


@dataclass(frozen=True, slots=True)
class PutStatement:
    """Store a signed statement and announce it on the receipts' topic."""

    statement: SignedStatement


@dataclass(frozen=True, slots=True)
class DestroyKey:
    """Destroy a data key with all that it sealed."""

    owner: str
    purpose: str


@dataclass(frozen=True, slots=True)
class ForgetRequestRecord:
    """Delete the request's record from the embedded log."""

    request_id: str


@dataclass(frozen=True, slots=True)
class ForgetRecord:
    """Delete a record of the embedded log that opened no case."""

    topic: str
    offset: int


@dataclass(frozen=True, slots=True)
class PutLetter:
    """
    Keep what a processor said by itself; one that is there already stays.

    With a *code* only that it spoke, and why it was refused at once.
    """

    id: str
    account: AccountId
    channel: str
    received_at: datetime
    expires_at: datetime
    size: int
    sealed: bytes | None = field(repr=False)
    code: str | None = None


@dataclass(frozen=True, slots=True)
class EndLetter:
    """What a processor said by itself has been applied, and is read no more."""

    letter: str


@dataclass(frozen=True, slots=True)
class PutTombstone:
    """
    Remember by a keyed digest that an identifier's person was erased.

    `extent` is `whole`, or `part` where the request was limited or withdrawn.
    """

    digest: str
    extent: Literal["whole", "part"]
    erased_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LockKey:
    """Put a data key under the data protection officer's key, and not ours."""

    owner: str
    purpose: str
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnlockKey:
    """Put a data key that the officer handed back under our key again."""

    owner: str
    purpose: str
    wrapped: bytes = field(repr=False)


Write = (
    PutKey
    | PutEntry
    | CloseCall
    | AcceptCall
    | FinishArtifact
    | PutStatement
    | DestroyKey
    | ForgetRequestRecord
    | ForgetRecord
    | PutLetter
    | EndLetter
    | PutTombstone
    | LockKey
    | UnlockKey
)
