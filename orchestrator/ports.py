"""
What the engine and the stages need of the outside, as protocols.

Adapters fulfil them; tests may too.  Everything that goes through a `Transaction` is
durable together or not at all.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestrator.core.cases import Case, Obligation, Task, Wants
from orchestrator.core.events import Event
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    AccountId,
    CallId,
    CaseId,
    RegisterVersion,
    SubjectRef,
)
from schemas.connecting import Action, ItemId, Row, TaskId


class Clock(Protocol):
    """The only source of time, ids and chance."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def new_id(self, prefix: str) -> str:
        """Return a new id `prefix-…`, ordered by time."""

    def jitter(self) -> float:
        """Return a number in [0, 1)."""


# --- values ---------------------------------------------------------------------------


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
    state: str = "waiting"


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """What we remember of a request that opened a case."""

    request_id: str
    source: str
    event_id: str
    digest: str
    case_id: CaseId


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
    held_until: datetime | None
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


@dataclass(frozen=True, slots=True)
class Artifact:
    """A part of a copy (`rows` of one task) or the sealed `package` of a case."""

    id: str
    case: CaseId
    kind: str
    account: AccountId | None
    task: TaskId | None
    rows: int
    sha256: str | None


# --- what rides along with an event, in its transaction ------------------------------


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


@dataclass(frozen=True, slots=True)
class FinishArtifact:
    """Every row of the artifact is stored; it replaces the task's earlier ones."""

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
class PutObligations:
    """Make what is owed after the answer findable by its due date."""

    case: CaseId
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True)
class ForgetRequestRecord:
    """Delete the request's record from the embedded log."""

    request_id: str


Write = (
    PutKey
    | PutEntry
    | CloseCall
    | AcceptCall
    | FinishArtifact
    | PutStatement
    | DestroyKey
    | PutObligations
    | ForgetRequestRecord
)


# --- the store --------------------------------------------------------------------


class Transaction(Protocol):
    """One transaction of the store; commits when its context ends without an error."""

    def lock_subjects(self, refs: Collection[SubjectRef], at: datetime) -> None:
        """Create missing subject rows and lock all of them, in order."""

    def open_cases_of(
        self, refs: Collection[SubjectRef]
    ) -> Mapping[SubjectRef, Sequence[CaseId]]:
        """Return the cases of each subject that are not closed."""

    def subjects_of(self, cases: Collection[CaseId]) -> Mapping[CaseId, SubjectRef]:
        """Return whose cases these are."""

    def load_cases(self, ids: Collection[CaseId]) -> dict[CaseId, Case]:
        """Lock and load cases in id order; unknown ids are absent."""

    def keep_plans(self, plans: Collection[Plan], at: datetime) -> None:
        """Keep register versions, so that cases under them can always be decided."""

    def insert_cases(self, cases: Sequence[Case]) -> None:
        """Store new cases with their tasks."""

    def save_cases(self, changed: Sequence[tuple[Case, Case]]) -> None:
        """Store (before, after) pairs; only tasks that changed are written."""

    def add_history(self, rows: Sequence[tuple[CaseId, int, datetime, Event]]) -> None:
        """Keep applied events, one row a version."""

    def add_messages(self, messages: Sequence[OutgoingMessage], at: datetime) -> None:
        """Put messages into the outbox."""

    def write(self, writes: Sequence[Write], at: datetime) -> None:
        """Carry out what rides along with events."""

    def lock_offset(self, topic: str, partition: int) -> int:
        """
        Lock one input partition and return the offset it goes on at.

        A consumer that lost the partition finds its records already below that offset:
        the input offset in the database is the fence.
        """

    def move_offset(self, topic: str, partition: int, following: int) -> None:
        """Let a locked input partition go on at *following*."""

    def known_requests(
        self, request_ids: Collection[str], events: Collection[tuple[str, str]]
    ) -> Sequence[KnownRequest]:
        """Return remembered requests with one of these ids or (source, id) pairs."""

    def remember_requests(self, requests: Sequence[KnownRequest], at: datetime) -> None:
        """Remember requests that open a case in this transaction."""

    def quarantine(self, events: Sequence[Quarantined]) -> Sequence[str]:
        """Keep events; returns the ids of those not kept before."""


