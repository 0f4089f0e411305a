"""
What happened, in the past tense; times, ids and jitter arrive inside.

Each event is about one case.  Values are free of personal data, because every
applied event is kept in the case's history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.cases import TaskItem
from orchestrator.core.keyed import KeyEvent
from orchestrator.core.later import LaterEvent
from orchestrator.core.leading import LeadingEvent
from orchestrator.core.ruled import AnswerRuling, CaseRuling, ReturnRuled, UseStopped
from orchestrator.core.words import (
    CallId,
    CaseId,
    ExtensionReason,
    Result,
    StatementKind,
)
from schemas.connecting import (
    Cancelled,
    IdentifierType,
    ItemId,
    Outcome,
    TaskId,
    TooLate,
)
from schemas.withdrawals import WithdrawalReason

# --- what a call learned, beyond the connector's own outcomes ---------------------


@dataclass(frozen=True, slots=True)
class ItemsLocated:
    """Records found; `learned` names only types of which a value is new to the case."""

    items: tuple[TaskItem, ...]
    learned: frozenset[IdentifierType] = frozenset()
    kind: Literal["items_located"] = "items_located"


@dataclass(frozen=True, slots=True)
class MatchesConflicted:
    """Matches carry conflicting exclusive identifiers; a person chooses."""

    candidates: tuple[tuple[TaskItem, ...], ...]
    kind: Literal["matches_conflicted"] = "matches_conflicted"


@dataclass(frozen=True, slots=True)
class ItemsLookedAt:
    """A look saw which items are still `present`; `told` is false if it cannot tell."""

    present: frozenset[ItemId]
    redacted: bool = False
    told: bool = True
    kind: Literal["items_looked_at"] = "items_looked_at"


@dataclass(frozen=True, slots=True)
class CheckFailed:
    """A poll or look did not get through; the job itself is untouched."""

    cause: str
    after_seconds: float | None = None
    kind: Literal["check_failed"] = "check_failed"


@dataclass(frozen=True, slots=True)
class BatchRefused:
    """A call of `size` tasks was refused as a whole: nothing happened to any."""

    size: int
    kind: Literal["batch_refused"] = "batch_refused"


Report = (
    Outcome
    | ItemsLocated
    | MatchesConflicted
    | ItemsLookedAt
    | CheckFailed
    | BatchRefused
    | Cancelled
    | TooLate
)


Attested = Literal["done", "nothing_found", "exported", "notified"]


# --- events -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskReported:
    """
    A call of a task ended, and this is what it learned.

    `items` are the items the call carried; `call` names the durable call (or the job
    that was polled); `jitter` in [0, 1) spreads retries.  `epoch` is the ownership
    under which the task was claimed: news from an ended ownership changes nothing.
    `calls_before` is what `Task.calls` was at the claim: with it, a report that arrives
    twice is known even after the task was claimed again.
    """

    at: datetime
    task: TaskId
    report: Report
    epoch: int
    call: CallId | None = None
    items: tuple[ItemId, ...] = ()
    jitter: float = 0.0
    calls_before: int | None = None


@dataclass(frozen=True, slots=True)
class CallReported:
    """
    The processor spoke of a call by itself: by a callback, or by a confirmation.

    It needs no claim and may come at any time, any number of times.  `items` are those
    that the call carried for this task.
    """

    at: datetime
    task: TaskId
    report: Report
    call: CallId
    items: tuple[ItemId, ...] = ()
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskReleased:
    """A claim ended without a send (lease lost, account paused, shutdown)."""

    at: datetime
    task: TaskId
    epoch: int


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The moment the case waited for has come."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PersonChose:
    """
    A person said which candidates are the person; 0-based, empty: none of them.

    `learned` names types of which the chosen records taught a new value.
    """

    at: datetime
    task: TaskId
    chosen: tuple[int, ...]
    by: str
    learned: frozenset[IdentifierType] = frozenset()


@dataclass(frozen=True, slots=True)
class PersonRetried:
    """A person asked for another try now."""

    at: datetime
    task: TaskId
    by: str


@dataclass(frozen=True, slots=True)
class PersonClosed:
    """A person ended a task with a reason code; the receipt prints it."""

    at: datetime
    task: TaskId
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class PersonAssigned:
    """Manual work got another assignee: a team, a role, or a pseudonym."""

    at: datetime
    task: TaskId
    to: str
    by: str


@dataclass(frozen=True, slots=True)
class IdentifiersShown:
    """The assignee of manual work was shown the person's identifiers."""

    at: datetime
    task: TaskId
    by: str
    types: tuple[IdentifierType, ...]


