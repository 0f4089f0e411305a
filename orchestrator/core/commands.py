"""What a decision asks the outside to do, in the imperative."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.cases import Case
from schemas.case_events import CaseEvent


@dataclass(frozen=True, slots=True)
class Publish:
    """Send this event about the case to the portal; free of personal data."""

    event: CaseEvent


@dataclass(frozen=True, slots=True)
class TellSubjectsCases:
    """Tell the subject's other open cases that this case's export opened or settled."""

    settled: bool


Command = Publish | TellSubjectsCases


@dataclass(frozen=True, slots=True)
class Decision:
    """The next state and the work it calls for."""

    case: Case
    commands: tuple[Command, ...] = ()
