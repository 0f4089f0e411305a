"""
The one transaction: lock, decide, write, commit.

`Engine.apply` takes a batch of steps, locks their cases in id order, decides each event
in turn and stores cases, tasks, history, outgoing messages and what rides along, once.
A batch that fails is bisected; a single step that fails hands its task to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from orchestrator.core.cases import Case, CaseStatus, Task, TaskStatus, Wants
from orchestrator.core.changing import replace
from orchestrator.core.commands import (
    Command,
    Decision,
    Publish,
    TellCase,
    TellSubjectsCases,
)
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CallReported,
    Event,
    ExportSealed,
    RequestWithdrawn,
    SiblingExportOpened,
    SiblingExportSettled,
    StatementRecovered,
    TaskReported,
)
from orchestrator.core.intake.attaching import attachments
from orchestrator.core.intake.opening import Opening, open_case
from orchestrator.core.plan import Plan
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.words import CaseId, Rehearsal, SubjectRef
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import CloseCall, OutgoingMessage, Store, Transaction, Write
from schemas.case_events import event_data
from schemas.connecting import NeedsHuman
from schemas.topics import CASE_EVENTS

# Never change: message ids of what was already sent are derived from it.
MESSAGES = UUID("6f6e1c0e-6f0b-5d56-9a3c-6d1f0c5f7a11")
MOST_TRIES = 5  # of a step that meets another transaction

OnFailure = Callable[["Step", Exception], None]
Rider = Callable[[], None]  # what it stores in its thread is part of the transaction


class Stirred(StrEnum):
    """The stages that a step may have given something to do."""

    WORK = "work"
    SEAL = "seal"
    RELAY = "relay"
    FORGET = "forget"


Listener = Callable[[frozenset[Stirred]], None]

_STIRRED_BY_WANT = {
    Wants.SEAL_EXPORT: Stirred.SEAL,
    Wants.SEAL_STATEMENT: Stirred.SEAL,
    Wants.SEAL_INTERIM: Stirred.SEAL,
    Wants.SEAL_SUPPLEMENT: Stirred.SEAL,
    Wants.FORGET_IDENTITY: Stirred.FORGET,
    Wants.FORGET_OWED: Stirred.FORGET,
    Wants.SHRED_EXPORT: Stirred.FORGET,
}
# Events after which the subject's other cases may wait for a copy no longer.
_TELLING = (ExportSealed, RequestWithdrawn, CaseRefused, StatementRecovered)
_FOR_WORK = frozenset({TaskStatus.READY, TaskStatus.WAITING})


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message that goes out with a step, beside what the decision publishes."""

    topic: str
    type: str
    data: str
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One event of one case, with what must be stored together with its effect."""

    case: CaseId
    event: Event
    writes: tuple[Write, ...] = ()
    announcements: tuple[Announcement, ...] = ()


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open, with the keys and sealed identifiers it starts with."""

    opening: Opening
    plan: Plan
    writes: tuple[Write, ...]


