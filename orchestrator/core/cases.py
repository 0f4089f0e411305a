"""
A case as a frozen value: every state, what it means, who ends it.

Its tasks are in `tasks`; their names can be imported from here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.changing import replace
from orchestrator.core.deadlines import Deadline
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import Hold, HoldReason, Proposal, Ruling
from orchestrator.core.later import Amendment, Informed
from orchestrator.core.leading import LeadsStatement, Led
from orchestrator.core.plan import Plan, PlannedAccount
from orchestrator.core.tasks import (
    Attestation,
    Found,
    Gate,
    GateReason,
    Handover,
    ItemState,
    OpenCall,
    Step,
    Task,
    TaskItem,
    TaskStatus,
    task_id,
)
from orchestrator.core.words import (
    COPY_RIGHTS,
    AccountId,
    CaseId,
    ExtensionReason,
    Level,
    Mark,
    Rehearsal,
    Result,
    Right,
    StatementKind,
    SubjectRef,
)
from schemas.connecting import (
    Action,
    ActionClass,
    IdentifierType,
    TaskId,
)
from schemas.withdrawals import WithdrawalReason

__all__ = [
    "EVERYTHING",
    "Attestation",
    "Case",
    "CaseStatus",
    "ExportStatus",
    "Extension",
    "Found",
    "Gate",
    "GateReason",
    "Handover",
    "ItemState",
    "Obligation",
    "OpenCall",
    "Scope",
    "Statement",
    "Step",
    "Task",
    "TaskItem",
    "TaskStatus",
    "Verification",
    "Wants",
    "task_id",
]


class CaseStatus(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    """
    Opened, but the register names no account: unplanned, never sealed.

    A withdrawal alone ends it: an operator must see to the register, and have the
    request withdrawn and sent again.
    """
    RUNNING = "running"
    """
    Tasks are under way, or their results wait for the signature.

    The final statement moves it on; the law wants that before `due_at`.
    """
    ATTACHED = "attached"
    """
    Another open case of this person, for the same, answers it.

    That case's answer moves it on, or its own withdrawal; if that case is withdrawn, it
    runs by itself.  Its own clock runs all the time.
    """
    ANSWERED = "answered"
    """
    The final receipt is signed.

    Forgetting and expiring obligations move it on; with records kept by law that may
    take years.
    """
    CLOSED = "closed"
    """Nothing more is owed.  Nobody moves it on."""


class ExportStatus(StrEnum):
    """How far the copy has come."""

    NOT_ASKED = "not_asked"
    """No right of the case calls for a copy."""
    GATHERING = "gathering"
    """Accounts are still being asked; `seal` moves it on once all have answered."""
    SEALED = "sealed"
    """The package can be fetched until `export_expires_at`, then `forget` shreds it."""
    DROPPED = "dropped"
    """
    The request was withdrawn before the copy was sealed: it will not come.

    `forget` destroys what was gathered once no account is being asked any more.
    """
    SHREDDED = "shredded"
    """The package's key is destroyed.  Nobody moves it on."""


class Wants(StrEnum):
    """What a stage must do for a case next; indexed, so that the stage finds it."""

    SEAL_EXPORT = "seal_export"
    """Every account has answered: build, encrypt and store the package."""
    SEAL_STATEMENT = "seal_statement"
    """Every task is settled: sign the final statement."""
    SEAL_INTERIM = "seal_interim"
    """The deadline is near and something is open: sign an interim statement."""
    FORGET_IDENTITY = "forget_identity"
    """The case is answered: destroy the key of what identifies the person."""
    SEAL_SUPPLEMENT = "seal_supplement"
    """What was still owed has been carried out: sign a supplement that says so."""
    FORGET_OWED = "forget_owed"
    """Nothing is owed of an account and year any more: destroy that key."""
    SHRED_EXPORT = "shred_export"
    """The copy was fetched, has expired or was dropped: destroy its key."""


@dataclass(frozen=True, slots=True)
class Extension:
    """When and why the deadline moved; the notice leaves by `send_by`."""

    at: datetime
    reason: ExtensionReason
    send_by: datetime


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
class Scope:
    """What the person limited the request to; `None` limits nothing."""

    accounts: frozenset[AccountId] | None = None
    record_classes: frozenset[str] | None = None

    def names_account(self, account: AccountId) -> bool:
        """Tell whether *account* is within the wish."""
        return self.accounts is None or account in self.accounts

    def names_class(self, record_class: str) -> bool:
        """Tell whether records of *record_class* are within the wish."""
        return self.record_classes is None or record_class in self.record_classes