@dataclass(frozen=True, slots=True)
class PersonAttested:
    """
    A person says how manual work ended, and brought a file as evidence.

    `sha256` is the file's digest; `rows` counts the rows of a copy.
    """

    at: datetime
    task: TaskId
    outcome: Attested
    sha256: str
    by: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class RequestWithdrawn:
    """The person, or whoever sent the request, withdrew it; `by` says on whose word."""

    at: datetime
    by: str
    reason: WithdrawalReason


@dataclass(frozen=True, slots=True)
class CaseExtended:
    """A person extends the deadline; the notice with the reason is theirs to send."""

    at: datetime
    reason: ExtensionReason
    by: str


@dataclass(frozen=True, slots=True)
class IdentityAsked:
    """Somebody doubts who the person is, and has them asked."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class IdentityReceived:
    """The person has shown who they are."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class EvidenceOpened:
    """Somebody took a person's evidence out of the vault; it stays until it expires."""

    at: datetime
    task: TaskId
    by: str


@dataclass(frozen=True, slots=True)
class ExportSealed:
    """The package is complete, encrypted and durable."""

    at: datetime
    sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExportCollected:
    """The portal, or the person, has the copy since `collected_at`."""

    at: datetime
    by: str
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class ExportDownloaded:
    """An operator took the copy out of the vault; it stays until it expires."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ExportShredded:
    """The export key is destroyed."""

    at: datetime


@dataclass(frozen=True, slots=True)
class StatementSigned:
    """
    A statement is signed; it holds only if the case is still at `case_version`.

    What it says was read from that version: news in between makes it void.
    """

    at: datetime
    number: int
    kind: StatementKind
    sha256: str
    key_id: str
    case_version: int


@dataclass(frozen=True, slots=True)
class StatementRecovered:
    """
    A statement signed before our database was restored came back from the archive.

    `result` is what the final one says; it holds whatever the restored case believes.
    `carried_out` is what a supplement told of, so that it is not done and told again.
    """

    at: datetime
    number: int
    kind: StatementKind
    sha256: str
    key_id: str
    signed_at: datetime
    result: Result | None = None
    carried_out: frozenset[CarriedOut] = frozenset()


@dataclass(frozen=True, slots=True)
class SiblingExportOpened:
    """Another open case of this subject asks for a copy: it comes first."""

    at: datetime
    case: CaseId


@dataclass(frozen=True, slots=True)
class SiblingExportSettled:
    """The other case's copy is sealed, or will not come."""

    at: datetime
    case: CaseId


Event = (
    TaskReported
    | CallReported
    | TaskReleased
    | TimePassed
    | PersonChose
    | PersonRetried
    | PersonClosed
    | PersonAssigned
    | IdentifiersShown
    | PersonAttested
    | EvidenceOpened
    | RequestWithdrawn
    | CaseExtended
    | IdentityAsked
    | IdentityReceived
    | ExportSealed
    | ExportCollected
    | ExportDownloaded
    | ExportShredded
    | StatementSigned
    | StatementRecovered
    | KeyEvent
    | SiblingExportOpened
    | SiblingExportSettled
    | CaseRuling
    | AnswerRuling
    | ReturnRuled
    | UseStopped
    | LaterEvent
    | LeadingEvent
)
