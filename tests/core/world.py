"""A case under a virtual clock that checks, after each event, what must always hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from orchestrator.core.answer.moments import signing_time
from orchestrator.core.answer.statements import final_receipt, interim_receipt
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Found,
    GateReason,
    ItemState,
    Step,
    Task,
    TaskStatus,
    Wants,
)
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Event,
    StatementRecovered,
    TaskReported,
    TimePassed,
)
from orchestrator.core.holds import REFUSALS, RulingKind
from orchestrator.core.later import RequestAmended
from orchestrator.core.ruled import AnswerRuled, GateOpened
from orchestrator.core.words import AccountId, CallId, StatementKind
from orchestrator.core.work.links import teachers
from schemas.case_events import AccountSettled, CaseAlarmed, TaskEscalated
from schemas.connecting import (
    CLASS_OF,
    Accepted,
    Action,
    ActionClass,
    Done,
    Exported,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Notified,
    Retry,
    StillOpen,
    TaskId,
    Unknown,
)
from tests.core.amended import check_amended, check_unwidened
from tests.core.answers import check_answer, check_unsure
from tests.core.braked import check_brake
from tests.core.builders import DAY, HOUR
from tests.core.clocks import check_moved
from tests.core.feeding import far_enough
from tests.core.limited import check_items, is_only_limited
from tests.core.lockings import check_locked
from tests.core.owing import (
    check_left_alone,
    check_owed,
    kept_classes,
)
from tests.core.polls import check_still_going
from tests.core.silence import Silence, check_holds
from tests.core.timely import CLAIM_TAKES, check_times
from tests.core.used import check_use


class World:
    """Holds one case as the engine does: versions count up, events are applied."""

    def __init__(
        self,
        case: Case,
        at: datetime,
        *,
        tells_twice: bool = True,
        is_braked: bool = False,
    ) -> None:
        """Begin with an opened case; *tells_twice* delivers each event again."""
        self._is_braked = is_braked
        self.case = case
        self.now = at
        self.carried: dict[tuple[TaskId, CallId], tuple[ItemId, ...]] = {}
        self._alarms: set[tuple[str, datetime]] = set()
        self._silence = Silence()
        self._tells_twice = tells_twice
        self._check_state()

    def claim(self, task: Task, epoch: int) -> Task:
        """Claim a due task by its row, as `work` does."""
        before = task.first_called_at or self.now - CLAIM_TAKES
        claimed = replace(
            task, status=TaskStatus.CALLED, epoch=epoch, first_called_at=before
        )
        self.case = self.case.with_task(claimed)
        return claimed

    def due(self) -> list[Task]:
        """Return the tasks that `work` may claim now."""
        return [task for task in self.case.all_tasks.values() if self._is_due(task)]

    def apply(self, event: Event) -> bool:
        """Apply *event*, check every invariant; tells whether it changed the case."""
        before = self.case
        if isinstance(event, TaskReported) and event.call is not None:
            self.carried.setdefault((event.task, event.call), event.items)
        decision = decide(before, event)
        if isinstance(event, TaskReported):
            check_still_going(before, event, decision)
        if decision.case == before:
            assert decision.case is before
            assert decision.commands == ()
            return False
        self.case = replace(decision.case, version=before.version + 1)
        if self._tells_twice:
            again = decide(self.case, event)
            assert again.case is self.case, "applied twice is applied once"
        _check_event(before, self.case, event)
        check_unwidened(before, self.case)
        if isinstance(event, RequestAmended):
            check_amended(before, event, decision)
        self._check_change(before, event)
        self._check_state()
        told = [c.event for c in decision.commands if isinstance(c, Publish)]
        self._check_time(event, [one for one in told if isinstance(one, CaseAlarmed)])
        escalated = [one for one in told if isinstance(one, TaskEscalated)]
        self._silence.check(self.case, event, escalated)
        check_holds(before, self.case, event)
        check_locked(before, self.case, event)
        check_unsure(before, self.case, event)
        lines = [one for one in told if isinstance(one, AccountSettled)]
        is_told = not isinstance(event, StatementRecovered | AnswerRuled)
        assert len(lines) == len(_newly_settled(before, self.case)) * is_told
        return True

    def _check_time(self, event: Event, alarms: list[CaseAlarmed]) -> None:
        """Check that the deadline is told of once, and that a word leaves before it."""
        case = self.case
        for one in alarms:
            key = (one.level, one.due_at)
            assert key not in self._alarms, "an alarm went off twice"
            self._alarms.add(key)
        is_on = case.status is CaseStatus.RUNNING and not case.rehearsal
        if not isinstance(event, TimePassed) or not is_on:
            return
        is_near = event.at >= case.due_at - 7 * DAY
        may_know = event.at >= case.opened_at + HOUR
        at_once = {Wants.SEAL_STATEMENT, Wants.SHRED_EXPORT}
        if is_near and may_know and case.wants not in at_once:
            said = [one for one in case.statements if one.kind is StatementKind.INTERIM]
            assert said or case.wants is Wants.SEAL_INTERIM, "nothing leaves in time"
        if event.at > case.due_at:
            assert any(level == "overdue" for level, _ in self._alarms)

    def _is_due(self, task: Task) -> bool:
        """Tell whether `work` would claim *task*."""
        waits = task.status is TaskStatus.WAITING
        due = waits and task.wake_at is not None and task.wake_at <= self.now
        return task.status is TaskStatus.READY or due

    def _check_change(self, before: Case, event: Event) -> None:
        """Check that nothing final has moved."""
        if self.case.due_at != before.due_at:
            check_moved(before, self.case, event)
        assert self.case.statements[: len(before.statements)] == before.statements
        check_owed(before, self.case, event, self.now)
        for id_, old in before.all_tasks.items():
            new = self.case.all_tasks[id_]
            is_amended = isinstance(event, RequestAmended)
            moved = old.is_settled and new != old and not is_amended
            if moved and not _is_better_proven(old, new):
                assert old.action is Action.LOCATE
                assert not _is_used(self.case, old.account)
            check_items(old, new)
        if isinstance(event, GateOpened):
            gate = before.all_tasks[event.task].gate
            assert gate is not None
            assert gate.opens_at <= event.at, "opened before its time"
        if self.case.status is not CaseStatus.CLOSED:
            assert self.case.wake_at is not None
            assert self.case.wake_at > event.at

    def _check_state(self) -> None:
        """Check what must hold of a case at any time."""
        case = self.case
        for task in case.all_tasks.values():
            _check_task(task)
            _check_ruled(case, task)
            if _acts_next(task) and not task.is_follow_up:
                assert not case.is_identity_doubted, "nobody knows whose data it is"
                assert case.unsure_since is None, "it may be answered already"
            if _acts_next(task) and not task.has_begun:
                _check_order(case, task)
        _check_law(case, self.now)
        _check_rulings(case)
        if self._is_braked:
            check_brake(case)
        is_answered = case.status in {CaseStatus.ANSWERED, CaseStatus.CLOSED}
        assert case.identity_held or is_answered, "forgotten before the answer"
        if is_answered and not case.led_by:
            check_answer(case)
        at = signing_time(case, self.now)
        sealing = {
            Wants.SEAL_STATEMENT: final_receipt,
            Wants.SEAL_INTERIM: interim_receipt,
        }
        if case.wants in sealing:
            receipt = sealing[case.wants](case, "statement-1", at, "1.0.0")
            check_times(receipt)
            check_use(case, receipt)


def _check_event(before: Case, case: Case, event: Event) -> None:
    """Check that an event moved no more than it may."""
    if not isinstance(event, TaskReported):
        return
    old, new = before.all_tasks[event.task], case.all_tasks[event.task]
    assert old.status is TaskStatus.CALLED, "news of a task that nobody claimed"
    assert old.epoch == event.epoch, "news from an ended ownership"
    if isinstance(event.report, StillOpen):
        check_left_alone(old, new, event.report)
    if isinstance(event.report, Accepted | Retry | Unknown | NeedsHuman):
        ends = Done | NothingFound | Exported | Notified | Found
        is_done = isinstance(new.outcome, ends) and not _is_all_said(old)
        assert not is_done, "accepted or lost is not done"


def _check_law(case: Case, now: datetime) -> None:
    """Check that what the law keeps is not touched, whoever asks for it."""
    kept = kept_classes(case, now)
    for task in case.tasks_of(Action.ERASE):
        endangered = {ItemState.ACCEPTED, ItemState.GONE}
        if _acts_next(task) or task.status is TaskStatus.CALLED:
            endangered |= {ItemState.OPEN}
        for item in task.items:
            # A follow-up has waited for the law; `owing` checks that it did.
            is_free = task.is_follow_up or item.record_class not in kept
            is_free |= is_only_limited(case, task, item)
            assert is_free or item.state not in endangered, "the law keeps it"


def _check_ruled(case: Case, task: Task) -> None:
    """Check that nothing held goes on, and that what was refused is left alone."""
    is_due = task.status in {TaskStatus.READY, TaskStatus.WAITING}
    is_held = CLASS_OF[task.action] in case.held
    assert not (is_held and is_due and task.step is Step.ACT), "it is held"
    if task.action not in {Action.ERASE, Action.NOTIFY}:
        return
    if case.refused_for is not None:
        assert not task.has_begun, "refused, and yet something may be erased"
        assert not isinstance(task.outcome, Notified), "refused, and yet told of it"
    if not is_due and task.status is not TaskStatus.CALLED:
        return
    assert case.refused_for is None, "refused, and yet it goes on"
    open_ = [item for item in task.items if item.state is not ItemState.KEPT]
    classes = {item.record_class for item in open_}
    assert not classes & case.refused_classes, "a refused class is left alone"
    is_told = task.action is Action.NOTIFY and task.step is Step.ACT
    assert not (is_told and case.refused_classes), "in part is not told as a whole"


def _check_rulings(case: Case) -> None:
    """Check that people decided what people must, and as many as must."""
    for ruling in case.rulings:
        if ruling.kind is RulingKind.APPROVED or ruling.kind in REFUSALS:
            assert len(set(ruling.by)) >= case.deciders, "too few have decided"
        assert ActionClass.PROTECTIVE not in ruling.classes
    assert ActionClass.PROTECTIVE not in case.held, "what protects is never held"
    if case.is_under_review:
        assert case.status is CaseStatus.RUNNING, "answered before it was decided"


def _is_better_proven(old: Task, new: Task) -> bool:
    """Tell whether only the evidence of a settled erasure has risen."""
    if not (isinstance(old.outcome, Done) and isinstance(new.outcome, Done)):
        return False
    same = replace(
        new, items=old.items, may_confirm=old.may_confirm, outcome=old.outcome
    )
    pairs = list(zip(old.items, new.items, strict=True))
    risen = all((a.evidence or "") <= (b.evidence or "") for a, b in pairs)
    unmoved = all(replace(b, evidence=a.evidence) == a for a, b in pairs)
    better = old.outcome.evidence <= new.outcome.evidence
    return same == old and risen and unmoved and better


def _newly_settled(before: Case, case: Case) -> list[Task]:
    """Return the tasks that this step settled."""
    return [
        task
        for id_, task in case.all_tasks.items()
        if task.is_settled
        and not task.is_read_back
        and (id_ not in before.all_tasks or not before.all_tasks[id_].is_settled)
    ]


def _acts_next(task: Task) -> bool:
    """Tell whether the next call of *task* erases, or tells of it."""
    open_to_claims = {TaskStatus.READY, TaskStatus.WAITING}
    acts = task.status in open_to_claims and task.step is Step.ACT
    return acts and task.action in {Action.ERASE, Action.NOTIFY}


def _is_all_said(task: Task) -> bool:
    """Tell whether each item of an erasure under call was spoken of, unasked."""
    unsaid = {ItemState.OPEN, ItemState.ACCEPTED}
    return bool(task.items) and not any(item.state in unsaid for item in task.items)


def _is_used(case: Case, account: AccountId) -> bool:
    """Tell whether the account's items were copied, or may have been erased."""
    export, erasure = (case.task(account, a) for a in (Action.EXPORT, Action.ERASE))
    # A hold may take a copy back that was only throttled: it starts afresh.
    taken_back = export is not None and export.status is TaskStatus.PLANNED
    copied = export is not None and export.calls > 0 and not taken_back
    return copied or (erasure is not None and erasure.has_begun)