EVERYTHING = Scope()


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
    scope: Scope = EVERYTHING
    rehearsal: frozenset[Rehearsal] = frozenset()  # empty: for real
    deadline: Deadline | None = None
    status: CaseStatus = CaseStatus.RECEIVED
    version: int = 1
    tasks: Mapping[TaskId, Task] | None = None
    waits_for_exports: frozenset[CaseId] = frozenset()
    holds: tuple[Hold, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    deciders: int = 1  # who must agree on an approval or a refusal
    proposal: Proposal | None = None  # what the first of two said
    cools_until: datetime | None = None  # nothing irreversible before
    refused_for: Ground | None = None
    refused_classes: frozenset[str] = frozenset()  # left alone by a partial refusal
    export: ExportStatus = ExportStatus.NOT_ASKED
    export_sha256: str | None = None
    export_expires_at: datetime | None = None
    export_downloaded_at: datetime | None = None  # the last time
    export_collected_at: datetime | None = None  # as the portal says
    evidence_opened_at: datetime | None = None  # the last time
    shred_export_now: bool = False
    extension: Extension | None = None
    identity_asked_at: datetime | None = None
    identity_received_at: datetime | None = None
    passed: tuple[Mark, ...] = ()  # moments before the deadline, as they passed
    wants_interim: bool = False
    statements: tuple[Statement, ...] = ()
    lost_statements: tuple[int, ...] = ()  # published; nobody has them any more
    unsure_since: datetime | None = None  # it may be answered: a person finds out
    obligations: tuple[Obligation, ...] = ()
    sealed_apart: frozenset[str] = frozenset()  # purposes of keys that outlive identity
    identity_held: bool = True
    leads: tuple[Led, ...] = ()  # requests that are answered with it
    led_by: CaseId | None = None  # what answers it
    lead_statements: tuple[LeadsStatement, ...] = ()
    locked_at: datetime | None = None  # its keys are the DPO's
    unlocked_until: datetime | None = None  # they handed the keys back so long
    amendments: tuple[Amendment, ...] = ()
    informed: tuple[Informed, ...] = ()  # what reached the person
    withdrawn_at: datetime | None = None
    withdrawn_because: WithdrawalReason | None = None
    result: Result | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    wake_at: datetime | None = None

    @property
    def all_tasks(self) -> Mapping[TaskId, Task]:
        """Every task by its id."""
        return self.tasks or {}

    @property
    def next_number(self) -> int:
        """The number of the next statement; a lost one keeps its own."""
        return len(self.statements) + len(self.lost_statements) + 1

    @property
    def held(self) -> frozenset[ActionClass]:
        """The classes of action that any hold stops."""
        if not self.holds:
            return frozenset()
        return frozenset().union(*(hold.classes for hold in self.holds))

    @property
    def is_under_review(self) -> bool:
        """Whether a person must approve or refuse before anything is given or done."""
        is_open = self.withdrawn_at is None
        return is_open and any(h.reason is HoldReason.REVIEW for h in self.holds)

    @property
    def is_braked(self) -> bool:
        """Whether two people must release or refuse what came with too many others."""
        is_open = self.withdrawn_at is None
        return is_open and any(h.reason is HoldReason.BRAKE for h in self.holds)

    @property
    def is_test(self) -> bool:
        """Whether it is about an invented person, at sandbox accounts."""
        return Rehearsal.TEST in self.rehearsal

    @property
    def is_dry_run(self) -> bool:
        """Whether records are searched and counted only."""
        return Rehearsal.DRY_RUN in self.rehearsal

    @property
    def is_identity_doubted(self) -> bool:
        """Whether the person was asked who they are, and has not answered."""
        return self.identity_asked_at is not None and self.identity_received_at is None

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
        """What a stage must do next, if anything; a copy's end waits for nothing."""
        over = self._wants_of_copy()
        if over is not None:
            return over
        if self.status is CaseStatus.RUNNING:
            return self._wants_of_running()
        if self.status is CaseStatus.ANSWERED:
            return self._wants_of_answered()
        return None

    def _wants_of_answered(self) -> Wants | None:
        """Return what is due after the answer."""
        if self.identity_held:
            # What is owed is found only by what is locked away.
            waits = self.locked_at is not None and self.obligations
            return None if waits else Wants.FORGET_IDENTITY
        if any(map(self.is_carried_out, self.obligations)):
            return Wants.SEAL_SUPPLEMENT
        return Wants.FORGET_OWED if self.spent_keys else None

    def is_carried_out(self, owed: Obligation) -> bool:
        """Tell whether the follow-up is over, and what a person ordered after it."""
        task = self.all_tasks.get(owed.task_id(self.id))
        again = self.all_tasks.get(owed.again_id(self.id))
        is_over = task is not None and task.is_settled
        return is_over and (again is None or again.is_settled)

    @property
    def spent_keys(self) -> frozenset[str]:
        """The purposes of keys under which nothing is wanted any more."""
        return self.sealed_apart - {one.sealed_under for one in self.obligations}

    def _wants_of_running(self) -> Wants | None:
        """Return what is due before the answer; nothing is given out under review."""
        is_decided = not self.is_under_review and self.unsure_since is None
        if is_decided and self._is_settled():
            return Wants.SEAL_STATEMENT
        if self.wants_interim:
            return Wants.SEAL_INTERIM  # before the copy, for it leaves by a date
        is_shut = self.is_identity_doubted or self.is_braked or self.locked_at
        copies = self.export is ExportStatus.GATHERING and not is_shut
        if is_decided and copies and self.is_copied:
            return Wants.SEAL_EXPORT
        return None

    def _wants_of_copy(self) -> Wants | None:
        """Return whether the copy's key is to be destroyed."""
        is_over = self.export is ExportStatus.SEALED and self.shred_export_now
        if is_over or (self.export is ExportStatus.DROPPED and self.is_copied):
            return Wants.SHRED_EXPORT
        return None

    @property
    def is_copied(self) -> bool:
        """Whether every account has answered for the copy."""
        return all(task.is_settled for task in self.tasks_of(Action.EXPORT))

    def _is_settled(self) -> bool:
        """Tell whether nothing stands between the case and its final statement."""
        tasks = self.all_tasks.values()
        copied = self.export is not ExportStatus.GATHERING
        is_planned = bool(tasks) or self.withdrawn_at is not None
        return copied and is_planned and all(task.is_settled for task in tasks)
