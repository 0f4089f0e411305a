"""One writing transaction of the store: what the engine locks, reads and writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from orchestrator.adapters.cases import obligation_rows, statistics
from orchestrator.adapters.cases.assembling import Assembling
from orchestrator.adapters.cases.codec import case_to_doc, event_to_doc, task_to_doc
from orchestrator.adapters.cases.riding import carry_out
from orchestrator.adapters.intake.brake_counting import (
    hold_beside,
    locked_brakes,
    save_counted,
)
from orchestrator.adapters.intake.positions import locked_position, move
from orchestrator.adapters.intake.quarantine_room import (
    locked_room,
    put_quarantined,
    save_room,
    waiting_digests,
)
from orchestrator.adapters.register.planning import plan_to_json
from orchestrator.adapters.sql import intake_tables as i
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.upserting import upsert
from orchestrator.core.answer.statistics import is_counted_anew
from orchestrator.core.cases import Case, CaseStatus, Step, Task
from orchestrator.core.clocks.ladder import highest_rung
from orchestrator.core.events import Event
from orchestrator.core.intake.brake import Brake
from orchestrator.core.plan import Plan
from orchestrator.core.ruling.locking import locks_at
from orchestrator.core.words import CaseId, SubjectRef
from orchestrator.ports import (
    BrakeKey,
    Cause,
    Counted,
    KnownRequest,
    OutgoingMessage,
    Quarantined,
    Room,
    Unkept,
    Write,
)


class SqlTransaction:
    """One writing transaction."""

    def __init__(self, connection: Connection, assembling: Assembling) -> None:
        """Keep the connection that the transaction runs on."""
        self.connection = connection
        self._assembling = assembling
        self.plans: list[Plan] = []  # kept once this is committed

    def lock_subjects(self, refs: Collection[SubjectRef], at: datetime) -> None:
        """Create missing subject rows and lock all of them, in order."""
        rows = [{"ref": ref, "seen_at": at} for ref in sorted(set(refs))]
        locked: Sequence[object] = ()
        while len(locked) < len(rows):
            # Once more where the records of a person went in between.
            upsert(self.connection, t.subjects, rows)
            asked = {"refs": list(refs)}
            locked = self.connection.execute(_LOCK_SUBJECTS, asked).all()

    def open_cases_of(
        self, refs: Collection[SubjectRef]
    ) -> Mapping[SubjectRef, Sequence[CaseId]]:
        """Return the cases of each subject that are not closed."""
        asked = {"refs": list(refs)}
        found: dict[SubjectRef, list[CaseId]] = defaultdict(list)
        for row in self.connection.execute(_OPEN_CASES_OF, asked):
            found[SubjectRef(row.subject)].append(CaseId(row.id))
        return found

    def subjects_of(self, cases: Collection[CaseId]) -> Mapping[CaseId, SubjectRef]:
        """Return whose cases these are."""
        query = select(t.cases.c.id, t.cases.c.subject).where(t.cases.c.id.in_(cases))
        return {
            CaseId(row.id): SubjectRef(row.subject)
            for row in self.connection.execute(query)
        }

    def load_cases(self, ids: Collection[CaseId]) -> dict[CaseId, Case]:
        """Lock and load cases in id order; unknown ids are absent."""
        rows = self.connection.execute(_LOCK_CASES, {"ids": list(ids)}).all()
        return self._assembling.assembled(self.connection, rows)

    def keep_plans(self, plans: Collection[Plan], at: datetime) -> None:
        """Keep register versions, so that cases under them can always be decided."""
        rows = [
            {
                "version": plan.version,
                "controller": plan.controller,
                "plan": plan_to_json(plan),
                "seen_at": at,
            }
            for plan in plans
            if not self._assembling.keeps(plan)
        ]
        upsert(self.connection, t.registers, rows)
        self.plans.extend(plans)

    def insert_cases(self, cases: Sequence[Case]) -> None:
        """Store new cases with their tasks."""
        if not cases:
            return
        self.connection.execute(t.cases.insert(), [_case_row(case) for case in cases])
        rows = [
            task_row(case.id, task)
            for case in cases
            for task in case.all_tasks.values()
        ]
        if rows:
            self.connection.execute(t.tasks.insert(), rows)
        statistics.put(self.connection, cases)

    def save_cases(self, changed: Sequence[tuple[Case, Case]]) -> None:
        """Store (before, after) pairs; only tasks that changed are written."""
        cases = [bound(_case_row(after)) for _, after in changed]
        moved = [
            (id_ not in before.all_tasks, task_row(after.id, task))
            for before, after in changed
            for id_, task in after.all_tasks.items()
            if before.all_tasks.get(id_) is not task
        ]
        if cases:
            self.connection.execute(_UPDATE_CASE, cases)
        if tasks := [bound(row) for is_new, row in moved if not is_new]:
            self.connection.execute(UPDATE_TASK, tasks)
        counted = [after for before, after in changed if is_counted_anew(before, after)]
        statistics.put(self.connection, counted)
        if follow_ups := [row for is_new, row in moved if is_new]:
            self.connection.execute(t.tasks.insert(), follow_ups)
        obligation_rows.keep(self.connection, changed)

    def add_history(self, rows: Sequence[tuple[CaseId, int, datetime, Event]]) -> None:
        """Keep applied events, one row a version."""
        if rows:
            self.connection.execute(
                _ADD_HISTORY,
                [
                    {
                        "case_id": case,
                        "version": version,
                        "at": at,
                        "event": type(event).__name__,
                        "doc": event_to_doc(event),
                    }
                    for case, version, at, event in rows
                ],
            )

    def add_messages(self, messages: Sequence[OutgoingMessage], at: datetime) -> None:
        """Put messages into the outbox; one that is there already stays as it is."""
        rows = [
            {
                "message_id": message.message_id,
                "topic": message.topic,
                "key": message.key,
                "type": message.type,
                "data": message.data,
                "made_at": at,
            }
            for message in messages
        ]
        upsert(self.connection, t.outbox, rows, conflict=("message_id",))

    def write(self, writes: Sequence[Write], at: datetime) -> None:
        """Carry out what rides along with events."""
        carry_out(self.connection, writes, at)

    def lock_offset(self, topic: str, partition: int) -> int:
        """Lock one input partition and return the offset it goes on at."""
        return locked_position(self.connection, topic, partition)

    def move_offset(self, topic: str, partition: int, following: int) -> None:
        """Let a locked input partition go on at *following*."""
        move(self.connection, topic, partition, following)

    def known_requests(
        self, request_ids: Collection[str], events: Collection[tuple[str, str]]
    ) -> Sequence[KnownRequest]:
        """Return remembered requests with one of these ids or (source, id) pairs."""
        by_id = self.connection.execute(_KNOWN_BY_ID, {"ids": list(request_ids)})
        names = {
            "sources": list({source for source, _ in events}),
            "event_ids": [event_id for _, event_id in events],
        }
        by_event = [
            row
            for row in self.connection.execute(_KNOWN_BY_EVENT, names)
            if (row.source, row.event_id) in events
        ]
        rows = {row.request_id: row for row in (*by_id, *by_event)}
        return [
            KnownRequest(
                row.request_id,
                row.source,
                row.event_id,
                row.digest,
                CaseId(row.case_id),
            )
            for row in rows.values()
        ]

    def remember_requests(self, requests: Sequence[KnownRequest], at: datetime) -> None:
        """Remember requests that open a case in this transaction."""
        if requests:
            self.connection.execute(
                t.requests.insert(),
                [
                    {
                        "request_id": known.request_id,
                        "source": known.source,
                        "event_id": known.event_id,
                        "digest": known.digest,
                        "case_id": known.case_id,
                        "seen_at": at,
                    }
                    for known in requests
                ],
            )

    def heard_events(
        self, events: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """Return the digest of each event, by (source, id), that was taken before."""
        if not events:
            return {}
        values = {
            "sources": [source for source, _ in events],
            "event_ids": [event_id for _, event_id in events],
        }
        found = self.connection.execute(_HEARD, values)
        return {(row.source, row.event_id): row.digest for row in found}

    def remember_events(
        self, events: Collection[tuple[str, str, str, datetime]]
    ) -> None:
        """Remember events that were taken: source, id, digest, until when."""
        names = ("source", "event_id", "digest", "until")
        rows = [dict(zip(names, event, strict=True)) for event in events]
        if rows:
            upsert(self.connection, i.heard_events, rows, conflict=names[:2])

    def quarantine(self, events: Sequence[Quarantined]) -> Sequence[str]:
        """Keep events; returns the ids of those not kept before."""
        return put_quarantined(self.connection, events)

    def waiting_digests(self, digests: Collection[str]) -> Collection[str]:
        """Return which of these digests something waits under in quarantine."""
        return waiting_digests(self.connection, digests)

    def lock_room(self, causes: Collection[Cause]) -> Mapping[Cause, Room]:
        """Lock each cause, and count what waits of it that nobody of ours sent."""
        return locked_room(self.connection, causes)

    def save_room(self, rooms: Sequence[Room], unkept: Sequence[Unkept]) -> None:
        """Store how full locked causes are told to be, and what had no room there."""
        save_room(self.connection, rooms, unkept)

    def lock_brakes(
        self, keys: Collection[BrakeKey], at: datetime
    ) -> Mapping[BrakeKey, Brake]:
        """Lock what was counted of each controller and source, in order."""
        return locked_brakes(self.connection, keys, at)

    def save_counted(self, counted: Counted) -> None:
        """Store what was counted on locked brakes, and which cases they hold."""
        save_counted(self.connection, counted)

    def hold_beside(self, pairs: Mapping[CaseId, CaseId]) -> None:
        """Let the brake that holds a case's lead (the value) hold the case, too."""
        hold_beside(self.connection, pairs)


