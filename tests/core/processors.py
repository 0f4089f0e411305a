"""Processors with records of their own, which obey, stall, lose answers and lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from orchestrator.core.cases import Step, Task, TaskItem
from orchestrator.core.events import (
    CheckFailed,
    ItemsLocated,
    ItemsLookedAt,
    MatchesConflicted,
    Report,
)
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import CallId
from schemas.connecting import (
    Accepted,
    Action,
    Cancelled,
    Done,
    Evidence,
    Exported,
    Failed,
    IdentifierType,
    ItemId,
    NeedsHuman,
    NothingFound,
    Progress,
    Proof,
    Replay,
    Retry,
    TooLate,
    Unknown,
)
from tests.core.builders import HOUR, an_item


@dataclass(frozen=True, slots=True)
class Record:
    """What a processor holds: found by one identifier, teaching perhaps another."""

    item: TaskItem
    found_by: IdentifierType
    teaches: frozenset[IdentifierType]


@dataclass(slots=True)
class Processor:
    """One account at its processor, in truth; `trouble` is the share of bad answers."""

    account: PlannedAccount
    records: dict[ItemId, Record]
    rng: Random
    trouble: float
    by_jobs: bool
    lies_left: int
    years_later: bool = False  # what the law kept may be erased
    erased: set[ItemId] = field(default_factory=set)
    jobs: dict[CallId, tuple[ItemId, ...]] = field(default_factory=dict)

    @property
    def left(self) -> set[ItemId]:
        """What is still there."""
        return self.records.keys() - self.erased

    def answer(self, task: Task, items: tuple[ItemId, ...], call: CallId) -> Report:
        """Answer a call of *task*, for better or worse."""
        is_bad = self.rng.random() < self.trouble
        self.years_later = task.is_follow_up
        if task.step is not Step.ACT:
            return (
                CheckFailed("server_error") if is_bad else self._told(task, items, call)
            )
        match task.action:
            case Action.LOCATE:
                return Retry("timeout") if is_bad else self._locate(task)
            case Action.EXPORT:
                return Retry("throttled", HOUR) if is_bad else Exported(len(items))
            case _ if is_bad:
                return self._trouble(items, call)
            case _:
                return self._erase(items, call)

    def _told(self, task: Task, items: tuple[ItemId, ...], call: CallId) -> Report:
        """Answer a look, a poll or a recall."""
        match task.step:
            case Step.LOOK:
                return self._look(items)
            case Step.CANCEL:
                return self._cancel(call)
            case _:
                return self._poll(call)

    def _locate(self, task: Task) -> Report:
        """Find what the identifiers find; at times two people at once."""
        found = [one for one in self._held() if one.found_by in task.identifier_types]
        if len(found) > 1 and self.rng.random() < 0.05:
            return MatchesConflicted(tuple((one.item,) for one in found))
        learned = frozenset[IdentifierType]().union(*(one.teaches for one in found))
        return ItemsLocated(tuple(one.item for one in found), learned)

    def _held(self) -> list[Record]:
        """Return the records that are still there."""
        return [self.records[id_] for id_ in sorted(self.left)]

    def _erase(self, items: tuple[ItemId, ...], call: CallId) -> Report:
        """Erase *items* now, in part, or by a job."""
        assert items, "an erasing call carries something"
        known = [id_ for id_ in items if id_ in self.left]
        if self.by_jobs:
            self.jobs[call] = items
            return Accepted(HOUR, timedelta(days=2))
        if not known:
            return NothingFound()
        if len(known) > 1 and self.rng.random() < 0.3:
            self._really_erase(known[:1])
            return Progress(tuple(known[:1]), Evidence.E2)
        self._really_erase(known)
        return Done("deleted", Evidence.E2)

    def _poll(self, call: CallId) -> Report:
        """Say how a job is going."""
        items = self.jobs.get(call)
        if items is None:
            return Cancelled()
        match self.rng.randrange(8):
            case 0:
                return Accepted(HOUR, timedelta(days=2))
            case 1:
                return Retry("job_failed")
            case 2:
                return NeedsHuman("unknown_job_state")
            case _:
                known = [id_ for id_ in items if id_ in self.left]
                self._really_erase(known)
                return Done("deleted", Evidence.E2) if known else NothingFound()

    def _cancel(self, call: CallId) -> Report:
        """Call a job back, refuse to, or do it and lose the answer."""
        outcome = self.rng.randrange(4)
        if outcome:
            del self.jobs[call]
        return TooLate() if outcome < 2 else Cancelled()

    def _look(self, items: tuple[ItemId, ...]) -> Report:
        """Say which of *items* are there."""
        return ItemsLookedAt(frozenset(items) & self.left)

    def _trouble(self, items: tuple[ItemId, ...], call: CallId) -> Report:
        """Refuse, throttle, talk rubbish, or lose the answer before or after acting."""
        match self.rng.randrange(6):
            case 0:
                return Retry("throttled", HOUR)
            case 1:
                return Retry("contract_changed")
            case 2:
                return Failed("refused_409", "Ask the processor's support.")
            case 3:
                return Unknown("timeout")
            case _:
                self._erase(items, call)
                return Unknown("reset")

    def _really_erase(self, items: list[ItemId]) -> None:
        """Erase, unless there is a lie left to tell."""
        for id_ in items:
            is_kept = self.records[id_].item.record_class == "invoice"
            assert self.years_later or not is_kept, "the law keeps it"
        if self.lies_left:
            self.lies_left -= 1
        else:
            self.erased.update(items)


def a_processor(account: PlannedAccount, rng: Random) -> Processor:
    """Fill an account with records, and give it a character."""
    types = sorted(account.accepts)
    by_jobs = account.replay[Action.ERASE] is Replay.REPEAT
    records = {}
    for number in range(rng.choice([0, 1, 1, 2, 3])):
        id_ = ItemId(f"{account.id}-{number}")
        kept = rng.random() < 0.2
        item = an_item(
            id_,
            record_class="invoice" if kept else "marketing_profile",
            started_on=date(2025, 1, 1),
            proven=not by_jobs,
        )
        teaches = account.yields if rng.random() < 0.5 else frozenset()
        records[id_] = Record(item, rng.choice(types), teaches)
    can_look = account.proof is Proof.LOOKUP
    return Processor(
        account=account,
        records=records,
        rng=rng,
        trouble=rng.choice([0.0, 0.1, 0.4]),
        by_jobs=by_jobs,
        lies_left=rng.choice([0, 0, 0, 1, 4]) if can_look else 0,
    )
