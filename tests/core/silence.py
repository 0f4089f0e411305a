"""Who has been silent for how long, watched from outside of the core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from orchestrator.core.cases import Case, CaseStatus, Task, TaskStatus
from orchestrator.core.events import Event, TimePassed
from orchestrator.core.holds import BY_RULE
from orchestrator.core.tasks import Climbed, Rung
from schemas.case_events import TaskEscalated
from schemas.connecting import TaskId

RUNGS = frozenset(rung.value for rung in Rung)


class Silence:
    """Notes when each task was spoken of last, and what was told of its silence."""

    def __init__(self) -> None:
        """Begin with nothing heard or told."""
        self._since: dict[TaskId, datetime] = {}
        self._told: Counter[tuple[str, str, str]] = Counter()

    def check(self, case: Case, event: Event, said: Sequence[TaskEscalated]) -> None:
        """Check that each rung is told of once, and none is left out in its time."""
        for one in said:
            if one.level in RUNGS:
                self._told[one.account, one.action, one.level] += 1
        climbed = [(t.id, t.account, t.action, c.rung.value) for t, c in _rungs(case)]
        assert len(climbed) == len(set(climbed)), "a rung was climbed twice"
        told = Counter((account, action, rung) for _, account, action, rung in climbed)
        assert told == self._told, "a rung without its event"
        if case.status not in {CaseStatus.RUNNING, CaseStatus.ANSWERED}:
            assert not said
            return
        if case.rehearsal:
            assert not said
            return
        for task in case.all_tasks.values():
            self._note(task, event)
            if isinstance(event, TimePassed):
                self._check_task(case, task, event.at)

    def _note(self, task: Task, event: Event) -> None:
        """Note when *task* was opened, or spoken of."""
        spoken_of = getattr(event, "task", None) == task.id
        if task.is_settled or task.status is TaskStatus.PLANNED:
            self._since.pop(task.id, None)
        elif spoken_of:  # an old event that comes again speaks of no earlier time
            self._since[task.id] = max(event.at, self._since.get(task.id, event.at))
        else:
            self._since.setdefault(task.id, event.at)

    def _check_task(self, case: Case, task: Task, at: datetime) -> None:
        """Check what was told of one open task that nobody spoke of."""
        since = self._since.get(task.id)
        if since is None:
            return
        ladder = case.planned(task).ladder
        reached = {one.rung for one in task.rungs}
        late = [job.late_at for job in task.open_calls if job.late_at <= at]
        if late:
            assert Rung.BREACH_OF_SLA in reached, "late, and nobody says so"
        if task.open_calls or task.status is TaskStatus.WITH_PERSON:
            return
        if at >= since + ladder.remind_after:
            assert Rung.REMINDER in reached, "silent, and nobody is reminded"
        is_theirs = task.status is not TaskStatus.NEEDS_HUMAN
        if is_theirs and at >= since + ladder.escalate_after:
            assert Rung.PROCESSOR in reached, "silent, and nobody writes to them"


def check_holds(before: Case, case: Case, event: Event) -> None:
    """Check that a person's hold has its day, is told of then, and ends by a person."""
    people = [hold for hold in case.holds if hold.reason not in BY_RULE]
    assert all(hold.review_at for hold in people), "held for ever"
    if not isinstance(event, TimePassed):
        return
    reasons = [[hold.reason for hold in one.holds] for one in (before, case)]
    assert reasons[0] == reasons[1], "a hold ended by itself"
    for hold in people:
        open_ = {CaseStatus.RUNNING, CaseStatus.ANSWERED}
        if case.status in open_ and hold.review_at is not None:
            is_over = hold.review_at <= event.at
            assert hold.is_due == is_over, "a look at a hold is missed"


def _rungs(case: Case) -> list[tuple[Task, Climbed]]:
    """Return each rung that was climbed, with its task."""
    return [(task, one) for task in case.all_tasks.values() for one in task.rungs]