_HEARD = select(i.heard_events).where(
    i.heard_events.c.source.in_(bindparam("sources", expanding=True)),
    i.heard_events.c.event_id.in_(bindparam("event_ids", expanding=True)),
)
# Built once: building a statement takes longer than running it.
_ADD_HISTORY = t.history.insert()
_LOCK_CASES = (
    select(t.cases)
    .where(t.cases.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(t.cases.c.id)
    .with_for_update()
)
_LOCK_SUBJECTS = (
    select(t.subjects.c.ref)
    .where(t.subjects.c.ref.in_(bindparam("refs", expanding=True)))
    .order_by(t.subjects.c.ref)
    .with_for_update()
)
_OPEN_CASES_OF = select(t.cases.c.id, t.cases.c.subject).where(
    t.cases.c.subject.in_(bindparam("refs", expanding=True)),
    t.cases.c.status.in_(("received", "running", "attached")),
)
_KNOWN_BY_ID = select(t.requests).where(
    t.requests.c.request_id.in_(bindparam("ids", expanding=True))
)
# By both names apart: SQLite would read the whole table for pairs.
_KNOWN_BY_EVENT = select(t.requests).where(
    t.requests.c.source.in_(bindparam("sources", expanding=True)),
    t.requests.c.event_id.in_(bindparam("event_ids", expanding=True)),
)
_CASE_COLUMNS = (
    "version",
    "status",
    "wants",
    "due_at",
    "wake_at",
    "held",
    "locks_at",
    "doc",
)
_UPDATE_CASE = (
    update(t.cases)
    .where(t.cases.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _CASE_COLUMNS})
)
_TASK_COLUMNS = (
    *("status", "step", "wake_at", "dispatch_by", "epoch"),
    *("claimed_at", "at_most", "job", "rung", "doc"),
)
UPDATE_TASK = (
    update(t.tasks)
    .where(t.tasks.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _TASK_COLUMNS})
)


