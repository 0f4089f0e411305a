"""Open a case: plan a task for every account, and tell the portal when it is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.core.cases import (
    EVERYTHING,
    Case,
    CaseStatus,
    ExportStatus,
    Scope,
    Task,
    TaskStatus,
    Verification,
    task_id,
)
from orchestrator.core.changing import replace
from orchestrator.core.clocks.ladder import climbed
from orchestrator.core.commands import Decision, Publish, TellCase
from orchestrator.core.deadlines import WITHOUT_HOLIDAYS, Calendar, deadline
from orchestrator.core.doubts import in_doubt
from orchestrator.core.holds import DECISIVE, Hold, HoldReason
from orchestrator.core.leading import Led, RequestAttached
from orchestrator.core.news import news_of
from orchestrator.core.plan import Plan, PlannedAccount
from orchestrator.core.settling import left_out, settle
from orchestrator.core.waking import with_wake_at
from orchestrator.core.words import COPY_RIGHTS, CaseId, Rehearsal, Right, SubjectRef
from orchestrator.core.work.gates import open_gates
from schemas.case_events import CaseOpened
from schemas.case_words import CaseAttached
from schemas.connecting import Action, IdentifierType, Mode, NotApplicable
from schemas.requests import Right as LawRight

SAFETY = timedelta(days=2)  # kept free between the latest dispatch and the deadline


@dataclass(frozen=True, slots=True)
class Opening:
    """A verified request, as far as it is free of personal data."""

    case: CaseId
    at: datetime
    request_id: str
    subject: SubjectRef
    rights: frozenset[Right]
    jurisdiction: str
    locale: str
    channel: str
    received_at: datetime
    verification: Verification
    identifier_types: frozenset[IdentifierType]
    scope: Scope = EVERYTHING
    rehearsal: frozenset[Rehearsal] = frozenset()
    calendar: Calendar = WITHOUT_HOLIDAYS
    sibling_exports: frozenset[CaseId] = frozenset()
    is_braked: bool = False  # it came above the limit of its source
    unsure_by: tuple[str, ...] = ()  # who let a statement go that may have answered it
    led_by: CaseId | None = None  # the open case that answers it, too


def open_case(opening: Opening, plan: Plan) -> Decision:
    """
    Open a case under *plan*, with a task for every account and right.

    A plan without accounts leaves the case `received`: unplanned, never complete.  A
    request that another one leads is attached: nothing is asked for it.
    """
    case = _received(opening, plan)
    if opening.led_by is not None:
        return _attached(case, opening.led_by)
    case = _doubted(case, opening)
    if Right.ERASURE in opening.rights and not case.is_dry_run:
        case = replace(case, waits_for_exports=opening.sibling_exports)
    planned = begun(case, opening.at, is_braked=opening.is_braked)
    opened = climbed(case, open_gates(planned, opening.at), opening.at)
    after = with_wake_at(opened, opening.at)
    return Decision(after, (Publish(_opened(after)), *news_of(case, after)))


def begun(case: Case, at: datetime, *, is_braked: bool) -> Case:
    """Return a received or attached case with its tasks, holds and delay."""
    case = replace(case, status=CaseStatus.RECEIVED)
    held = _with_brake(_with_review(case, at), at, is_braked=is_braked)
    return _with_delay(_with_tasks(held, at))


def _doubted(case: Case, opening: Opening) -> Case:
    """Return *case* waiting for a person, if it may have been answered already."""
    if not opening.unsure_by or case.rehearsal:
        return case
    return in_doubt(case, opening.at, opening.unsure_by)


def _received(opening: Opening, plan: Plan) -> Case:
    """Return the case of a request, with the law's clock and nothing planned."""
    counted = deadline(
        opening.received_at, opening.jurisdiction, plan.time_zone, opening.calendar
    )
    return Case(
        id=opening.case,
        controller=plan.controller,
        subject=opening.subject,
        request_id=opening.request_id,
        rights=opening.rights,
        jurisdiction=opening.jurisdiction,
        locale=opening.locale,
        channel=opening.channel,
        received_at=opening.received_at,
        opened_at=opening.at,
        due_at=counted.due_at,
        due_rule=counted.rule,
        deadline=counted,
        verification=opening.verification,
        plan=plan,
        identifier_types=opening.identifier_types,
        scope=opening.scope,
        rehearsal=opening.rehearsal,
    )


