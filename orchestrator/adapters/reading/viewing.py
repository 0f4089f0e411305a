"""Turn the core's values into the lines that people see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from orchestrator.adapters.reading.views import (
    AmendmentLine,
    ChoiceLine,
    EndangeredLine,
    HeldLine,
    HistoryLine,
    HoldLine,
    InformedLine,
    ObligationLine,
    RulingLine,
    RungLine,
    TaskLine,
    TaskView,
)
from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    Found,
    Handover,
    Task,
    TaskItem,
    TaskStatus,
)
from orchestrator.core.clocks.alarms import alarm_ahead
from orchestrator.core.clocks.forecast import endangered
from orchestrator.core.clocks.ladder import highest_rung, silent_since
from orchestrator.core.holds import Hold, Ruling
from orchestrator.core.later import Amendment, Informed
from orchestrator.core.reasons import reasons_of
from orchestrator.core.tasks import Rung
from orchestrator.core.words import Mark


def task_line(case: str, task: Task) -> TaskLine:
    """Return a task as a line of a list."""
    handover = _open_handover(task)
    return TaskLine(
        id=task.id,
        case=case,
        account=task.account,
        action=task.action,
        status=task.status,
        reason=_why(task),
        gate=task.gate.reason if task.gate else None,
        outcome=task.outcome.kind if task.outcome else None,
        items=len(task.items),
        attempts=task.attempts,
        wake_at=task.wake_at,
        dispatch_by=task.dispatch_by,
        due_at=handover.due_at if handover else None,
        assignee=handover.assignee if handover else None,
        rung=highest_rung(task),
    )


def obligation_line(case: Case, one: Obligation) -> ObligationLine:
    """Return what is still owed as a line."""
    task = case.all_tasks.get(one.task_id(case.id))
    return ObligationLine(
        one.account,
        one.record_class,
        one.rule,
        one.due_on,
        len(one.items),
        one.kind,
        task.status if task else "not_due",
        one.fields,
    )


def endangered_lines(case: Case, now: datetime) -> tuple[EndangeredLine, ...]:
    """Return what will not be over by the deadline of an open case."""
    if case.status is not CaseStatus.RUNNING:
        return ()
    return tuple(
        EndangeredLine(one.account, one.action, one.why, one.expected_by)
        for one in endangered(case, now)
    )


def next_alarm_of(row: Any, doc: Mapping[str, Any]) -> datetime | None:  # noqa: ANN401 (a row)
    """Return when the next alarm of an open case goes off, as its row tells."""
    if doc.get("rehearsal"):
        return None
    counted = doc.get("deadline") or {}
    target = counted.get("target_at")
    return alarm_ahead(
        row.received_at,
        datetime.fromisoformat(target) if target else row.due_at,
        row.due_at,
        [Mark(one) for one in doc.get("passed", ())],
    )


def _why(task: Task) -> str | None:
    """Return the code that says why a task waits, or why its line was left out."""
    if task.outcome is None or isinstance(task.outcome, Found):
        return task.reason
    return next(iter(reasons_of(task.outcome)), None)


def task_view(case: str, task: Task) -> TaskView:
    """Return everything about a task that the database may tell."""
    gate = task.gate
    handover = _open_handover(task)
    attested = task.attested
    return TaskView(
        id=task.id,
        case=case,
        account=task.account,
        action=task.action,
        status=task.status,
        step=task.step,
        reason=_why(task),
        hint=task.hint,
        gate=gate.reason if gate else None,
        gate_opens_at=gate.opens_at if gate else None,
        outcome=task.outcome.kind if task.outcome else None,
        how=task.how,
        item_states=dict(Counter(item.state.value for item in task.items)),
        kept=tuple(sorted({item.rule for item in task.items if item.rule})),
        calls=task.calls,
        attempts=task.attempts,
        answers_lost=task.answers_lost,
        open_calls=len(task.open_calls),
        wake_at=task.wake_at,
        dispatch_by=task.dispatch_by,
        settled_at=task.settled_at,
        candidates=tuple(
            _choice(number, items) for number, items in enumerate(task.choices, start=1)
        ),
        expected_by=min((call.late_at for call in task.open_calls), default=None),
        is_late=bool(task.open_calls and task.late_jobs),
        due_at=handover.due_at if handover else None,
        assignee=handover.assignee if handover else None,
        reminders=handover.reminders if handover else 0,
        escalations=handover.escalations if handover else 0,
        attested_by=attested.by if attested else None,
        evidence_sha256=attested.sha256 if attested else None,
    )


def with_silence(view: TaskView, case: Case, task: Task) -> TaskView:
    """Add since when the account is silent, once that is told, and whom to write to."""
    named = any(one.rung is Rung.PROCESSOR for one in task.rungs)
    recipient = case.plan.recipients[case.planned(task).recipient]
    return replace(
        view,
        silent_since=silent_since(task) if task.rungs else None,
        rungs=tuple(RungLine(one.rung, one.at) for one in task.rungs),
        write_to=(recipient.contact or recipient.legal_name) if named else None,
    )


def _open_handover(task: Task) -> Handover | None:
    """Return what is said of work that is with a person now."""
    return task.handover if task.status is TaskStatus.WITH_PERSON else None


def hold_line(hold: Hold) -> HoldLine:
    """Return a hold as a line."""
    return HoldLine(
        reason=hold.reason,
        classes=tuple(sorted(hold.classes)),
        at=hold.at,
        by=hold.by,
        owner=hold.owner,
        review_at=hold.review_at,
        is_due=hold.is_due,
    )


def held_lines(case: Case) -> Iterator[HeldLine]:
    """Yield what stops *case*."""
    for hold in case.holds:
        yield HeldLine(case.id, case.request_id, case.due_at, hold_line(hold))


def ruling_line(ruling: Ruling) -> RulingLine:
    """Return a ruling as a line."""
    return RulingLine(
        kind=ruling.kind,
        reason=ruling.reason,
        provision=ruling.provision,
        classes=tuple(sorted(ruling.classes)),
        record_classes=tuple(sorted(ruling.record_classes)),
        task=ruling.task,
        by=ruling.by,
        at=ruling.at,
    )


def informed_line(one: Informed) -> InformedLine:
    """Return what reached the person as a line."""
    told = f"statement {one.statement}" if one.statement else str(one.notice)
    return InformedLine(told, one.channel, one.at)


def amendment_line(one: Amendment) -> AmendmentLine:
    """Return later identifiers as a line, by their types."""
    passed_over = tuple(f"{left.account}: {left.code}" for left in one.passed_over)
    return AmendmentLine(one.at, tuple(sorted(one.types)), one.accounts, passed_over)


def answered_with(case: Case) -> str | None:
    """Name the latest statement of the lead that speaks for an attached case."""
    if case.led_by is None or not case.lead_statements:
        return None
    return f"{case.led_by}-{case.lead_statements[-1].number}"


def history_line(
    version: int, at: datetime, event: str, doc: Mapping[str, Any]
) -> HistoryLine:
    """Return one event of the history; its document is free of personal data."""
    task, by = doc.get("task"), doc.get("by")
    return HistoryLine(
        version=version,
        at=at,
        event=event,
        task=None if task is None else str(task),
        detail=_detail(doc),
        by=None if by is None else str(by),
    )


def _detail(doc: Mapping[str, Any]) -> str | None:
    """Say in a word or two what an event brought."""
    report = doc.get("report")
    if isinstance(report, dict):
        said = [report.get("kind"), report.get("reason"), report.get("cause")]
        return " ".join(str(one) for one in said if one)
    if "chosen" in doc:
        return ", ".join(str(pick + 1) for pick in doc["chosen"]) or "none"
    if "types" in doc:
        return ", ".join(sorted(doc["types"]))
    informed = doc.get("informed")
    if isinstance(informed, dict):
        statement = informed.get("statement")
        return f"statement {statement}" if statement else informed.get("notice")
    for name in ("reason", "ground", "means", "kind", "case", "to", "outcome"):
        if name in doc:
            return str(doc[name])
    return None


def _choice(number: int, items: tuple[TaskItem, ...]) -> ChoiceLine:
    """Describe a candidate by counts, kinds and dates."""
    days: list[date] = sorted(item.started_on for item in items if item.started_on)
    return ChoiceLine(
        record=number,
        items=len(items),
        kinds=dict(Counter(item.kind for item in items)),
        oldest_on=days[0] if days else None,
        newest_on=days[-1] if days else None,
    )
