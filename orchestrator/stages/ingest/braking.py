"""
Which erasures of a batch go on, and which the brake holds.

They are counted in the transaction that opens their cases, so that a crash counts
nothing twice and several processes together stay below the same limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from orchestrator.core.intake.brake import ALL_SOURCES, Brake, counts, overrun
from orchestrator.core.words import CaseId
from orchestrator.engine import NewCase
from orchestrator.ports import BrakeKey, Counted, Pull, Transaction
from orchestrator.stages.ingest.opening import IngestParts

log = structlog.get_logger()


@dataclass(slots=True)
class Braking:
    """What one transaction counts; `tell` says afterwards what people must know."""

    parts: IngestParts
    transaction: Transaction
    brakes: dict[BrakeKey, Brake] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)
    held: dict[CaseId, str] = field(default_factory=dict)
    begun: list[Brake] = field(default_factory=list)  # held nothing in this hour so far

    def braked(
        self, openings: Sequence[NewCase], sources: Mapping[CaseId, str]
    ) -> list[NewCase]:
        """Count *openings*, and return them with a hold on what comes too much."""
        keys = {
            key
            for new in openings
            if counts(new.opening.rights, new.opening.rehearsal)
            for key in _keys(new, sources)
        }
        if not keys:
            return list(openings)
        now = self.parts.clock.now()
        self.brakes.update(self.transaction.lock_brakes(keys, now))
        braked = [self._counted(new, sources, now) for new in openings]
        brakes = list(self.brakes.values())
        self.transaction.save_counted(Counted(brakes, self.pulls, self.held))
        return braked

    def follow(self, led: Sequence[NewCase]) -> None:
        """
        Let those who are answered with a held case be released with it.

        Nothing is erased for them, so they are not counted; but one of them goes on by
        itself, held, if its lead is withdrawn.
        """
        leads = {new.opening.case: new.opening.led_by for new in led}
        pairs = {case: lead for case, lead in leads.items() if lead is not None}
        self.transaction.hold_beside(pairs)

    def tell(self) -> None:
        """Say, once it is durable, that the brake was pulled, or holds on."""
        for pull in self.pulls:
            log.error(
                "brake_pulled",
                pull=pull.id,
                controller=pull.controller,
                cause=pull.overrun.cause.value,
                count=pull.overrun.counted,
                advice="Look with `erasure brake status` and `erasure brake sample`.",
            )
        news = {pull.id for pull in self.pulls}
        for brake in self.begun:
            if brake.pull not in news:
                log.warning("brake_holds", pull=brake.pull, controller=brake.controller)

    def _counted(
        self, new: NewCase, sources: Mapping[CaseId, str], now: datetime
    ) -> NewCase:
        """Count one request; returns it with a hold if a brake of it is pulled."""
        if not counts(new.opening.rights, new.opening.rehearsal):
            return new
        keys = _keys(new, sources)
        if not any(self.brakes[key].pull for key in keys):
            self._pull_if_too_many(keys, now)
        pulled = [one for key in keys if (one := self.brakes[key]).pull is not None]
        if not pulled:
            for key in keys:
                self.brakes[key] = self.brakes[key].let_pass()
            return new
        for one in pulled:
            if not one.held:
                self.begun.append(one)
            self.brakes[one.controller, one.source] = one.hold()
        # The brake of the source itself goes before that of all of them together.
        self.held[new.opening.case] = str(pulled[0].pull)
        return replace(new, opening=replace(new.opening, is_braked=True))

    def _pull_if_too_many(self, keys: Sequence[BrakeKey], now: datetime) -> None:
        """Pull the first brake of *keys* whose limit one more erasure passes."""
        for key in keys:
            brake = self.brakes[key]
            found = overrun(brake, self.parts.limits_for(*key))
            if found is not None:
                pull = Pull(self.parts.clock.new_id("b"), *key, found, now)
                self.pulls.append(pull)
                self.brakes[key] = replace(brake, pull=pull.id)
                return


def _keys(new: NewCase, sources: Mapping[CaseId, str]) -> tuple[BrakeKey, BrakeKey]:
    """Name what a request counts for: its source, and all of its controller's."""
    controller = new.plan.controller
    return (controller, sources[new.opening.case]), (controller, ALL_SOURCES)
