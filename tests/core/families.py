"""
Requests of one person for the same, and what must hold among their cases.

A family delivers what the cases tell one another at once, as the engine does in one
transaction; to each of them anything may happen meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.commands import Command, TellCase
from orchestrator.core.decide import decide
from orchestrator.core.events import Event, RequestWithdrawn
from orchestrator.core.intake.attaching import may_lead, wish_of
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId, Right, StatementKind
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import DAY, T0, an_opening
from tests.core.events_at_random import LIKELY, Move, play
from tests.core.world import World

MOST = 4
_OVER = frozenset({CaseStatus.ANSWERED, CaseStatus.CLOSED})


class Member(World):
    """A case of a family: what it tells the others is heard at once."""

    def __init__(self, case: Case, family: Family) -> None:
        """Begin with an opened case."""
        self._family = family
        super().__init__(case, family.now)

    def apply(self, event: Event) -> bool:
        """Apply *event* here, and what follows from it elsewhere."""
        commands = decide(self.case, event).commands
        changed = super().apply(event)
        if changed:
            self._family.deliver(commands)
        return changed


class Family:
    """The cases of one person, by their ids."""

    def __init__(self, plan: Plan, rights: frozenset[Right]) -> None:
        """Begin with one request."""
        self.now = T0
        self._plan, self._rights = plan, rights
        self._past: dict[CaseId, list[Event]] = {}
        self.members: dict[CaseId, Member] = {}
        self._open(None, 0)

    @property
    def cases(self) -> Sequence[Case]:
        """The cases as they stand, oldest first."""
        return [member.case for member in self.members.values()]

    def step(self, rng: Random) -> None:
        """Let something happen: another request, a withdrawal, or anything to one."""
        kind = rng.random()
        if kind < 0.04 and len(self.members) < MOST:
            self._ask_again(rng)
        else:
            member = rng.choice(list(self.members.values()))
            member.now = max(member.now, self.now)
            if kind < 0.06:
                reason = WithdrawalReason.BY_PERSON
                member.apply(RequestWithdrawn(member.now, "portal", reason))
            else:
                move = Move(rng.choice(LIKELY), rng.getrandbits(32))
                play(member, move, self._past[member.case.id])
            self.now = max(self.now, member.now)
        self._check()

    def deliver(self, commands: Sequence[Command]) -> None:
        """Let cases hear what they are told."""
        for command in commands:
            if isinstance(command, TellCase):
                self.members[command.case].apply(command.event)

    def _ask_again(self, rng: Random) -> None:
        """Let the person ask for the same again; a letter may have lain for days."""
        wish = wish_of(an_opening(rights=self._rights), self._plan)
        able = [case.id for case in self.cases if may_lead(case, wish)]
        self._open(able[0] if able else None, rng.randint(0, 12))

    def _open(self, lead: CaseId | None, days: int) -> None:
        """Open a case for a request that was received so many days ago."""
        number = len(self.members) + 1
        opening = an_opening(
            case=CaseId(f"case-{number}"),
            request_id=f"request-{number}",
            rights=self._rights,
            at=self.now,
            received_at=self.now - days * DAY,
            led_by=lead,
        )
        decision = open_case(opening, self._plan)
        self._past[opening.case] = []
        self.members[opening.case] = Member(decision.case, self)
        self.deliver(decision.commands)

    def _check(self) -> None:
        """Check that nobody is left behind, and that no clock is passed over."""
        for case in self.cases:
            if case.status is CaseStatus.ATTACHED:
                self._check_attached(case)
            for led in case.leads:
                known = self.members[led.case].case
                is_open = case.status is CaseStatus.RUNNING
                assert not is_open or known.status is CaseStatus.ATTACHED
            if case.led_by and case.status in _OVER and case.withdrawn_at is None:
                self._check_answered(case)

    def _check_attached(self, case: Case) -> None:
        """Check that an open case answers for *case*, and in time."""
        assert not case.all_tasks, "what another case does is not done twice"
        assert case.led_by is not None
        lead = self.members[case.led_by].case
        assert lead.status is CaseStatus.RUNNING, "nobody answers it"
        assert lead.withdrawn_at is None, "its lead took it along"
        assert case.id in {led.case for led in lead.leads}, "its lead forgot it"
        is_moved = case.extension is not None or lead.extension is not None
        assert is_moved or lead.due_at <= case.due_at, "its own date is passed over"

    def _check_answered(self, case: Case) -> None:
        """Check that both were answered with the same statement."""
        assert case.led_by is not None
        lead = self.members[case.led_by].case
        finals = {one.sha256 for one in lead.statements if _is_final(one.kind)}
        mine = {one.sha256 for one in case.lead_statements if _is_final(one.kind)}
        assert mine, "answered without an answer"
        assert mine == finals, "answered with another statement"
        assert case.result is lead.result


def _is_final(kind: StatementKind) -> bool:
    """Tell whether a statement answers."""
    return kind is StatementKind.FINAL
