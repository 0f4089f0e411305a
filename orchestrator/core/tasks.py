"""
A task and its items as frozen values: every state, what it means, who ends it.

Nothing here identifies a person: items carry keyed hashes of the processor's own
references, and the references themselves are in the vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from orchestrator.core.afterwards.owed import IDENTITY
from orchestrator.core.words import AccountId, CallId, CaseId
from schemas.connecting import (
    Action,
    Evidence,
    IdentifierType,
    ItemId,
    Outcome,
    Retained,
    TaskId,
)
from schemas.kept_fields import KeptField


class TaskStatus(StrEnum):
    """Where a task stands; every status but `settled` has a next moment."""

    PLANNED = "planned"
    """
    Behind a gate.

    The core moves it on when the gate opens; from `gate.opens_at` on a shut gate is a
    person's concern.
    """
    READY = "ready"
    """May be called now.  `work` claims it; seconds."""
    CALLED = "called"
    """
    Claimed by the worker that owns the account; as long as a call takes.

    Its report moves it on; if the worker dies, the account's next owner reports.
    """
    WAITING = "waiting"
    """Waits for `wake_at`: a retry, a job, or a look.  `work` claims it then."""
    NEEDS_HUMAN = "needs_human"
    """A person must choose, retry or close; wanted before `dispatch_by`."""
    WITH_PERSON = "with_person"
    """
    Manual work handed to an assignee, due at `handover.due_at`.

    Their attestation moves it on; until then time reminds and escalates.
    """
    SETTLED = "settled"
    """
    Has its outcome; nobody moves it on.

    Two exceptions: a search whose items are not in use yet is asked again when another
    account taught an identifier that it accepts, or the portal sent one; and what ended
    for want of an identifier, or found nothing to do, waits again for such a search.
    """


class Step(StrEnum):
    """What the next call of a task does."""

    ACT = "act"
    """Do what the task is for: search, copy, erase."""
    POLL = "poll"
    """Ask how an accepted job is going."""
    LOOK = "look"
    """Read back whether the records are gone."""
    CANCEL = "cancel"
    """Call an accepted job back, because the request was withdrawn."""


class ItemState(StrEnum):
    """How far one record has come."""

    OPEN = "open"
    """Still to act on."""
    ACCEPTED = "accepted"
    """Part of a job that the processor accepted and has not finished."""
    GONE = "gone"
    """Erased; `evidence` says how well that is known."""
    NEVER_SEEN = "never_seen"
    """An unproven item that the processor does not know."""
    KEPT = "kept"
    """
    Kept by a law until `keep_until`, or because what it is of is open (an order).

    No call of this task touches it any more; a follow-up does.
    """


class GateReason(StrEnum):
    """What a planned task waits for."""

    IDENTIFIERS = "identifiers"
    """A search: for an identifier it accepts, which another account may still teach."""
    LOCATE = "locate"
    """The account's items are not frozen: a search could still find more of them."""
    FED_LOCATE = "fed_locate"
    """An account that this one feeds is still being searched."""
    EXPORT = "export"
    """A copy for this subject, in this or another open case, is not sealed."""
    FEEDER = "feeder"
    """An account that feeds this one is not erased."""
    OTHERS = "others"
    """The identity root: another account has not accepted its erasure."""
    COOLING_OFF = "cooling_off"
    """The delay before the first irreversible call; it ends by itself."""
    HOLD = "hold"
    """A hold on the case names this class of action."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Why a task waits, and the moment after which a person may open the gate."""

    reason: GateReason
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class TaskItem:
    """
    One found record: a keyed hash for a name, and what is to happen to it.

    `limited` is a record that a law keeps, and of which the processor is to erase what
    the law does not need, or to mark that it is restricted.  It is open and gone like
    any other; once its task has settled it is kept, and still `limited` if that was
    done.
    """

    id: ItemId
    kind: str
    record_class: str
    started_on: date | None
    proven: bool
    state: ItemState = ItemState.OPEN
    evidence: Evidence | None = None
    rule: str | None = None
    keep_until: date | None = None
    fields: tuple[KeptField, ...] = ()  # what the law needs of it; empty: all
    limited: bool = False


@dataclass(frozen=True, slots=True)
class OpenCall:
    """An accepted job of this task: which items, when to ask, when it must be over."""

    id: CallId
    items: tuple[ItemId, ...]
    check_at: datetime
    late_at: datetime
    is_past_cancelling: bool = False  # it was asked, and the job goes on
    checks: int = 0  # how often it was asked about and still went on


@dataclass(frozen=True, slots=True)
class Handover:
    """Manual work: for whom, until when, and when somebody is reminded of it."""

    due_at: datetime
    remind_at: tuple[datetime, ...]  # still ahead, earliest first
    assignee: str | None = None
    shown_at: datetime | None = None  # when the identifiers were shown last
    reminders: int = 0
    escalations: int = 0


