"""
Which due tasks go out together, and which wait a moment for company.

A batch that is not full lingers for a few milliseconds, since what belongs together
often becomes due together; never past the moment at which one of its tasks must be out.
What this counts are calls, because that is what a processor's concurrency limits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from orchestrator.core.cases import Step
from orchestrator.core.words import AccountId, CallId
from orchestrator.ports import Due
from schemas.connecting import Action, ConnectorSpec

MOST_AT_ONCE = 1000  # tasks of one account in one claim

Jobs = Mapping[tuple[AccountId, Action], int]
Kind = tuple[Action, Step, int | None, CallId | None]


@dataclass(frozen=True, slots=True)
class Habit:
    """How one account's tasks go out: its declaration, and how long a batch lingers."""

    spec: ConnectorSpec
    linger: timedelta


ABOUT_JOBS = frozenset({Step.POLL, Step.CANCEL})


def jobs_in_a_call(spec: ConnectorSpec, action: Action, step: Step) -> int:
    """Return how many accepted jobs one question is about."""
    is_list = step is Step.POLL and action is not Action.EXPORT
    return max(1, spec.polls_per_call.get(action, 1)) if is_list else 1


def batch_size(spec: ConnectorSpec, action: Action, at_most: int | None) -> int:
    """Return how many tasks one call carries; fewer after a refused batch."""
    if action is Action.EXPORT:
        return 1  # the failure of one copy would lose the others' rows
    declared = spec.people_per_call.get(action, 1)
    return declared if at_most is None else max(1, min(declared, at_most))


@dataclass(slots=True)
class _Batch:
    """Tasks of one call, as far as they were read."""

    kind: Kind
    size: int  # in tasks, or in jobs: whoever shares a job shares its poll
    members: list[Due] = field(default_factory=list)
    jobs: set[CallId] = field(default_factory=set)

    @property
    def is_about_jobs(self) -> bool:
        """Whether it asks about jobs, or calls them back."""
        return self.kind[1] in ABOUT_JOBS

    def has_room_for(self, one: Due) -> bool:
        """Tell whether another task of this kind may join."""
        if one.job is not None and self.is_about_jobs:
            return one.job in self.jobs or len(self.jobs) < self.size
        return len(self.members) < self.size

    def add(self, one: Due) -> None:
        """Let a task join."""
        self.members.append(one)
        if one.job is not None:
            self.jobs.add(one.job)

    @property
    def may_linger(self) -> bool:
        """Whether waiting could fill it."""
        return not self.is_about_jobs and len(self.members) < self.size


class Batching:
    """Chooses what is claimed; remembers since when a batch waits to be filled."""

    def __init__(self, habits: Mapping[AccountId, Habit]) -> None:
        """Begin with no batch that waits."""
        self._habits = habits
        self._since: dict[tuple[AccountId, Kind], datetime] = {}
        self._before: Mapping[tuple[AccountId, Kind], datetime] = {}
        self._calls: Mapping[AccountId, int] = {}
        self._jobs: dict[tuple[AccountId, Action], int] = {}
        self.is_held_back = False  # whether a full queue left something where it was
        self._now = datetime.min.replace(tzinfo=UTC)

    def begin(
        self,
        calls: Mapping[AccountId, int],
        now: datetime,
        jobs: Jobs = MappingProxyType({}),
    ) -> Mapping[AccountId, int]:
        """
        Begin a claim within so many *calls*; returns how many tasks to read.

        *jobs* are those that are queued at the processors already.
        """
        self._calls, self._now, self._jobs = calls, now, dict(jobs)
        self.is_held_back = False
        self._before = self._since
        self._since = {
            key: since for key, since in self._since.items() if key[0] not in calls
        }
        return {id_: self._most(id_, count) for id_, count in calls.items()}

    def choose(self, account: AccountId, due: Sequence[Due]) -> Sequence[Due]:
        """Return those of *due* that go out now; most urgent first."""
        return [
            one
            for batch in self._batches(account, due)
            if not self._lingers(account, batch)
            for one in batch.members
        ]

    def lingers_for(self, accounts: Collection[AccountId]) -> float | None:
        """Return the seconds until the first batch of *accounts* waits no longer."""
        ends = [
            since + self._habits[account].linger
            for (account, _), since in self._since.items()
            if account in accounts
        ]
        if not ends:
            return None
        return max(0.0, (min(ends) - self._now).total_seconds())

    def _most(self, account: AccountId, calls: int) -> int:
        """Return how many tasks at most fit into so many calls."""
        spec = self._habits[account].spec
        people = max(spec.people_per_call.values(), default=1)
        largest = max(1, people) * max(spec.polls_per_call.values(), default=1)
        return min(calls * largest, max(calls, MOST_AT_ONCE))

    def _batches(self, account: AccountId, due: Sequence[Due]) -> Sequence[_Batch]:
        """Fill as many batches as there may be calls; most urgent first."""
        made: list[_Batch] = []
        filling: dict[Kind, _Batch] = {}
        for one in due:
            size = self._size(account, one)
            kind = _kind(one, size)
            batch = filling.get(kind)
            if batch is None or not batch.has_room_for(one):
                if len(made) >= self._calls[account]:
                    continue  # what is less urgent may still join another batch
                if not self._has_place(account, one):
                    self.is_held_back = True
                    continue
                batch = filling[kind] = _Batch(kind, size)
                made.append(batch)
            batch.add(one)
        return made

    def _has_place(self, account: AccountId, one: Due) -> bool:
        """Take a place in the processor's queue of jobs, if *one* may need it."""
        most = self._habits[account].spec.jobs_at_once.get(one.action)
        if most is None or one.step is not Step.ACT:
            return True
        key = (account, one.action)
        self._jobs[key] = self._jobs.get(key, 0) + 1
        return self._jobs[key] <= most

    def _size(self, account: AccountId, one: Due) -> int:
        """Return how many tasks the call of *one* carries, or about how many jobs."""
        spec = self._habits[account].spec
        if one.step in ABOUT_JOBS:
            return jobs_in_a_call(spec, one.action, one.step)
        return batch_size(spec, one.action, one.at_most)

    def _lingers(self, account: AccountId, batch: _Batch) -> bool:
        """Tell whether *batch* waits for more, and remember since when it does."""
        linger = self._habits[account].linger
        if not batch.may_linger:
            return False
        key = (account, batch.kind)
        since = self._before.get(key, self._now)
        out_by = min(one.dispatch_by for one in batch.members)
        # A clock that was set back makes nobody wait.
        lingered = abs(self._now - since)
        if lingered >= linger or out_by <= self._now + linger:
            return False
        self._since[key] = since
        return True


def _kind(due: Due, size: int) -> Kind:
    """Return what tasks of one call have in common."""
    if due.step in ABOUT_JOBS:
        return due.action, due.step, None, due.job if size == 1 else None
    return due.action, due.step, due.at_most, None
