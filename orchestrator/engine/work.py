"""What one transaction loads, decides and writes: the engine's unit of work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

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
    Event,
    ExportSealed,
    RequestWithdrawn,
    SiblingExportOpened,
    SiblingExportSettled,
    StatementRecovered,
)
from orchestrator.core.intake.attaching import attachments
from orchestrator.core.intake.opening import Opening, open_case
from orchestrator.core.plan import Plan
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.words import CaseId, Rehearsal, SubjectRef
from orchestrator.engine.steps import Announcement, NewCase, Step, Stirred
from orchestrator.ports import OutgoingMessage, Transaction, Write
from schemas.case_events import event_data
from schemas.topics import CASE_EVENTS

# Never change: message ids of what was already sent are derived from it.
MESSAGES = UUID("6f6e1c0e-6f0b-5d56-9a3c-6d1f0c5f7a11")

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
