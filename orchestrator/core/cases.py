"""
A case and its tasks as frozen values: every state, what it means, who ends it.

Nothing here identifies a person: items carry keyed hashes of the processor's own
references, and the references themselves are in the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from orchestrator.core.plan import Plan, PlannedAccount
from orchestrator.core.words import (
    COPY_RIGHTS,
    AccountId,
    CallId,
    CaseId,
    Level,
    Result,
    Right,
    StatementKind,
    SubjectRef,
)
from schemas.connecting import (
    Action,
    ActionClass,
    Evidence,
    IdentifierType,
    ItemId,
    Outcome,
    Retained,
    TaskId,
)


class CaseStatus(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    """Opened, but the register names no account: unplanned.  An operator moves it on; never sealed."""
    RUNNING = "running"
    """Tasks are under way.  The last settled task moves it on; stays until `due_at` at the latest by duty."""
    ANSWERED = "answered"
    """The final receipt is signed.  `forget` and expiring obligations move it on; may stay for years."""
    CLOSED = "closed"
    """Nothing more is owed.  Nobody moves it on."""


class TaskStatus(StrEnum):
    """Where a task stands; every status but `settled` has a next moment."""

    PLANNED = "planned"
    """Behind a gate.  The core moves it on when the gate opens; `gate.opens_at` is the latest moment."""
    READY = "ready"
    """May be called now.  `work` claims it; seconds."""
    CALLED = "called"
    """Claimed by the worker that owns the account.  Its report, or the next owner, moves it on."""
    WAITING = "waiting"
    """Waits for `wake_at`: a retry, a job, or a look.  `work` claims it then."""
    NEEDS_HUMAN = "needs_human"
    """A person must choose, retry or close.  Stays until somebody does; due before `dispatch_by`."""
    WITH_PERSON = "with_person"
    """Manual work handed to an assignee.  Their attestation moves it on."""
    SETTLED = "settled"
    """Has its outcome.  Nobody moves it on; late news may raise its evidence."""


class Step(StrEnum):
    """What the next call of a task does."""

    ACT = "act"
    POLL = "poll"
    LOOK = "look"


class ItemState(StrEnum):
    """How far one record has come."""

    OPEN = "open"
    ACCEPTED = "accepted"
    GONE = "gone"
    NEVER_SEEN = "never_seen"  # an unproven item the processor does not know
    KEPT = "kept"


class GateReason(StrEnum):
    """What a planned task waits for."""

    IDENTIFIERS = "identifiers"
    LOCATE = "locate"
    FED_LOCATE = "fed_locate"
    EXPORT = "export"
    FEEDER = "feeder"
    OTHERS = "others"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Gate:
    """Why a task waits, and the moment after which a person may open the gate."""

    reason: GateReason
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class TaskItem:
    """One found record: a keyed hash for a name, and what is to happen to it."""

    id: ItemId
    kind: str
    record_class: str
    started_on: date | None
    proven: bool
    state: ItemState = ItemState.OPEN
    evidence: Evidence | None = None
    rule: str | None = None
    keep_until: date | None = None


@dataclass(frozen=True, slots=True)
class OpenCall:
    """An accepted job of this task: which items, when to ask, when it must be over."""

    id: CallId
    items: tuple[ItemId, ...]
    check_at: datetime
    late_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What `locate` settled with."""

    count: int
    kind: str = "found"