class Rung(StrEnum):
    """How far the silence of an account has been escalated; each once a task."""

    REMINDER = "reminder"
    """Whoever operates this should look: the account does not answer."""
    PROCESSOR = "processor"
    """The data protection officer should write to the recipient by name."""
    BREACH_OF_SLA = "breach_of_sla"
    """The account let the time pass that it had; the receipt says so."""


@dataclass(frozen=True, slots=True)
class Climbed:
    """A rung, and when it was reached."""

    rung: Rung
    at: datetime


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's word that the work is done, and the file that bears it out."""

    at: datetime
    by: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Found:
    """What `locate` settled with."""

    count: int
    kind: Literal["found"] = "found"


@dataclass(frozen=True, slots=True)
class Task:
    """One (case, account, action); and one more for each day of follow-ups."""

    id: TaskId
    account: AccountId
    action: Action
    status: TaskStatus
    dispatch_by: datetime
    step: Step = Step.ACT
    wake_at: datetime | None = None
    gate: Gate | None = None
    opened: frozenset[GateReason] = frozenset()  # gates that a person opened
    reason: str | None = None  # code: why it waits or needs a person
    hint: str | None = None
    items: tuple[TaskItem, ...] = ()
    open_calls: tuple[OpenCall, ...] = ()
    attempts: int = 0  # failed tries in a row
    garbled: int = 0  # answers that nobody could read since something was learned
    calls: int = 0  # calls made
    looks: int = 0  # empty looks so far
    misses: int = 0  # looks that still saw what should be gone
    answers_lost: int = 0
    still_there: tuple[ItemId, ...] = ()  # what a read-back may find: nobody erased it
    seen_open: tuple[ItemId, ...] = ()  # in this round of a follow-up
    # calls that are over for us and whose processor may still sign that it is done
    may_confirm: tuple[CallId, ...] = ()
    is_called_back: bool = False  # a job of it was, so the rest is left alone
    how: str | None = None  # a code: which of several ways its connector chose
    reads_only: bool = False  # of a dry run: the shell lets no write of it leave
    sandbox_only: bool = False  # of a test: no live account hears of it
    sealed_under: str = IDENTITY  # the purpose of the key of what it works with
    ask_again: bool = False  # new identifiers arrived while it was called
    at_most: int | None = None  # tasks in its next call, after a refused batch
    choices: tuple[tuple[TaskItem, ...], ...] = ()  # candidates a person chooses from
    handover: Handover | None = None
    attested: Attestation | None = None
    late_jobs: int = 0  # how often a job was found to be past its time
    heard_at: datetime | None = None  # the account answered last, or was asked anew
    rungs: tuple[Climbed, ...] = ()  # of the ladder, while it was silent
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
    def is_follow_up(self) -> bool:
        """Whether it carries out what was still owed after the answer."""
        return self.sealed_under != IDENTITY

    @property
    def is_read_back(self) -> bool:
        """Whether it looks whether what was erased stays gone."""
        return self.is_follow_up and self.action is Action.LOCATE

    @property
    def is_accepted(self) -> bool:
        """Whether all that is to erase was at least accepted by the processor."""
        if self.is_settled:
            return True
        return bool(self.items) and all(
            item.state is not ItemState.OPEN for item in self.items
        )

    @property
    def has_begun(self) -> bool:
        """Whether this erasure was asked of the processor, or handed to a person."""
        return self.is_asked or self.handover is not None

    @property
    def may_have_changed(self) -> bool:
        """
        Whether anything at the processor may be changed already.

        By a call, or by a person: only once they were shown for whom the work is.
        """
        was_shown = self.handover is not None and self.handover.shown_at is not None
        return self.is_asked or was_shown

    @property
    def is_asked(self) -> bool:
        """Whether a call may have changed anything at the processor."""
        untouched = {ItemState.OPEN, ItemState.KEPT}
        touched = any(item.state not in untouched for item in self.items)
        return touched or bool(self.open_calls or self.answers_lost)

    @property
    def due_job(self) -> OpenCall | None:
        """The job that the next poll or recall is about; the earliest of several."""
        is_recall = self.step is Step.CANCEL
        jobs = self.cancellable() if is_recall else self.open_calls
        return min(jobs, key=lambda one: one.check_at, default=None)

    def cancellable(self) -> tuple[OpenCall, ...]:
        """Return the jobs that nobody has tried to call back."""
        return tuple(one for one in self.open_calls if not one.is_past_cancelling)

    def open_items(self) -> tuple[TaskItem, ...]:
        """Return the items still to act on."""
        return tuple(item for item in self.items if item.state is ItemState.OPEN)


def task_id(case: CaseId, account: AccountId, action: Action) -> TaskId:
    """Name a task: readable, stable, unique within the installation."""
    return TaskId(f"{case}.{account}.{action}")
