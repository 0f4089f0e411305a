"""What people see and decide of a pulled brake: two of them, each after a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.adapters.intake.brakes import SAMPLE, PullView, Said
from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, Found
from orchestrator.core.grounds import Ground
from orchestrator.core.intake.brake import WHOLESALE, BrakeState, allowed_in
from orchestrator.errors import NotPossible
from orchestrator.stages.let_go import Gone
from schemas.connecting import Action


@dataclass(frozen=True, slots=True)
class BrakeLine:
    """What was counted of one source, against its limits, and what it holds."""

    controller: str
    source: str
    this_hour: int
    allowed_this_hour: int
    limit: str
    usual: float | None
    last_day: int
    allowed_per_day: int | None
    is_pulled: bool
    pull: str | None
    since: datetime | None
    held: int
    held_people: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class BrakesView:
    """Every source that is counted, and every pull that is not over."""

    sources: tuple[BrakeLine, ...]
    pulls: tuple[PullView, ...]


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A held case, without a word that identifies; nothing of it was erased."""

    case: str
    received_at: datetime
    rights: tuple[str, ...]
    jurisdiction: str
    channel: str
    level: str
    method: str
    identifier_types: tuple[str, ...]
    accounts: int
    searched: int
    found_in: int
    due_at: datetime


class Braking:
    """Shows and ends pulls; raises `NotPossible` where that does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._brakes = installation.brakes
        self._queries = Queries(installation.database)

    def status(self) -> BrakesView:
        """Return what is counted and what is pulled."""
        now, register = self._parts.clock.now(), self._parts.register
        pulls = {pull.id: pull for pull in self._brakes.pulls()}
        lines = []
        for one in self._brakes.counted(now):
            limits = register.limits_for(one.controller, one.source)
            cause, allowed = allowed_in(limits, one.usual)
            pull = pulls.get(one.pull or "")
            line = BrakeLine(
                controller=one.controller,
                source=one.source,
                this_hour=one.fresh_hour,
                allowed_this_hour=allowed,
                limit=cause.value,
                usual=one.usual,
                last_day=one.fresh_day,
                allowed_per_day=limits.per_day,
                is_pulled=one.pull is not None,
                pull=one.pull,
                since=pull.pulled_at if pull else None,
                held=pull.held if pull else 0,
                held_people=pull.people if pull else 0,
                next_due_at=pull.next_due_at if pull else None,
            )
            lines.append(line)
        return BrakesView(tuple(lines), tuple(pulls.values()))

    def sample(
        self, source: str, controller: str | None, count: int, by: str
    ) -> Sequence[SampleLine]:
        """Return some held cases by chance, and keep that *by* was shown them."""
        pull = self._pulled(source, controller)
        cases = self._brakes.sample(pull.id, count)
        lines = [_sample_line(self._queries.case_now(case)) for case in cases]
        at = self._parts.clock.now()
        self._brakes.note(pull.id, Said(by, at, SAMPLE, tuple(cases)))
        return lines

    def release(self, source: str, controller: str | None, by: str) -> bool:
        """Let what is held go on; tells whether it stands, or a second must say so."""
        return self._decide(source, controller, by, BrakeState.RELEASED, None)

    def refuse(
        self, source: str, controller: str | None, by: str, ground: Ground
    ) -> bool:
        """Refuse all that is held; tells whether it stands, or a second must."""
        if ground not in WHOLESALE:
            raise NotPossible(
                "What is held is refused together on a ground that fits under every law"
                f" ({', '.join(WHOLESALE)}); else case by case, by `erasure case"
                " refuse`."
            )
        return self._decide(source, controller, by, BrakeState.REFUSED, ground)

    def let_go(self) -> Gone:
        """Take what two people have decided on out of the brake; returns how many."""
        return self._parts.letting_go().everything()

    def _decide(
        self,
        source: str,
        controller: str | None,
        by: str,
        what: BrakeState,
        ground: Ground | None,
    ) -> bool:
        """Keep one person's word."""
        pull = self._pulled(source, controller)
        spelled = None if ground is None else ground.value
        said = Said(by, self._parts.clock.now(), what.value, ground=spelled)
        return self._brakes.decide(pull.id, said)

    def _pulled(self, source: str, controller: str | None) -> PullView:
        """Return the open pull of a source."""
        found = [
            pull
            for pull in self._brakes.pulls()
            if pull.state == BrakeState.PULLED.value
            and pull.source == source
            and controller in {None, pull.controller}
        ]
        if not found:
            raise NotPossible(
                "The brake of this source is not pulled; `erasure brake status` has"
                " all."
            )
        if len(found) > 1:
            names = ", ".join(sorted(pull.controller for pull in found))
            raise NotPossible(f"Say of which controller, with --controller: {names}.")
        return found[0]


def _sample_line(case: Case) -> SampleLine:
    """Return what may be shown of a held case."""
    searches = case.tasks_of(Action.LOCATE)
    return SampleLine(
        case=case.id,
        received_at=case.received_at,
        rights=tuple(sorted(case.rights)),
        jurisdiction=case.jurisdiction,
        channel=case.channel,
        level=case.verification.level.value,
        method=case.verification.method,
        identifier_types=tuple(sorted(case.identifier_types)),
        accounts=len(searches),
        searched=sum(task.is_settled for task in searches),
        found_in=sum(isinstance(task.outcome, Found) for task in searches),
        due_at=case.due_at,
    )
