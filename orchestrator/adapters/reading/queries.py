"""
The read side for people: what stands in the database, as plain values.

Only reading transactions, each of one moment; nothing here opens the vault.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from orchestrator.adapters.cases.assembling import Assembling
from orchestrator.adapters.reading.asking import NEAR, Asking
from orchestrator.adapters.reading.viewing import (
    amendment_line,
    answered_with,
    endangered_lines,
    held_lines,
    history_line,
    hold_line,
    informed_line,
    next_alarm_of,
    obligation_line,
    ruling_line,
    task_line,
    task_view,
    with_silence,
)
from orchestrator.adapters.reading.views import (
    CaseLine,
    CaseView,
    HeldLine,
    HistoryLine,
    StatementLine,
    Status,
    TaskLine,
    TaskView,
)
from orchestrator.adapters.receipts import signed_statements
from orchestrator.adapters.sql import brake_tables as b
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.core.cases import Case, CaseStatus, Task, TaskStatus
from orchestrator.core.clocks.alarms import OPEN as OPEN_STATUSES
from orchestrator.core.clocks.alarms import next_alarm_at
from orchestrator.core.ruling.extending import due_if_suspended
from orchestrator.core.ruling.locking import locks_at
from orchestrator.core.words import CaseId
from orchestrator.errors import NotPossible
from schemas.connecting import TaskId

OPEN = tuple(sorted(one.value for one in OPEN_STATUSES))
FOR_PEOPLE = (TaskStatus.NEEDS_HUMAN, TaskStatus.WITH_PERSON)


class Queries:
    """What people ask of the database."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database
        self._assembling = Assembling()

    # --- the whole ------------------------------------------------------------

    def status(self, now: datetime, event_log: str) -> Status:
        """Return one look at everything; `lag` is that of the embedded log."""
        with self._database.reading() as connection:
            ask = Asking(connection)
            is_open = t.cases.c.status.in_(OPEN)
            unsent = t.outbox.c.sent_at.is_(None)
            return Status(
                at=now,
                database=self._database.engine.dialect.name,
                event_log=event_log,
                workers=ask.workers(now),
                lag=ask.embedded_lag() if event_log == "embedded" else None,
                unsent=ask.count(t.outbox.c.seq, unsent),
                oldest_unsent_at=ask.lowest(t.outbox.c.made_at, unsent),
                open_cases=ask.count(t.cases.c.id, is_open),
                overdue_cases=ask.count(t.cases.c.id, is_open, t.cases.c.due_at < now),
                unplanned_cases=ask.count(
                    t.cases.c.id, t.cases.c.status == CaseStatus.RECEIVED.value
                ),
                next_due_at=ask.lowest(t.cases.c.due_at, is_open),
                tasks_needing_people=ask.tasks(*FOR_PEOPLE),
                waiting_tasks=ask.tasks(TaskStatus.WAITING),
                paused_accounts=ask.paused(),
                silent=ask.silent(),
                locked_cases=ask.locked(),
                overdue_identifiers=ask.count(t.cases.c.id, t.cases.c.locks_at < now),
                quarantined=ask.quarantined(),
                quarantined_near=ask.quarantined(due_before=now + NEAR),
                unmatched_callbacks=ask.count(
                    t.inbox.c.id, t.inbox.c.state == "unmatched"
                ),
                pulled_brakes=ask.count(
                    b.brake_pulls.c.id, b.brake_pulls.c.state == "pulled"
                ),
                owed=ask.count(t.obligations.c.id),
                next_owed_on=ask.next_owed(),
            )

    def input_offsets(self, topic: str) -> Mapping[int, int]:
        """Return where each partition of an input topic goes on."""
        query = select(t.offsets).where(t.offsets.c.topic == topic)
        with self._database.reading() as connection:
            return {row.partition: row.next_offset for row in connection.execute(query)}

    def tasks_by_account(self, *statuses: TaskStatus) -> Mapping[str, int]:
        """Count tasks of these statuses by their account."""
        with self._database.reading() as connection:
            return Asking(connection).tasks_by_account(*statuses)

    def a_wrapped_key(self) -> tuple[str, str, bytes] | None:
        """Return some stored data key (owner, purpose, wrapped), if there is one."""
        query = select(t.data_keys).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.owner, row.purpose, row.wrapped)

    # --- cases ----------------------------------------------------------------

    def cases(
        self, now: datetime, *, status: str | None = None, limit: int = 50
    ) -> Sequence[CaseLine]:
        """Return the cases of that status (by default every one), newest first."""
        query = select(t.cases).order_by(t.cases.c.id.desc()).limit(limit)
        if status is not None:
            query = query.where(t.cases.c.status == status)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            counts = _task_counts(connection, [row.id for row in rows])
        return [_case_line(row, counts.get(row.id, {}), now) for row in rows]

    def case_now(self, id_: str) -> Case:
        """Return a case as the core has it; raises `NotPossible` for a stranger."""
        query = select(t.cases).where(t.cases.c.id == id_)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            found = self._assembling.assembled(connection, rows)
        if not found:
            raise NotPossible(f"There is no case {id_}; `erasure case list` has them.")
        return found[CaseId(id_)]

    def case(self, id_: str, now: datetime) -> CaseView:
        """Return one case; raises `NotPossible` for a stranger."""
        found = self.case_now(id_)
        statements = self.statements(case=id_)
        view = _case_view(found, now, statements, self._history(id_))
        return replace(
            view,
            is_under_review=found.is_under_review,
            refused_for=found.refused_for,
            holds=tuple(map(hold_line, found.holds)),
            rulings=tuple(map(ruling_line, found.rulings)),
            export_collected_at=found.export_collected_at,
            informed=tuple(map(informed_line, found.informed)),
            amendments=tuple(map(amendment_line, found.amendments)),
            led_by=found.led_by,
            leads=tuple(led.case for led in found.leads),
            answered_with=answered_with(found),
            next_alarm_at=next_alarm_at(found),
            due_calendar=found.deadline.calendar if found.deadline else None,
            confirm_by=found.deadline.confirm_at if found.deadline else None,
            extended_because=found.extension.reason if found.extension else None,
            identity_asked_at=found.identity_asked_at,
            identity_received_at=found.identity_received_at,
            locks_at=locks_at(found),
            locked_at=found.locked_at,
            due_if_suspended=due_if_suspended(found, now),
            endangered=endangered_lines(found, now),
        )

    def held(self, limit: int) -> Sequence[HeldLine]:
        """Return what is held, by who should look first; cases by their deadline."""
        query = select(t.cases).where(t.cases.c.held.is_not(None))
        query = query.order_by(t.cases.c.due_at, t.cases.c.id).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            cases = self._assembling.assembled(connection, rows)
        lines = [line for case in cases.values() for line in held_lines(case)]
        return sorted(lines, key=lambda line: not line.hold.is_due)

    def _history(self, id_: str) -> tuple[HistoryLine, ...]:
        """Return what changed the case, oldest first."""
        query = select(t.history).where(t.history.c.case_id == id_)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(t.history.c.version)).all()
        return tuple(
            history_line(row.version, row.at, row.event, json.loads(row.doc))
            for row in rows
        )

    # --- tasks ----------------------------------------------------------------

    def tasks(
        self, *, needs_human: bool, account: str | None = None, limit: int = 50
    ) -> Sequence[TaskLine]:
        """Return tasks that are not settled, most urgent first."""
        unsettled = set(TaskStatus) - {TaskStatus.SETTLED}
        wanted = set(FOR_PEOPLE) if needs_human else unsettled
        query = (
            select(t.tasks.c.case_id, t.tasks.c.id)
            .where(t.tasks.c.status.in_(sorted(wanted)))
            .order_by(t.tasks.c.dispatch_by, t.tasks.c.id)
            .limit(limit)
        )
        if account is not None:
            query = query.where(t.tasks.c.account == account)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            cases = self._assembled(connection, {row.case_id for row in rows})
        return [
            task_line(row.case_id, cases[row.case_id].all_tasks[row.id]) for row in rows
        ]

    def task(self, id_: str) -> tuple[Case, Task]:
        """Return a task and its case; raises `NotPossible` for a stranger."""
        query = select(t.tasks.c.case_id).where(t.tasks.c.id == id_)
        with self._database.reading() as connection:
            case_id: str | None = connection.execute(query).scalar()
            found = self._assembled(connection, {case_id} if case_id else ())
        if case_id is None:
            raise NotPossible(f"There is no task {id_}; `erasure task list` has them.")
        owner = found[CaseId(case_id)]
        return owner, owner.all_tasks[TaskId(id_)]

    def task_view(self, id_: str) -> TaskView:
        """Return one task; raises `NotPossible` for a stranger."""
        owner, task = self.task(id_)
        return with_silence(task_view(owner.id, task), owner, task)

    def _assembled(
        self, connection: Connection, ids: Collection[str]
    ) -> Mapping[CaseId, Case]:
        """Return these cases."""
        query = select(t.cases).where(t.cases.c.id.in_(ids))
        return self._assembling.assembled(connection, connection.execute(query).all())

    # --- statements -----------------------------------------------------------

    def statements(
        self, *, case: str | None = None, limit: int = 1000
    ) -> tuple[StatementLine, ...]:
        """Return signed statements, newest first."""
        with self._database.reading() as connection:
            return signed_statements.lines(connection, case, limit)

    def statement(self, id_: str) -> tuple[StatementLine, bytes]:
        """
        Return a statement with its envelope, by its own id or its case's.

        A case's id means the newest one, of an attached case that of its lead; raises
        `NotPossible` for a stranger.
        """
        with self._database.reading() as connection:
            found = signed_statements.one(connection, id_)
        if found is None:
            raise NotPossible(
                f"There is no receipt {id_}; `erasure receipt list` has them."
            )
        return found


