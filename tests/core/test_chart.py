"""The published state machine is the one that the code has."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from orchestrator.core.cases import Case, CaseStatus, Task, TaskStatus
from orchestrator.core.events import (
    CallReported,
    Event,
    PersonAssigned,
    PersonAttested,
    PersonClosed,
    PersonRetried,
    SiblingExportOpened,
    TaskReleased,
)
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.opening import open_case
from orchestrator.core.keyed import IdentityLocked
from orchestrator.core.leading import LeadLost, LeadsStatement, LeadStated
from orchestrator.core.ruled import CaseHeld, CaseReleased
from orchestrator.core.words import CallId, CaseId, Result, StatementKind
from schemas.connecting import (
    Accepted,
    ActionClass,
    Failed,
    HandedOver,
    ItemId,
    NeedsHuman,
    Retry,
)
from tests.core import chart
from tests.core.builders import (
    BOTH,
    ERASURE,
    HOUR,
    MAIL,
    T0,
    a_case,
    a_hold,
    a_plan,
    after,
    an_opening,
    called,
    ready_to_erase,
    task_of,
)
from tests.core.events_at_random import LIKELY, Move, play
from tests.core.plans_at_random import a_random_plan
from tests.core.world import World

RUNS = 250
STEPS = 80
SIBLING = SiblingExportOpened(T0, CaseId("case-2"))


class Observer(World):
    """A world that writes down which statuses follow which."""

    def __init__(self, case: Case) -> None:
        """Begin with nothing seen."""
        super().__init__(case, T0, tells_twice=False)
        self.task_moves: set[tuple[TaskStatus, TaskStatus]] = set()
        self.case_moves: set[tuple[CaseStatus, CaseStatus]] = set()

    def claim(self, task: Task, epoch: int) -> Task:
        """Claim, and note from which status."""
        self.task_moves.add((task.status, TaskStatus.CALLED))
        return super().claim(task, epoch)

    def apply(self, event: Event) -> bool:
        """Apply, and note what moved."""
        before = self.case
        changed = super().apply(event)
        for id_, old in before.all_tasks.items():
            self.task_moves.add((old.status, self.case.all_tasks[id_].status))
        self.case_moves.add((before.status, self.case.status))
        return changed


def _at_random(seed: int) -> Observer:
    """Observe a case to which anything may happen."""
    rng = Random(seed)  # noqa: S311 (chance for a test)
    opening = an_opening(rights=rng.choice([ERASURE, BOTH]))
    world = Observer(open_case(opening, a_random_plan(rng)).case)
    past: list[Event] = []
    for _ in range(STEPS):
        play(world, Move(rng.choice(LIKELY), rng.getrandbits(32)), past)
    return world


def _job_of(case: Case) -> CallId:
    """Return the one job of a case's erasure."""
    (job,) = task_of(case, MAIL).open_calls
    return job.id


def _attached() -> list[tuple[Case, list[Event]]]:
    """Return what may become of a request that another case answers."""
    lead = CaseId("case-0")
    attached = open_case(an_opening(led_by=lead), a_plan()).case
    final = LeadsStatement(1, StatementKind.FINAL, "0" * 64, "key-1")
    return [
        (attached, [LeadLost(T0, lead)]),
        (attached, [LeadStated(T0, lead, final, Result.COMPLETE)]),
    ]


def _locked() -> tuple[Case, list[Event]]:
    """Return a stuck case of which a hold is released when its keys are not here."""
    case = ready_to_erase("a")
    end = case.due_at + case.plan.identifiers_margin
    reason = HoldReason.INCIDENT
    held = CaseHeld(T0, frozenset({ActionClass.IRREVERSIBLE}), reason, "dpo")
    return case, [held, IdentityLocked(end), CaseReleased(end, reason, "dpo")]


def _rarely() -> list[Observer]:
    """Observe what chance seldom brings: a gate that closes again, and closing."""
    erasure = task_of(a_case(), MAIL).id
    throttled = after(ready_to_erase("a"), MAIL, Retry("throttled"))
    refused = after(ready_to_erase("a"), MAIL, Failed("refused_400", "Ask."))
    close = PersonClosed(T0, erasure, "superseded", "dpo")
    half = after(ready_to_erase("a", "b"), MAIL, Accepted(HOUR), items=(ItemId("a"),))
    failed = CallReported(T0, erasure, Failed("refused", "Ask."), _job_of(half))
    waiting = after(ready_to_erase("a"), MAIL, Accepted(HOUR))
    handed = after(ready_to_erase("a"), MAIL, HandedOver("desk"))
    held = replace(handed, holds=a_hold({ActionClass.IRREVERSIBLE}))
    stories: list[tuple[Case, list[Event]]] = [
        (held, [PersonAssigned(T0, erasure, "desk-2", "dpo")]),
        (ready_to_erase("a"), [SIBLING]),
        (throttled, [SIBLING]),
        (called(ready_to_erase("a"), MAIL), [SIBLING, TaskReleased(T0, erasure, 1)]),
        (refused, [SIBLING, PersonRetried(T0, erasure, "dpo")]),
        (ready_to_erase("a"), [close]),
        (throttled, [close]),
        (throttled, [PersonRetried(T0, erasure, "dpo")]),
        (half, [failed]),
        (waiting, [CallReported(T0, erasure, failed.report, _job_of(waiting))]),
        (handed, [PersonAttested(T0, erasure, "done", "0" * 64, "desk")]),
    ]
    stories += [*_attached(), _locked()]
    asked = after(ready_to_erase("a"), MAIL, Accepted(HOUR))
    job = task_of(asked, MAIL).open_calls[0]
    doubts = CallReported(T0, erasure, NeedsHuman("unknown_job_state"), job.id, ())
    stories.append((asked, [doubts]))
    worlds = []
    for case, events in stories:
        world = Observer(case)
        for event in events:
            world.apply(event)
        worlds.append(world)
    return worlds


def test_page_is_what_the_code_says() -> None:
    """The page in docs is the one that `python -m tests.core.chart` writes."""
    assert chart.PAGE.read_text(encoding="utf-8") == chart.page()


def test_chart_shows_every_move_and_no_other() -> None:
    """What events do to cases and tasks is exactly what the chart declares."""
    worlds = [*map(_at_random, range(RUNS)), *_rarely()]

    tasks = {move for world in worlds for move in world.task_moves}
    cases = {move for world in worlds for move in world.case_moves}

    assert {(a, b) for a, b in tasks if a is not b} == chart.TASK_MOVES.keys()
    assert {(a, b) for a, b in cases if a is not b} == chart.CASE_MOVES.keys()
