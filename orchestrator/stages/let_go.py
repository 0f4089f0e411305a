"""
Let go: end, case by case, what the brake held and two people have decided on.

Each turn takes a part in one transaction.  A process that dies in between leaves the
rest as it was: whoever takes the next turn goes on, and nothing is decided twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog

from orchestrator.core.cases import CaseStatus
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.brake import BrakeState
from orchestrator.core.ruled import CaseRefused, CaseReleased
from orchestrator.core.words import CaseId
from orchestrator.engine import Engine, Step
from orchestrator.ports import Brakes, Clock, LetGo, Store

log = structlog.get_logger()

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Gone:
    """
    How many cases two people's decision reached.

    `otherwise` were over before it: withdrawn, refused or released by themselves.
    `later` are in a call in this moment, and follow at a later turn.
    """

    ruled: int = 0
    otherwise: int = 0
    later: int = 0

    @property
    def count(self) -> int:
        """How many the brake holds no more."""
        return self.ruled + self.otherwise

    def __add__(self, other: Gone) -> Gone:
        """Count both."""
        return Gone(
            self.ruled + other.ruled,
            self.otherwise + other.otherwise,
            self.later + other.later,
        )


class LettingGo:
    """Takes decided cases out of the brake; several may run."""

    def __init__(
        self, brakes: Brakes, store: Store, engine: Engine, clock: Clock
    ) -> None:
        """Keep the parts."""
        self._brakes = brakes
        self._store = store
        self._engine = engine
        self._clock = clock

    def turn(self, after: str = "") -> tuple[Gone, str]:
        """
        Take the next cases after the id *after*; returns how many, and the last one.

        A case that cannot be refused in this moment, because its last open task is
        being called, stays for a later turn.
        """
        decided = self._brakes.decided(after, AT_ONCE)
        if not decided:
            return Gone(), ""
        at = self._clock.now()
        applied = self._engine.apply(
            [Step(one.case, _ruling(one, at)) for one in decided]
        )
        unmoved = [
            one.case
            for one, is_news in zip(decided, applied, strict=True)
            if not is_news
        ]
        still = self._still_held(unmoved)
        gone = [one.case for one in decided if one.case not in still]
        if gone:
            self._brakes.forget(gone)
            log.info("brake_let_go", count=len(gone))
        counted = Gone(sum(applied), len(unmoved) - len(still), len(still))
        return counted, decided[-1].case

    def all(self, _now: datetime | None = None) -> int:
        """Take every decided case that can be taken now; returns how many."""
        return self.everything().count

    def everything(self) -> Gone:
        """Take every decided case that can be taken now, and count what became."""
        gone, (counted, last) = Gone(), self.turn()
        while last:
            gone += counted
            counted, last = self.turn(last)
        return gone

    def _still_held(self, ids: Collection[CaseId]) -> Collection[CaseId]:
        """Return which of these cases the brake still holds."""
        if not ids:
            return ()
        with self._store.transaction() as transaction:
            cases = transaction.load_cases(ids)
        return {
            case.id
            for case in cases.values()
            if case.is_braked and case.status is CaseStatus.RUNNING
        }


def _ruling(one: LetGo, at: datetime) -> CaseReleased | CaseRefused:
    """Return what two people decided of a case."""
    match one.state:
        case BrakeState.RELEASED:
            return CaseReleased(at, HoldReason.BRAKE, one.by, one.also_by)
        case BrakeState.REFUSED:
            ground = one.ground or Ground.IDENTITY_UNCONFIRMED
            return CaseRefused(at, ground, one.by, also_by=one.also_by)
        case BrakeState.PULLED:
            raise ValueError("Nobody has decided on what a pulled brake holds.")
        case _:
            assert_never(one.state)
