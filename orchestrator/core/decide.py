"""
Decide what follows from an event.

The whole workflow is here and in the modules it calls, and nothing else is: no
clock, no randomness, no network.  Times arrive inside events; work leaves as the
case's own state (what is ready or due is a row) and as commands.
"""

from __future__ import annotations

from typing import assert_never

from orchestrator.core.afterwards.following import deadline_of, with_follow_ups
from orchestrator.core.afterwards.reading_back import after_return
from orchestrator.core.answer.answering import (
    after_export,
    after_forgetting,
    after_signature,
    closed_if_over,
    expired,
)
from orchestrator.core.answer.informing import after_informing
from orchestrator.core.answer.lost_answers import after_word_of_answer
from orchestrator.core.answer.recovering import after_recovery
from orchestrator.core.cases import Case, CaseStatus, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.clocks.ladder import climbed
from orchestrator.core.commands import Command, Decision, Publish
from orchestrator.core.events import (
    CallReported,
    CaseExtended,
    Event,
    EvidenceOpened,
    ExportCollected,
    ExportDownloaded,
    ExportSealed,
    ExportShredded,
    IdentifiersShown,
    IdentityAsked,
    IdentityReceived,
    ItemsLocated,
    PersonAssigned,
    PersonAttested,
    PersonChose,
    PersonClosed,
    PersonRetried,
    RequestWithdrawn,
    SiblingExportOpened,
    SiblingExportSettled,
    StatementRecovered,
    StatementSigned,
    TaskReleased,
    TaskReported,
    TimePassed,
)
from orchestrator.core.intake.amending import after_amendment
from orchestrator.core.intake.attaching import (
    after_lead,
    after_leading,
    withdrawn_while_attached,
    words_to_others,
)
from orchestrator.core.keyed import (
    IdentityForgotten,
    IdentityLocked,
    IdentityUnlocked,
    KeyEvent,
    OwedForgotten,
)
from orchestrator.core.later import PersonInformed, RequestAmended
from orchestrator.core.leading import (
    LeadExported,
    LeadingEvent,
    LeadLost,
    LeadRefused,
    LeadStated,
    RequestAttached,
    RequestDetached,
)
from orchestrator.core.news import news_of
from orchestrator.core.ruled import (
    AnswerRuled,
    AnswerRuling,
    CaseApproved,
    CaseHeld,
    CaseRefused,
    CaseReleased,
    GateOpened,
    ReturnRuled,
    UseStopped,
)
from orchestrator.core.ruling.extending import after_extension, after_word_of_identity
from orchestrator.core.ruling.locking import after_lock, with_locked_tasks
from orchestrator.core.ruling.reviewing import (
    after_ruling,
    with_due_holds,
    with_refusal,
)
from orchestrator.core.ruling.rulings import (
    BY_HAND,
    CLOSE_REASONS,
    after_choice,
    after_close,
    after_retry,
)
from orchestrator.core.ruling.stopping import after_use_stopped
from orchestrator.core.settling import ready, wait
from orchestrator.core.waking import with_wake_at
from orchestrator.core.words import Right
from orchestrator.core.work.gates import close_gates, cooled, open_gates
from orchestrator.core.work.locating import with_learned
from orchestrator.core.work.manual_work import (
    after_assignment,
    after_attestation,
    after_showing,
    evidence_opened,
    told_in_time,
)
from orchestrator.core.work.reports import after_report
from orchestrator.core.work.unasked import after_unasked
from orchestrator.core.work.withdrawing import after_withdrawal, obeyed
from schemas.case_events import AccountSettled
from schemas.connecting import Action

__all__ = ["BY_HAND", "CLOSE_REASONS", "decide"]

PersonalEvent = (
    PersonRetried | PersonClosed | PersonAssigned | IdentifiersShown | PersonAttested
)
PortalsWord = RequestWithdrawn | RequestAmended | PersonInformed
TaskEvent = TaskReported | TaskReleased | PersonChose | ReturnRuled | PersonalEvent
OfStatements = StatementSigned | StatementRecovered | AnswerRuling