@dataclass(frozen=True, slots=True)
class Task:
    """One (case, account, action)."""

    id: TaskId
    account: AccountId
    action: Action
    status: TaskStatus
    dispatch_by: datetime
    step: Step = Step.ACT
    wake_at: datetime | None = None
    gate: Gate | None = None
    reason: str | None = None  # code: why it waits or needs a person
    hint: str | None = None
    items: tuple[TaskItem, ...] = ()
    open_calls: tuple[OpenCall, ...] = ()
    attempts: int = 0  # failed tries in a row
    calls: int = 0  # calls made
    looks: int = 0  # empty looks so far
    misses: int = 0  # looks that still saw what should be gone
    answers_lost: int = 0
    ask_again: bool = False  # new identifiers arrived while it was called
    choices: tuple[tuple[TaskItem, ...], ...] = ()  # candidates a person chooses from
    outcome: Outcome | Found | None = None
    retained: tuple[Retained, ...] = ()
    identifier_types: frozenset[IdentifierType] = frozenset()
    first_called_at: datetime | None = None
    settled_at: datetime | None = None
    epoch: int | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the task has its outcome."""
        return self.status is TaskStatus.SETTLED

    @property
    def is_accepted(self) -> bool:
        """Whether all that is to erase was at least accepted by the processor."""
        if self.is_settled:
            return True
        return bool(self.items) and all(item.state is not ItemState.OPEN for item in self.items)

    def open_items(self) -> tuple[TaskItem, ...]:
        """Return the items still to act on."""
        return tuple(item for item in self.items if item.state is ItemState.OPEN)


class ExportStatus(StrEnum):
    """How far the copy has come."""

    NOT_ASKED = "not_asked"
    GATHERING = "gathering"
    SEALED = "sealed"
    SHREDDED = "shredded"


class Wants(StrEnum):
    """What a stage must do for a case next; indexed, so that the stage finds it."""

    SEAL_EXPORT = "seal_export"
    SEAL_STATEMENT = "seal_statement"
    FORGET_IDENTITY = "forget_identity"
    SHRED_EXPORT = "shred_export"


@dataclass(frozen=True, slots=True)
class Obligation:
    """What is still owed after the answer: an erasure when retention ends."""

    account: AccountId
    record_class: str
    rule: str
    due_on: date
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A numbered, signed statement of the case."""

    number: int
    kind: StatementKind
    sha256: str
    key_id: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """How the portal verified the person."""

    method: str
    level: Level
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """Our handling of one request; `plan` is the pinned register version's."""

    id: CaseId
    controller: str
    subject: SubjectRef
    request_id: str
    rights: frozenset[Right]
    jurisdiction: str
    locale: str
    channel: str
    received_at: datetime
    opened_at: datetime
    due_at: datetime
    due_rule: str
    verification: Verification
    plan: Plan
    identifier_types: frozenset[IdentifierType]
    status: CaseStatus = CaseStatus.RECEIVED
    version: int = 1
    tasks: Mapping[TaskId, Task] | None = None
    waits_for_exports: frozenset[CaseId] = frozenset()
    held: frozenset[ActionClass] = frozenset()
    export: ExportStatus = ExportStatus.NOT_ASKED
    export_sha256: str | None = None
    export_expires_at: datetime | None = None
    shred_export_now: bool = False
    statements: tuple[Statement, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    identity_held: bool = True
    result: Result | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    wake_at: datetime | None = None

    @property
    def all_tasks(self) -> Mapping[TaskId, Task]:
        """Every task by its id."""
        return self.tasks or {}

    @property
    def asks_copy(self) -> bool:
        """Whether a right of this case calls for an export."""
        return bool(self.rights & COPY_RIGHTS)

    def task(self, account: AccountId, action: Action) -> Task | None:
        """Return the task of *account* for *action*, if there is one."""
        return self.all_tasks.get(task_id(self.id, account, action))

    def tasks_of(self, action: Action) -> tuple[Task, ...]:
        """Return every task of one action."""
        return tuple(task for task in self.all_tasks.values() if task.action is action)

    def planned(self, task: Task) -> PlannedAccount:
        """Return the plan of a task's account."""
        return self.plan.account(task.account)

    def with_task(self, task: Task) -> Case:
        """Return the case with *task* in place of its older self."""
        return replace(self, tasks={**self.all_tasks, task.id: task})

    @property
    def wants(self) -> Wants | None:
        """What a stage must do next, if anything."""
        tasks = self.all_tasks.values()
        if self.status is CaseStatus.RUNNING:
            copied = self.export is not ExportStatus.GATHERING
            if not copied and all(t.is_settled for t in tasks if t.action is Action.EXPORT):
                return Wants.SEAL_EXPORT
            if copied and tasks and all(t.is_settled for t in tasks):
                return Wants.SEAL_STATEMENT
        if self.status is CaseStatus.ANSWERED:
            if self.identity_held:
                return Wants.FORGET_IDENTITY
            if self.export is ExportStatus.SEALED and self.shred_export_now:
                return Wants.SHRED_EXPORT
        return None


def task_id(case: CaseId, account: AccountId, action: Action) -> TaskId:
    """Name a task: readable, stable, unique within the installation."""
    return TaskId(f"{case}.{account}.{action}")