def _attached(case: Case, lead: CaseId) -> Decision:
    """Attach a request to the case that answers it; its own clock runs."""
    counted = case.deadline
    if counted is None:
        raise ValueError("A case that is opened has its deadline.")
    case = replace(case, status=CaseStatus.ATTACHED, led_by=lead)
    after = with_wake_at(case, case.opened_at)
    told = CaseAttached(
        case_id=case.id, request_id=case.request_id, to_case=lead, due_at=case.due_at
    )
    attached = RequestAttached(case.opened_at, Led(case.id, counted))
    commands = (Publish(_opened(after)), Publish(told), TellCase(lead, attached))
    return Decision(after, commands)


def _with_review(case: Case, at: datetime) -> Case:
    """Return *case* held for the people who must approve it, if the register wants."""
    deciders = case.plan.deciders(case.rights, case.jurisdiction)
    if not deciders or case.is_dry_run:
        return case
    review = Hold(HoldReason.REVIEW, DECISIVE, at, "register")
    return replace(case, holds=(review,), deciders=deciders)


def _with_brake(case: Case, at: datetime, *, is_braked: bool) -> Case:
    """Return *case* held for the two people who release the brake, if it is pulled."""
    if not is_braked:
        return case
    brake = Hold(HoldReason.BRAKE, DECISIVE, at, "register")
    return replace(case, holds=(*case.holds, brake))


def _with_delay(case: Case) -> Case:
    """
    Return *case* with its cooling-off delay, which nothing can be late by.

    It ends where the slowest processor must be asked, if that is earlier.
    """
    delay = case.plan.cools_for(case.jurisdiction)
    tasks = [*case.tasks_of(Action.ERASE), *case.tasks_of(Action.NOTIFY)]
    if not delay or not tasks or case.is_dry_run:
        return case
    until = min([case.opened_at + delay, *(task.dispatch_by for task in tasks)])
    return replace(case, cools_until=until if until > case.opened_at else None)


def _with_tasks(case: Case, at: datetime) -> Case:
    """Return *case* running, with its tasks, or received if there is nobody to ask."""
    tasks = {task.id: task for task in _tasks(case, at)}
    if not tasks:
        return case
    copies = bool(case.rights & COPY_RIGHTS) and not case.is_dry_run
    return replace(
        case,
        tasks=tasks,
        status=CaseStatus.RUNNING,
        export=ExportStatus.GATHERING if copies else ExportStatus.NOT_ASKED,
    )


def _tasks(case: Case, at: datetime) -> Iterator[Task]:
    """Yield one task for each account and action that the rights call for."""
    for account in case.plan.asked_in(case.rehearsal):
        if case.scope.names_account(account.id):
            asked = _told if case.plan.tells(account) else _instructed
            for action in asked(case, account):
                yield _task(case, account, action, at)


def _instructed(case: Case, _account: PlannedAccount) -> Iterator[Action]:
    """Yield what a processor is asked for."""
    yield Action.LOCATE
    if case.rights & COPY_RIGHTS:
        yield Action.EXPORT
    if Right.ERASURE in case.rights:
        yield Action.ERASE


def _told(case: Case, account: PlannedAccount) -> Iterator[Action]:
    """
    Yield what a controller of its own is asked for: to hear of an erasure.

    It is searched only for a copy, and where it gives one: no copy is owed of what
    another controller holds.
    """
    copies = {Action.LOCATE, Action.EXPORT}
    if case.rights & COPY_RIGHTS and copies <= account.actions:
        yield Action.LOCATE
        yield Action.EXPORT
    if Right.ERASURE in case.rights:
        yield Action.NOTIFY


def _task(case: Case, account: PlannedAccount, action: Action, at: datetime) -> Task:
    """Plan one task; an account that is off or cannot, gets a visible line at once."""
    task = Task(
        id=task_id(case.id, account.id, action),
        account=account.id,
        action=action,
        status=TaskStatus.PLANNED,
        dispatch_by=max(case.opened_at, case.due_at - account.horizon - SAFETY),
        identifier_types=case.identifier_types & account.accepts,
        reads_only=case.is_dry_run,
        sandbox_only=case.is_test,
    )
    if Rehearsal.TEST in case.rehearsal and not account.is_sandbox:
        return settle(task, left_out(task, "live_account"), at)
    if account.mode is Mode.OFF:
        return settle(task, left_out(task, "account_off"), at)
    if action not in account.actions:
        return settle(task, NotApplicable("not_supported"), at)
    return task


def _opened(case: Case) -> CaseOpened:
    """Say what the portal learns of an opened case."""
    return CaseOpened(
        case_id=case.id,
        request_id=case.request_id,
        controller=case.controller,
        rights=tuple(LawRight(right) for right in sorted(case.rights)),
        due_at=case.due_at,
        due_rule=case.due_rule,
        confirm_by=case.deadline.confirm_at if case.deadline else None,
    )