def decide(case: Case, event: Event) -> Decision:
    """
    Answer *event* with the next state and the commands it calls for.

    Everything arrives at least once: an event already applied, about a settled task or
    from an ended ownership returns the same case and no command.
    """
    after = _applied(case, event)
    if after == case:
        return Decision(case)
    after = cooled(with_refusal(obeyed(after, event.at), event.at), event.at)
    after = with_follow_ups(after, event.at)
    after = with_locked_tasks(open_gates(close_gates(after), event.at))
    after = told_in_time(after, event.at)
    after = climbed(case, with_due_holds(after, event.at), event.at)
    after = closed_if_over(after, event.at)
    after = with_wake_at(after, event.at)
    if after == case:  # what the event moved, the gates have put back
        return Decision(case)
    told: tuple[Command, ...] = tuple(news_of(case, after))
    if isinstance(event, StatementRecovered | AnswerRuled):
        # The portal heard how each line ended.
        told = tuple(one for one in told if not _is_line(one))
    return Decision(after, (*told, *words_to_others(case, after, event.at)))


def _is_line(command: Command) -> bool:
    """Tell whether a command says how a line of the case ended."""
    return isinstance(command, Publish) and isinstance(command.event, AccountSettled)


def _applied(case: Case, event: Event) -> Case:  # noqa: PLR0911 (one for each kind)
    """Return *case* after the event itself, before gates."""
    if isinstance(event, OfStatements):
        return _after_statement(case, event)
    match event:
        case ExportSealed() | ExportCollected() | ExportDownloaded() | ExportShredded():
            return after_export(case, event)
        case (
            IdentityForgotten()
            | OwedForgotten()
            | IdentityLocked()
            | IdentityUnlocked()
        ):
            return _after_word_of_keys(case, event)
        case TimePassed(at=at):
            return expired(case, at)
        case (
            SiblingExportOpened()
            | SiblingExportSettled()
            | RequestWithdrawn()
            | RequestAmended()
            | PersonInformed()
            | RequestAttached()
            | RequestDetached()
            | LeadStated()
            | LeadExported()
            | LeadRefused()
            | LeadLost()
        ):
            return _after_word_from_outside(case, event)
        case CaseExtended() | IdentityAsked() | IdentityReceived() | UseStopped():
            return _after_word_of_a_person(case, event)
        case (
            CaseHeld() | CaseReleased() | CaseApproved() | CaseRefused() | GateOpened()
        ):
            return after_ruling(case, event)
        case _:
            return _after_task_event(case, event)


def _after_word_of_keys(case: Case, event: KeyEvent) -> Case:
    """Note that the identifiers are gone, out of our reach, or back for a time."""
    if isinstance(event, IdentityLocked | IdentityUnlocked):
        return after_lock(case, event)
    return after_forgetting(case, event)


def _after_word_of_a_person(
    case: Case, event: CaseExtended | IdentityAsked | IdentityReceived | UseStopped
) -> Case:
    """Give more time, or none while nobody knows who asks; or note stopped use."""
    if isinstance(event, CaseExtended):
        return after_extension(case, event)
    if isinstance(event, UseStopped):
        return after_use_stopped(case, event)
    return after_word_of_identity(case, event)


def _after_statement(case: Case, event: OfStatements) -> Case:
    """Keep a statement of ours: signed now, before a restore, or lost by one."""
    match event:
        case StatementSigned():
            return after_signature(case, event)
        case StatementRecovered():
            return after_recovery(case, event)
        case _:
            return after_word_of_answer(case, event)


def _after_word_from_outside(
    case: Case,
    event: SiblingExportOpened | SiblingExportSettled | PortalsWord | LeadingEvent,
) -> Case:
    """Heed the subject's other cases, and what the portal says later."""
    match event:
        case SiblingExportOpened() | SiblingExportSettled():
            return _after_word_of_sibling(case, event)
        case RequestAttached() | RequestDetached():
            return after_leading(case, event)
        case LeadStated() | LeadExported() | LeadRefused() | LeadLost():
            return after_lead(case, event)
        case _:
            return _after_word_of_portal(case, event)


