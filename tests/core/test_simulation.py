"""Thousands of whole cases under a virtual clock, against processors that misbehave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Task,
    TaskStatus,
    Wants,
)
from orchestrator.core.events import (
    Event,
    ExportSealed,
    ExportShredded,
    PersonChose,
    PersonClosed,
    PersonRetried,
    RequestWithdrawn,
    TimePassed,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import AccountId, Result, StatementKind
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    ItemId,
    NotApplicable,
    NothingFound,
    Proof,
    Replay,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    CUSTOMER,
    DAY,
    DISTINCT,
    ERASURE,
    HOUR,
    INVOICES,
    MAIL,
    SHOP,
    STATS,
    T0,
    a_plan,
    an_account,
    an_opening,
    reported_of,
    signed,
)
from tests.core.processors import Processor, a_processor
from tests.core.world import World

CASES = 1500
MOST_STEPS = 3000  # a case that needs more is stuck
SHA = "0" * 64


def _accounts(rng: Random) -> list[PlannedAccount]:
    """Build the four kinds of account, linked as in a real register."""
    looks = rng.randint(1, 2)
    return [
        an_account(
            MAIL,
            fed_by=(CRM,) if rng.random() < 0.3 else (),
            looks_wanted=looks,
            settle_for=DAY,
        ),
        an_account(
            CRM, yields=frozenset({CUSTOMER}), cancels=frozenset({Action.ERASE})
        ),
        an_account(
            STATS,
            accepts=frozenset({DISTINCT}),
            proof=Proof.STATUS,
            cancels=frozenset({Action.ERASE}),
            replay={Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT},
        ),
        an_account(
            SHOP,
            accepts=frozenset({EMAIL, CUSTOMER}),
            yields=frozenset({DISTINCT}),
            is_identity_root=rng.random() < 0.5,
        ),
    ]


@dataclass(slots=True)
class Simulation:
    """One case with its processors, its stages and a person on call."""

    world: World
    processors: dict[AccountId, Processor]
    rng: Random
    withdrawn_after: int | None = None  # so many steps

    @property
    def case(self) -> Case:
        """The case as it stands."""
        return self.world.case

    def run(self) -> None:
        """Go on until nothing is owed any more, though that takes years."""
        for step in range(MOST_STEPS):
            if self.case.status is CaseStatus.CLOSED:
                return
            if step == self.withdrawn_after:
                reason = WithdrawalReason.BY_PERSON
                self.world.apply(RequestWithdrawn(self.world.now, "portal", reason))
            if not (self._work() or self._stages()):
                self._wait()
        raise AssertionError(f"{self.case.status}: {self.case.all_tasks.values()}")

    def _work(self) -> bool:
        """Make one call that is due, if there is one."""
        due = self.world.due()
        if not due:
            return False
        task = self.world.claim(self.rng.choice(due), epoch=1)
        event = reported_of(task, NothingFound())
        if task.action is Action.ERASE:
            self._check_order(task)
        call = event.call
        assert call is not None
        answer = self.processors[task.account].answer(task, event.items, call)
        jitter = self.rng.random()
        self.world.apply(
            replace(event, at=self.world.now, report=answer, jitter=jitter)
        )
        return True

    def _check_order(self, task: Task) -> None:
        """Check, at the very call, that nothing is erased before its copy."""
        assert self.case.export is not ExportStatus.GATHERING
        copies = self.case.tasks_of(Action.EXPORT)
        assert all(copy.is_settled for copy in copies), task.id

    def _stages(self) -> bool:
        """Let seal and forget do what the case wants."""
        now, wants = self.world.now, self.case.wants
        if wants is None:
            return False
        events: dict[Wants, Event] = {
            Wants.SEAL_EXPORT: ExportSealed(now, SHA, now + 7 * DAY),
            Wants.SEAL_STATEMENT: signed(self.case, at=now),
            Wants.FORGET_IDENTITY: IdentityForgotten(now),
            Wants.SHRED_EXPORT: ExportShredded(now),
            Wants.SEAL_SUPPLEMENT: signed(self.case, StatementKind.SUPPLEMENT, at=now),
            Wants.FORGET_OWED: OwedForgotten(now, self.case.spent_keys),
        }
        assert self.world.apply(events[wants])
        return True

    def _wait(self) -> None:
        """Let time pass to the next moment, or a person see to what needs one."""
        stuck = [
            task
            for task in self.case.all_tasks.values()
            if task.status is TaskStatus.NEEDS_HUMAN
        ]
        if stuck:
            self.world.now += HOUR
            self._person(self.rng.choice(stuck))
            return
        assert self.case.wake_at is not None
        moments = [task.wake_at for task in self.case.all_tasks.values()]
        future = [one for one in moments if one is not None and one > self.world.now]
        self.world.now = min([*future, self.case.wake_at])
        self.world.apply(TimePassed(self.world.now))

    def _person(self, task: Task) -> None:
        """Choose, retry, or after many calls give up."""
        now, id_ = self.world.now, task.id
        if task.choices:
            picks = tuple(range(len(task.choices)))
            self.world.apply(PersonChose(now, id_, picks, "dpo"))
        elif task.calls > 40:
            self.world.apply(PersonClosed(now, id_, "not_reachable", "dpo"))
        else:
            self.world.apply(PersonRetried(now, id_, "dpo"))


def _a_simulation(seed: int) -> Simulation:
    """Open a case over fresh processors."""
    rng = Random(seed)  # noqa: S311 (chance for a test)
    accounts = _accounts(rng)
    opening = an_opening(rights=rng.choice([ERASURE, ACCESS, BOTH]))
    case = open_case(opening, a_plan(*accounts, retention=[INVOICES])).case
    processors = {one.id: a_processor(one, rng) for one in accounts}
    changes_mind = rng.random() < 0.2
    return Simulation(
        World(case, T0, tells_twice=False),
        processors,
        rng,
        withdrawn_after=rng.randint(0, 25) if changes_mind else None,
    )


def _check_truth(case: Case, processors: dict[AccountId, Processor]) -> None:
    """Compare what the case says with what the processors hold."""
    for task in case.tasks_of(Action.ERASE):
        processor = processors[task.account]
        open_to_law = {
            item.id
            for item in task.items
            if task.is_follow_up or item.record_class != "invoice"
        }
        match task.outcome:
            case Done(evidence=Evidence.E2 | Evidence.E4):
                assert not (open_to_law & processor.left), "done and still there"
            case NothingFound():
                followed = _followed_up(case)
                assert processor.erased <= followed, "nothing found of what was erased"
            case NotApplicable(reason="withdrawn"):
                assert not processor.erased, "withdrawn, and erased all the same"
            case _:
                assert task.is_settled
    if case.result is Result.WITHDRAWN:
        assert not any(one.erased for one in processors.values())
    if case.result is Result.COMPLETE and case.tasks_of(Action.ERASE):
        for processor in processors.values():
            known = case.identifier_types & processor.account.accepts
            left = [processor.records[id_] for id_ in processor.left]
            assert not [one for one in left if one.found_by in known]


def _followed_up(case: Case) -> set[ItemId]:
    """Return what was erased after the answer."""
    erasures = case.tasks_of(Action.ERASE)
    return {item.id for task in erasures if task.is_follow_up for item in task.items}


def test_every_case_ends_and_tells_the_truth() -> None:
    """Each of thousands of cases ends, and what it says is so at the processors."""
    ends: Counter[Result | None] = Counter()
    longest = timedelta(0)

    for seed in range(CASES):
        simulation = _a_simulation(seed)
        simulation.run()
        case = simulation.case
        _check_truth(case, simulation.processors)
        ends[case.result] += 1
        longest = max(longest, _span(case.opened_at, case.answered_at))

    # Nobody refuses here: the random events of the other simulation do.
    reached = [result for result in Result if result is not Result.REFUSED]
    assert min(ends[result] for result in reached) > CASES / 50, "too easy a world"
    assert None not in ends
    assert longest < timedelta(days=120)


def _span(begin: datetime, end: datetime | None) -> timedelta:
    """Return how long an answered case took."""
    assert end is not None
    return end - begin