def _case_row(case: Case) -> dict[str, object]:
    """Return the row of *case*."""
    stops = len(case.holds) + (case.unsure_since is not None)
    return {
        "id": case.id,
        "version": case.version,
        "status": str(case.status),
        "wants": str(case.wants) if case.wants else None,
        "controller": case.controller,
        "subject": case.subject,
        "request_id": case.request_id,
        "register_version": case.plan.version,
        "received_at": case.received_at,
        "due_at": case.due_at,
        "wake_at": case.wake_at if case.status is not CaseStatus.CLOSED else None,
        "locks_at": locks_at(case),
        "held": stops or None if case.status is CaseStatus.RUNNING else None,
        "doc": case_to_doc(case),
    }


def task_row(case: CaseId, task: Task) -> dict[str, object]:
    """Return the row of *task*."""
    return {
        "id": task.id,
        "case_id": case,
        "account": task.account,
        "action": str(task.action),
        "status": str(task.status),
        "step": str(task.step),
        "wake_at": task.wake_at,
        "dispatch_by": task.dispatch_by,
        "epoch": task.epoch,
        "claimed_at": task.first_called_at,
        "at_most": task.at_most,
        "job": _job(task),
        "rung": None if task.is_settled else highest_rung(task),
        "doc": task_to_doc(task),
    }


def _job(task: Task) -> str | None:
    """Return the call that the task's next step asks about."""
    job = task.due_job
    is_about_it = task.step in {Step.POLL, Step.CANCEL}
    return job.id if job is not None and is_about_it else None


def bound(row: Mapping[str, object]) -> dict[str, object]:
    """Prefix a row's names, so that they do not clash with an update's own columns."""
    return {f"b_{name}": value for name, value in row.items()}