def _after_word_of_portal(case: Case, event: PortalsWord) -> Case:
    """Stop, ask further, or note what reached the person."""
    match event:
        case RequestWithdrawn() if case.status is CaseStatus.ATTACHED:
            return withdrawn_while_attached(case, event)
        case RequestWithdrawn():
            return after_withdrawal(case, event)
        case RequestAmended():
            return after_amendment(case, event)
        case PersonInformed():
            return after_informing(case, event)
        case _:
            assert_never(event)


def _after_word_of_sibling(
    case: Case, event: SiblingExportOpened | SiblingExportSettled
) -> Case:
    """Wait for another case's copy before erasing, or no longer."""
    waits = case.waits_for_exports
    match event:
        case SiblingExportOpened(case=other):
            erases = case.tasks_of(Action.ERASE) or case.tasks_of(Action.NOTIFY)
            is_led = case.status is CaseStatus.ATTACHED and Right.ERASURE in case.rights
            is_running = case.status is CaseStatus.RUNNING and bool(erases)
            concerned = (is_running or is_led) and not case.is_dry_run
            return replace(
                case, waits_for_exports=waits | {other} if concerned else waits
            )
        case SiblingExportSettled(case=other):
            return replace(case, waits_for_exports=waits - {other})
        case _:
            assert_never(event)


def _after_task_event(
    case: Case, event: TaskEvent | CallReported | EvidenceOpened
) -> Case:
    """Apply news about one task; of an answered case only its follow-ups go on."""
    if isinstance(event, EvidenceOpened):
        return evidence_opened(case, event)
    task = case.all_tasks.get(event.task)
    if task is None or not _goes_on(case, task):
        return case
    if isinstance(event, CallReported):
        return case.with_task(after_unasked(task, event, case.planned(task)))
    return case if task.is_settled else _moved(case, task, event)


def _goes_on(case: Case, task: Task) -> bool:
    """Tell whether anything may still happen to *task*."""
    is_owed = task.is_follow_up and case.status is CaseStatus.ANSWERED
    return is_owed or case.status is CaseStatus.RUNNING


def _moved(case: Case, task: Task, event: TaskEvent) -> Case:
    """Apply an event of a task that is not settled."""
    match event:
        case TaskReported():
            return _reported(case, task, event)
        case TaskReleased():
            return _released(case, task, event)
        case PersonChose():
            return after_choice(case, task, event)
        case ReturnRuled():
            return after_return(case, task, event)
        case _:
            return case.with_task(_after_word(case, task, event))


def _after_word(case: Case, task: Task, event: PersonalEvent) -> Task:
    """Return *task* after a person said something of it."""
    match event:
        case PersonRetried():
            return after_retry(task, event, case.planned(task))
        case PersonClosed():
            return after_close(case, task, event)
        case PersonAssigned():
            return after_assignment(task, event)
        case IdentifiersShown():
            return after_showing(task, event)
        case PersonAttested():
            return after_attestation(task, event, case.planned(task))
        case _:
            assert_never(event)


def _reported(case: Case, task: Task, event: TaskReported) -> Case:
    """Apply a report of the current claim, and spread the identifiers it learned."""
    is_told_twice = event.calls_before not in {None, task.calls}
    if is_told_twice or not _is_held_by(task, event.epoch):
        return case
    due_at = deadline_of(case, task)
    after = after_report(task, event, case.planned(task), due_at)
    case = case.with_task(after)
    match task.action, event.report:
        case Action.LOCATE, ItemsLocated(learned=learned) if (
            learned
            and not task.is_read_back
            and case.withdrawn_at is None
            and case.refused_for is None
        ):
            return with_learned(case, task.id, learned)
        case _:
            return case


def _released(case: Case, task: Task, event: TaskReleased) -> Case:
    """Put a claim back that sent nothing: the same step is due at once."""
    if not _is_held_by(task, event.epoch):
        return case
    if not task.calls:
        task = replace(task, first_called_at=None)  # nothing left for there
    if task.step is Step.ACT:
        return case.with_task(ready(task))
    return case.with_task(wait(task, task.step, task.wake_at or event.at, task.reason))


def _is_held_by(task: Task, epoch: int) -> bool:
    """Tell whether *task* is claimed under this very ownership."""
    return task.status is TaskStatus.CALLED and task.epoch == epoch
