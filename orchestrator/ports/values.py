"""What passes between stages and store: frozen, and sealed where it identifies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.core.cases import Step, Task
from orchestrator.core.words import (
    AccountId,
    CallId,
    CaseId,
)
from schemas.connecting import Action, ItemId, TaskId


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One sealed value; `owner` and `purpose` name its data key."""

    owner: str
    purpose: str
    name: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key, wrapped by the key-encryption key that never enters the database."""

    owner: str
    purpose: str
    wrapped: bytes = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message of a case, to be sent once it is durable; free of personal data."""

    message_id: str
    topic: str
    key: str
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class UnsentMessage:
    """A row of the outbox."""

    seq: int
    message: OutgoingMessage
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that may not go on, kept encrypted until a person has seen it."""

    id: str
    code: str
    pointer: str
    rule: str
    hint: str
    topic: str
    partition: int
    offset: int
    sealed: bytes = field(repr=False)
    size: int
    seen_at: datetime
    expires_at: datetime
    received_at: datetime | None = None  # of a request, whose clock runs
    due_at: datetime | None = None
    state: str = "waiting"
    type: str | None = None  # as it says of itself; one that the topic carries
    request_id: str | None = None  # where a publisher signed it
    heard: int = 1  # 0: nobody of ours sent it, so that there is room for some only
    digest: str | None = None  # keyed, of what a publisher signed: it waits once


# Never change: requests lie stored like this whose case a restored backup had lost.
RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """
    What we remember of a request that opened a case.

    Of a recovered one only the answer came back: any content counts as a repeat.
    """

    request_id: str
    source: str
    event_id: str
    digest: str
    case_id: CaseId

    def is_repeated_by(self, digest: str) -> bool:
        """Tell whether a request of this id is the same one again."""
        return self.digest in {digest, RECOVERED}


@dataclass(frozen=True, slots=True)
class CallMember:
    """One task's part in a call."""

    task: TaskId
    case: CaseId
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One side-effecting request: durable before it is sent."""

    id: CallId
    account: AccountId
    action: Action
    epoch: int
    members: tuple[CallMember, ...]
    idempotency_key: str
    request_hash: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A task that may be claimed now, as the columns of its row tell."""

    id: TaskId
    case: CaseId
    action: Action
    step: Step
    dispatch_by: datetime
    at_most: int | None = None  # tasks in its call
    job: CallId | None = None  # what its poll asks about


@dataclass(frozen=True, slots=True)
class Claimed:
    """A task that this owner may now call, and the case it belongs to."""

    case: CaseId
    task: Task
    epoch: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """Ownership and pause of an account, as the database has it."""

    id: AccountId
    epoch: int
    owner: str | None
    lease_until: datetime | None
    paused_reason: str | None
    paused_by: str | None
    paused_at: datetime | None
    windows: str | None
    windows_at: datetime | None
    installation: str | None
    pinged_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement as it was signed, byte for byte."""

    id: str
    case: CaseId
    number: int
    kind: str
    signed_at: datetime
    key_id: str
    sha256: str
    envelope: bytes = field(repr=False)
    is_rehearsal: bool = False  # what was not done for real is in no log


@dataclass(frozen=True, slots=True)
class Artifact:
    """
    A part of a copy (`rows` or a `file` of one task), or a case's sealed `package`.

    Or the `evidence` that a person brought for a task.
    """

    id: str
    case: CaseId
    kind: str
    account: AccountId | None
    task: TaskId | None
    rows: int
    sha256: str | None
