"""What the brake needs of the store: counting at the opening, and letting go after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.core.grounds import Ground
from orchestrator.core.intake.brake import Brake, BrakeState, Overrun
from orchestrator.core.words import CaseId

BrakeKey = tuple[str, str]
"""A controller and a source."""


@dataclass(frozen=True, slots=True)
class Pull:
    """That the brake of a source was pulled, and why."""

    id: str
    controller: str
    source: str
    overrun: Overrun
    at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """What one transaction counted: brakes as they are now, and what they hold."""

    brakes: Sequence[Brake]
    pulls: Sequence[Pull]
    held: Mapping[CaseId, str]


@dataclass(frozen=True, slots=True)
class LetGo:
    """A case that two people have decided on with all others of its pull."""

    case: CaseId
    state: BrakeState
    by: str
    also_by: str
    ground: Ground | None


class Brakes(Protocol):
    """Cases that the brake held, once two people have decided on them."""

    def decided(self, after: str, limit: int) -> Sequence[LetGo]:
        """Return decided cases that still wait for it, in order, from an id on."""

    def forget(self, cases: Collection[CaseId]) -> None:
        """Note that the brake holds these cases no more."""
