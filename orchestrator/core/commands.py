"""What a decision asks the outside to do, in the imperative."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.cases import Case
from orchestrator.core.events import CaseExtended
from orchestrator.core.leading import LeadingEvent
from orchestrator.core.words import CaseId
from schemas.case_events import CaseEvent


@dataclass(frozen=True, slots=True)
class Publish:
    """Send this event about the case to the portal; free of personal data."""

    event: CaseEvent


@dataclass(frozen=True, slots=True)
class TellSubjectsCases:
    """Tell the subject's other open cases that this case's export opened or settled."""

    settled: bool


@dataclass(frozen=True, slots=True)
class TellCase:
    """Apply this event to the case on the other side of an attachment, at once."""

    case: CaseId
    event: LeadingEvent | CaseExtended


Command = Publish | TellSubjectsCases | TellCase


@dataclass(frozen=True, slots=True)
class Decision:
    """The next state and the work it calls for."""

    case: Case
    commands: tuple[Command, ...] = ()
