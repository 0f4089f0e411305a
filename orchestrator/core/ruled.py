"""What people ruled of a case, as events; each is kept in the case's history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.grounds import Ground
from orchestrator.core.holds import (
    HoldReason,
    OpeningReason,
    ReturnReason,
    UseStopping,
)
from orchestrator.core.tasks import GateReason
from orchestrator.core.words import AccountId, Result
from schemas.connecting import ActionClass, TaskId


@dataclass(frozen=True, slots=True)
class CaseHeld:
    """
    A person stopped these classes of action, or looked at their hold again.

    What protects is never stopped.  Without `review_at` the register says when.
    """

    at: datetime
    classes: frozenset[ActionClass]
    reason: HoldReason
    by: str
    owner: str | None = None
    review_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseReleased:
    """A hold is over; the brake's needs two people."""

    at: datetime
    reason: HoldReason
    by: str
    also_by: str | None = None


@dataclass(frozen=True, slots=True)
class CaseApproved:
    """A reviewer lets the case go on; where the register wants two, each says so."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CaseRefused:
    """A reviewer refuses the request, or the erasure of these record classes only."""

    at: datetime
    ground: Ground
    by: str
    record_classes: frozenset[str] = frozenset()
    also_by: str | None = None  # where two decided on many cases together


@dataclass(frozen=True, slots=True)
class GateOpened:
    """A person lets a task go on that waits behind a gate of order for too long."""

    at: datetime
    task: TaskId
    gate: GateReason  # the gate that they saw shut; another one stays
    reason: OpeningReason
    by: str


@dataclass(frozen=True, slots=True)
class ReturnRuled:
    """A person says why somebody who was erased is there again, and so what follows."""

    at: datetime
    task: TaskId  # the read-back that found them
    reason: ReturnReason
    by: str


@dataclass(frozen=True, slots=True)
class UseStopped:
    """
    A person says that what is not erased is only stored and protected by now.

    Without `account` it is said of all of them.
    """

    at: datetime
    means: UseStopping
    by: str
    account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class StatementLost:
    """Two people let the log go on without this statement of the case."""

    at: datetime
    number: int
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerDoubted:
    """A lost statement may have answered this request, under a case nobody knows."""

    at: datetime
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerRuled:
    """A person found out how the case was answered, or that it was not (no result)."""

    at: datetime
    result: Result | None
    by: str


AnswerRuling = StatementLost | AnswerDoubted | AnswerRuled
CaseRuling = CaseHeld | CaseReleased | CaseApproved | CaseRefused | GateOpened