def _check_task(task: Task) -> None:
    """Check that a task's status comes with what it needs."""
    needed = {
        TaskStatus.PLANNED: task.gate,
        TaskStatus.READY: task.step is Step.ACT,
        TaskStatus.CALLED: task.epoch,
        TaskStatus.WAITING: task.wake_at,
        TaskStatus.NEEDS_HUMAN: task.reason,
        TaskStatus.WITH_PERSON: task.handover and task.wake_at,
        TaskStatus.SETTLED: task.outcome and task.settled_at,
    }
    assert needed[task.status]
    assert (task.gate is None) is (task.status is not TaskStatus.PLANNED)
    if _acts_next(task) and task.action is Action.ERASE:
        assert task.open_items(), "an erasure that acts has something to act on"
    if task.step is Step.POLL and task.status is TaskStatus.WAITING:
        assert task.open_calls, "a poll asks about a job"
    never_seen = [item for item in task.items if item.state is ItemState.NEVER_SEEN]
    assert not any(item.proven for item in never_seen), "found, so it was seen"
    if task.is_settled:
        _check_outcome(task)


def _check_outcome(task: Task) -> None:
    """Check that a settled erasure says no more than its items do."""
    if task.action is Action.ERASE and isinstance(task.outcome, NothingFound):
        states = {item.state for item in task.items}
        assert states <= {ItemState.NEVER_SEEN}, "nothing found of what was found"
        assert not (task.answers_lost and task.items), "our own erasure speaks"
    if task.action is Action.ERASE and task.outcome == NotApplicable("withdrawn"):
        assert not task.is_asked, "what a call may have changed is not left alone"


def _check_order(case: Case, task: Task) -> None:
    """Check, from the plan alone, that nothing irreversible may start too early."""
    planned = case.planned(task)
    searches = {one.account: one for one in case.tasks_of(Action.LOCATE)}
    erasures = {one.account: one for one in case.tasks_of(Action.ERASE)}
    if task.is_follow_up:
        return  # the order was kept before the answer
    assert all(
        id_ not in searches or searches[id_].is_settled
        for id_ in teachers(case, planned)
    )
    assert case.export is not ExportStatus.GATHERING
    assert not case.waits_for_exports
    feeders = (erasures[id_] for id_ in planned.fed_by if id_ in erasures)
    done = all(far_enough(case, planned, feeder) for feeder in feeders)
    assert done or GateReason.FEEDER in task.opened
    assert case.cools_until is None, "it cools off"
    if planned.is_identity_root and GateReason.OTHERS not in task.opened:
        others = [one for one in erasures.values() if one.id != task.id]
        assert all(other.is_accepted for other in others)