class Store(Protocol):
    """Durable state; raises `Unavailable` when the database or its disk is away."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a writing transaction."""

    def stored_offsets(self) -> Mapping[tuple[str, int], int]:
        """Return where each input partition goes on."""

    def due_cases(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """Return cases whose next moment has come."""

    def cases_wanting(self, wants: Wants, limit: int) -> Sequence[Case]:
        """Return cases that a stage must do something for, most urgent first."""

    def entries(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> Sequence[VaultEntry]:
        """Return vault entries; names ending in `:` match as prefixes."""

    def keys(self, owners: Collection[str], purpose: str) -> Mapping[str, bytes]:
        """Return the wrapped data keys by owner."""

    def plan(self, version: RegisterVersion, controller: str) -> Plan:
        """Return a kept plan; raises `KeyError` if it was never kept."""


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


class Artifacts(Protocol):
    """Encrypted pieces of copies and packages, stored as they are made."""

    def begin(self, artifact: Artifact, at: datetime) -> None:
        """Register an incomplete artifact; what is never finished is swept away."""

    def put(self, artifact: str, seq: int, sealed: bytes) -> None:
        """Store one sealed chunk."""

    def get(self, artifact: str) -> Iterator[bytes]:
        """Yield an artifact's chunks in order."""

    def complete(self, case: CaseId, kind: str) -> Sequence[Artifact]:
        """Return the finished artifacts of a case; the newest of each task."""


CallsFor = Callable[[Sequence[Claimed]], Sequence[Call]]


class Claims(Protocol):
    """Ownership of accounts, and claiming tasks; `adapters.claims` says more."""

    def accounts(self) -> Sequence[AccountState]:
        """Return every account's ownership and pause."""

    def acquire(
        self,
        accounts: Collection[AccountId],
        owner: str,
        now: datetime,
        until: datetime,
        *,
        by_force: bool = False,
    ) -> Mapping[AccountId, int]:
        """Take every free account of these; returns the new epochs."""

    def renew(
        self, held: Mapping[AccountId, int], owner: str, until: datetime
    ) -> frozenset[AccountId]:
        """Prolong leases; returns the accounts that are still ours."""

    def release(self, held: Mapping[AccountId, int], owner: str) -> None:
        """Give accounts back."""

    def save_windows(self, windows: Mapping[AccountId, str], now: datetime) -> None:
        """Keep the rate windows."""

    def pause(self, account: AccountId, reason: str, by: str, now: datetime) -> None:
        """Stop claiming for *account*; the first reason stays."""

    def resume(self, account: AccountId) -> bool:
        """Go on claiming for *account*; tells whether it was paused."""

    def note_ping(self, account: AccountId, installation: str, now: datetime) -> None:
        """Remember what the processor calls this account."""

    def orphans(self, epochs: Mapping[AccountId, int], limit: int) -> Sequence[Claimed]:
        """Return tasks that ended ownerships of these accounts left claimed."""

    def open_calls(self, account: AccountId, before_epoch: int) -> Sequence[Call]:
        """Return calls of ended ownerships whose answer never became durable."""

    def claim(
        self,
        rooms: Mapping[AccountId, int],
        epochs: Mapping[AccountId, int],
        owner: str,
        now: datetime,
        calls_for: CallsFor,
        windows: Mapping[AccountId, str],
    ) -> Sequence[Claimed]:
        """Claim due tasks and make their calls durable, in one transaction."""

    def next_due(self, accounts: Collection[AccountId]) -> datetime | None:
        """Return when the next waiting task of these accounts is due."""


class Sealer(Protocol):
    """Takes a stream and hands on sealed chunks; without `close` it never opens."""

    def write(self, data: bytes) -> int:
        """Take the next bytes."""

    def close(self) -> None:
        """Seal what is left."""


class Packing(Protocol):
    """How rows are spelled and sealed, and how a case's package is built."""

    def sealer(
        self, data_key: object, artifact: str, emit: Callable[[int, bytes], None]
    ) -> Sealer:
        """Seal a stream under a data key; *emit* takes (number, chunk)."""

    def line(self, row: Row) -> bytes:
        """Spell one row."""

    def is_bound(self, subject: str, allowed: frozenset[str]) -> bool:
        """Tell whether a row bound to *subject* is the person's."""

    def build(
        self,
        data_key: object,
        package: str,
        case: CaseId,
        at: datetime,
        parts: Sequence[tuple[str, str, Iterable[bytes]]],
        store: Callable[[int, bytes], None],
    ) -> str:
        """
        Build and seal the ZIP of (account, artifact, sealed chunks) in order.

        Returns the hex SHA-256 of the ZIP as it is downloaded.
        """


# --- from work to gather --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What one call taught about one claimed task, still with personal data inside.

    `reply` is a connector's reply, finding or look, or what the shell made of an
    error; `None` means that nothing was sent and the claim goes back.
    """

    claimed: Claimed
    reply: object = field(repr=False)
    call: CallId | None = None
    items: tuple[ItemId, ...] = ()
    artifact: Artifact | None = None


class Gather(Protocol):
    """Makes durable facts out of what was heard."""

    def __call__(self, heard: Sequence[Heard]) -> None:
        """Apply *heard* in one transaction; raises `Unavailable`, then nothing is."""