def _task_counts(
    connection: Connection, ids: Collection[str]
) -> Mapping[str, Mapping[str, int]]:
    """Count tasks by case: all, settled, needing people."""
    status = t.tasks.c.status
    with_people = status.in_(FOR_PEOPLE)
    query = (
        select(
            t.tasks.c.case_id,
            func.count().label("tasks"),
            func.sum(case((status == TaskStatus.SETTLED, 1), else_=0)).label("settled"),
            func.sum(case((with_people, 1), else_=0)).label("people"),
        )
        .where(t.tasks.c.case_id.in_(ids))
        .group_by(t.tasks.c.case_id)
    )
    return {
        row.case_id: {
            "tasks": int(row.tasks),
            "settled": int(row.settled),
            "people": int(row.people),
        }
        for row in connection.execute(query)
    }


def _case_line(row: Any, counts: Mapping[str, int], now: datetime) -> CaseLine:  # noqa: ANN401 (a row)
    """Return a case's row as a line."""
    doc = json.loads(row.doc)
    return CaseLine(
        id=row.id,
        request_id=row.request_id,
        controller=row.controller,
        rights=tuple(sorted(doc["rights"])),
        status=row.status,
        received_at=row.received_at,
        due_at=row.due_at,
        is_overdue=row.status in OPEN and row.due_at < now,
        tasks=counts.get("tasks", 0),
        tasks_settled=counts.get("settled", 0),
        tasks_needing_people=counts.get("people", 0),
        export=doc.get("export", "not_asked"),
        result=doc.get("result"),
        next_alarm_at=next_alarm_of(row, doc) if row.status in OPEN else None,
    )


