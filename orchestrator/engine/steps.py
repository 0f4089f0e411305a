"""What the engine is given: steps, new cases and announcements; and whom they stir."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.events import Event
from orchestrator.core.intake.opening import Opening
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId
from orchestrator.ports import Write


class Stirred(StrEnum):
    """The stages that a step may have given something to do."""

    WORK = "work"
    SEAL = "seal"
    RELAY = "relay"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message that goes out with a step, beside what the decision publishes."""

    topic: str
    type: str
    data: str
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One event of one case, with what must be stored together with its effect."""

    case: CaseId
    event: Event
    writes: tuple[Write, ...] = ()
    announcements: tuple[Announcement, ...] = ()


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open, with the keys and sealed identifiers it starts with."""

    opening: Opening
    plan: Plan
    writes: tuple[Write, ...]
