"""
Two requests for the same: the earlier leads, and the later is answered with it.

What the lead knows of those it leads, what they learn of it, and the events by which
their cases speak to one another, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.deadlines import Deadline
from orchestrator.core.holds import Ruling
from orchestrator.core.words import CaseId, Result, StatementKind


@dataclass(frozen=True, slots=True)
class Led:
    """A case that is answered with this one, and its own clock."""

    case: CaseId
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class LeadsStatement:
    """A statement of the lead: it speaks for the attached request, too."""

    number: int
    kind: StatementKind
    sha256: str
    key_id: str


# --- events of the lead -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestAttached:
    """Another request of this person wants the same; the earlier deadline counts."""

    at: datetime
    led: Led


@dataclass(frozen=True, slots=True)
class RequestDetached:
    """A request that was attached is withdrawn."""

    at: datetime
    case: CaseId


# --- events of the attached ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeadStated:
    """The lead has a statement; with a `result` it is the final one."""

    at: datetime
    case: CaseId
    statement: LeadsStatement
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class LeadExported:
    """The lead's copy is sealed; it can be fetched there."""

    at: datetime
    case: CaseId
    sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LeadRefused:
    """People refused the lead, or a part of it: the same is refused here."""

    at: datetime
    case: CaseId
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class LeadLost:
    """
    The lead is over.  The request is carried out by itself, or led by `to`.

    Whoever goes on by itself leads those that are left, and is braked if the lead was;
    if the lead was answered before a restore, a person finds out about this one, too.
    """

    at: datetime
    case: CaseId
    to: CaseId | None = None
    leads: tuple[Led, ...] = ()
    is_braked: bool = False
    unsure_by: tuple[str, ...] = ()  # who ruled that it was answered with the lead


OfLead = LeadStated | LeadExported | LeadRefused | LeadLost
LeadingEvent = RequestAttached | RequestDetached | OfLead