def _case_view(
    found: Case,
    now: datetime,
    statements: tuple[StatementLine, ...],
    history: tuple[HistoryLine, ...],
) -> CaseView:
    """Return a case as people see it."""
    return CaseView(
        id=found.id,
        request_id=found.request_id,
        controller=found.controller,
        subject=found.subject,
        rights=tuple(sorted(found.rights)),
        jurisdiction=found.jurisdiction,
        channel=found.channel,
        status=found.status,
        version=found.version,
        register_version=found.plan.version,
        received_at=found.received_at,
        opened_at=found.opened_at,
        due_at=found.due_at,
        due_rule=found.due_rule,
        is_overdue=found.status.value in OPEN and found.due_at < now,
        wake_at=found.wake_at,
        waits_for_exports_of=tuple(sorted(found.waits_for_exports)),
        export=found.export,
        export_sha256=found.export_sha256,
        export_expires_at=found.export_expires_at,
        export_downloaded_at=found.export_downloaded_at,
        identity_held=found.identity_held,
        withdrawn_at=found.withdrawn_at,
        rehearsal=tuple(sorted(found.rehearsal)),
        result=found.result,
        answered_at=found.answered_at,
        closed_at=found.closed_at,
        tasks=tuple(task_line(found.id, one) for one in found.all_tasks.values()),
        statements=statements,
        obligations=tuple(obligation_line(found, one) for one in found.obligations),
        history=history,
    )