class Engine:
    """Applies events to cases; safe to call from several threads and processes."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        on_failure: OnFailure | None = None,
    ) -> None:
        """Keep the store; *on_failure* is told of a step that could not be applied."""
        self._store = store
        self._now = now
        self._on_failure = on_failure
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell *listener* after each commit whom it may have given something to do."""
        self._listeners.append(listener)

    def apply(self, steps: Sequence[Step]) -> list[bool]:
        """
        Apply *steps* in one transaction; returns which of them changed their case.

        Writes of a step that changes nothing are dropped with it: an outcome of an
        ended ownership leaves no trace.  Raises `Unavailable`, `Conflict` or
        `CannotStore` or `SetUpError`, and then nothing is stored.
        """
        if not steps:
            return []
        try:
            return self._apply_once(steps)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except Exception as error:  # noqa: BLE001 (a fault of ours stops no other case)
            if len(steps) > 1:
                middle = len(steps) // 2
                return [*self.apply(steps[:middle]), *self.apply(steps[middle:])]
            return [self._give_up(steps[0], error)]

    def opening(self, transaction: Transaction) -> Work:
        """Return the unit of work that opens cases in the caller's transaction."""
        return Work(transaction, self._now())

    def apply_with(self, steps: Sequence[Step], rider: Rider) -> bool:
        """
        Apply *steps*, and let *rider* store something in the same transaction.

        Tells whether it did.  It begins anew with each try; one that fails takes nobody
        along, for then the steps are applied without it.  Raises what `apply` raises.
        """
        if not steps:
            return False
        try:
            self._apply_once(steps, rider)
        except (Unavailable, Conflict, CannotStore, SetUpError):
            raise
        except Exception:  # noqa: BLE001 (whose fault it is shows without the rider)
            self.apply(steps)
            return False
        return True

    def committed(self, work: Work) -> None:
        """Tell the listeners whom *work*, which is committed, gave something to do."""
        stirred = work.stirred()
        for listener in self._listeners:
            listener(stirred)

    def _apply_once(
        self, steps: Sequence[Step], rider: Rider | None = None
    ) -> list[bool]:
        """Apply all steps in one transaction, again if another one was in the way."""
        for attempt in Retrying(
            retry=retry_if_exception_type(Conflict),
            stop=stop_after_attempt(MOST_TRIES),
            reraise=True,
        ):
            with attempt, self._store.transaction() as transaction:
                work = Work(transaction, self._now())
                work.load(steps)
                applied = [work.apply(step) for step in steps]
                work.save()
                if rider is not None:
                    rider()
        self.committed(work)
        return applied

    def _give_up(self, step: Step, error: Exception) -> bool:
        """Hand the task of a step that cannot be applied to a person."""
        if self._on_failure is not None:
            self._on_failure(step, error)
        event = step.event
        ours = NeedsHuman("our_fault")
        if not isinstance(event, TaskReported | CallReported) or event.report == ours:
            return False
        parked = replace(event, report=ours)
        # Its answer came: whoever takes the account over must not take it for lost.
        closed = () if event.call is None else (CloseCall(event.call),)
        return self.apply([Step(step.case, parked, closed)])[0]


@dataclass(slots=True)
class Work:
    """What one transaction has loaded and changed so far."""

    transaction: Transaction
    at: datetime
    before: dict[CaseId, Case] = field(default_factory=dict)
    cases: dict[CaseId, Case] = field(default_factory=dict)
    opened: list[CaseId] = field(default_factory=list)
    history: list[tuple[CaseId, int, datetime, Event]] = field(default_factory=list)
    messages: list[OutgoingMessage] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    plans: dict[tuple[str, str], Plan] = field(default_factory=dict)
    siblings: dict[SubjectRef, list[CaseId]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def load(self, steps: Iterable[Step]) -> None:
        """Lock and load the cases of *steps*, and those they will have to tell."""
        ids = {step.case for step in steps}
        telling = {step.case for step in steps if isinstance(step.event, _TELLING)}
        if telling:
            subjects = self.transaction.subjects_of(telling)
            self._lock_siblings(set(subjects.values()))
        self._load(ids | {id_ for ids_ in self.siblings.values() for id_ in ids_})

    def load_siblings(self, openings: Sequence[Opening]) -> None:
        """Lock the subjects that are about to get a case, and their open cases."""
        self._lock_siblings({opening.subject for opening in openings})
        self._load({id_ for ids in self.siblings.values() for id_ in ids})

    def apply(self, step: Step) -> bool:
        """Decide one step on what this transaction has loaded."""
        case = self.cases.get(step.case)
        if case is None:
            return False
        decision = decide(case, step.event)
        if decision.case is case or decision.case == case:
            return False
        self._take(case, decision, step.event, step.announcements)
        self.writes.extend(step.writes)
        return True

    def is_over(self, id_: CaseId) -> bool:
        """Tell whether a case was answered without being withdrawn, or is gone."""
        case = self.cases.get(id_)
        open_ = {CaseStatus.RECEIVED, CaseStatus.RUNNING, CaseStatus.ATTACHED}
        if case is None:
            return True
        return case.status not in open_ and case.withdrawn_at is None

    def open(self, new: NewCase) -> Case:
        """Open one case; its subject must be locked."""
        is_test = Rehearsal.TEST in new.opening.rehearsal
        exports = frozenset(
            id_
            for id_ in self.siblings[new.opening.subject]
            # Nothing real waits for a rehearsal.
            if _copies(self.cases[id_]) and self.cases[id_].is_test == is_test
        )
        decision = open_case(replace(new.opening, sibling_exports=exports), new.plan)
        case = decision.case
        self.plans[new.plan.version, new.plan.controller] = new.plan
        self.cases[case.id] = case
        self.opened.append(case.id)
        self.siblings[case.subject].append(case.id)
        self.writes.extend(new.writes)
        self._publish(case, decision.commands, ())
        return case

    def save(self) -> None:
        """Write everything that changed."""
        self.transaction.keep_plans(self.plans.values(), self.at)
        self.transaction.insert_cases([self.cases[id_] for id_ in self.opened])
        self.transaction.save_cases(self._changed())
        self.transaction.add_history(self.history)
        self.transaction.write(self.writes, self.at)
        self.transaction.add_messages(self.messages, self.at)

    def stirred(self) -> frozenset[Stirred]:
        """Tell which stages may have something to do once this is committed."""
        stirred = {Stirred.RELAY} if self.messages else set()
        moved = [(after, _moved(before, after)) for before, after in self._changed()]
        opened = [self.cases[id_] for id_ in self.opened]
        moved += [(case, iter(case.all_tasks.values())) for case in opened]
        for case, tasks in moved:
            if case.wants is not None:
                stirred.add(_STIRRED_BY_WANT[case.wants])
            if any(task.status in _FOR_WORK for task in tasks):
                stirred.add(Stirred.WORK)
        return frozenset(stirred)

    def _changed(self) -> list[tuple[Case, Case]]:
        """Return (before, after) of each case that was there and has changed."""
        return [
            (before, self.cases[id_])
            for id_, before in self.before.items()
            if self.cases[id_] is not before
        ]

    def _load(self, ids: Iterable[CaseId]) -> None:
        """Load cases that are not here yet, and those that hear of them at once."""
        missing = set(ids) - self.cases.keys()
        while missing:
            loaded = self.transaction.load_cases(missing)
            self.before.update(loaded)
            self.cases.update(loaded)
            beside = {id_ for case in loaded.values() for id_ in attachments(case)}
            missing = beside - self.cases.keys() - missing

    def _lock_siblings(self, subjects: set[SubjectRef]) -> None:
        """Lock subjects and learn their open cases."""
        self.transaction.lock_subjects(subjects, self.at)
        for subject, ids in self.transaction.open_cases_of(subjects).items():
            self.siblings[subject].extend(ids)

    def _take(
        self,
        case: Case,
        decision: Decision,
        event: Event,
        extra: Sequence[Announcement],
    ) -> None:
        """Keep a decision: the new version, its history row and its messages."""
        after = replace(decision.case, version=case.version + 1)
        self.cases[case.id] = after
        self.history.append((case.id, after.version, event.at, event))
        self._publish(after, decision.commands, extra)

    def _publish(
        self, case: Case, commands: Sequence[Command], extra: Sequence[Announcement]
    ) -> None:
        """Turn commands into messages and into news for the subject's other cases."""
        announced = [
            Announcement(
                CASE_EVENTS,
                command.event.TYPE,
                event_data(command.event).decode(),
                case.request_id,
            )
            for command in commands
            if isinstance(command, Publish)
        ]
        for ordinal, one in enumerate([*announced, *extra]):
            message_id = str(uuid5(MESSAGES, f"{case.id}:{case.version}:{ordinal}"))
            self.messages.append(
                OutgoingMessage(message_id, one.topic, one.key, one.type, one.data)
            )
        for command in commands:
            if isinstance(command, TellSubjectsCases):
                self._tell_siblings(case, settled=command.settled)
            if isinstance(command, TellCase):
                self.apply(Step(command.case, command.event))

    def _tell_siblings(self, case: Case, *, settled: bool) -> None:
        """Tell the subject's other open cases about this case's export."""
        news = SiblingExportSettled if settled else SiblingExportOpened
        for other in self.siblings[case.subject]:
            known = self.cases.get(other)
            if other != case.id and known is not None and known.is_test == case.is_test:
                self.apply(Step(other, news(self.at, case.id)))


def _moved(before: Case, after: Case) -> Iterator[Task]:
    """Yield the tasks that a step changed."""
    known = before.all_tasks
    for id_, task in after.all_tasks.items():
        if known.get(id_) is not task:
            yield task


def _copies(case: Case) -> bool:
    """Tell whether the case still gathers a copy."""
    return case.export == "gathering"
