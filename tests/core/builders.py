"""Cases, plans, accounts and reports with sensible defaults, for facts of the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from orchestrator.core.cases import (
    Case,
    ItemState,
    Step,
    Task,
    TaskItem,
    TaskStatus,
    Verification,
)
from orchestrator.core.commands import Decision, Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Event,
    ItemsLocated,
    Report,
    StatementSigned,
    TaskReported,
)
from orchestrator.core.holds import Hold, HoldReason
from orchestrator.core.intake.opening import Opening, open_case
from orchestrator.core.plan import Plan, PlannedAccount, Recipient, RetentionRule
from orchestrator.core.words import (
    AccountId,
    CallId,
    CaseId,
    Level,
    RegisterVersion,
    Right,
    StatementKind,
    SubjectRef,
)
from schemas.connecting import (
    EMAIL,
    Action,
    ActionClass,
    IdentifierType,
    ItemId,
    Mode,
    Proof,
    Replay,
)

T0 = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CASE = CaseId("case-1")
MAIL = AccountId("mail")
CRM = AccountId("crm")
STATS = AccountId("stats")
SHOP = AccountId("shop")
CUSTOMER = IdentifierType("customer_id")
DISTINCT = IdentifierType("stats.distinct_id")

TELLING = frozenset({Action.NOTIFY})
EVERY_ACTION = frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE})
ERASURE = frozenset({Right.ERASURE})
ACCESS = frozenset({Right.ACCESS})
BOTH = ERASURE | ACCESS
INVOICES = RetentionRule(
    id="de-invoices",
    record_class="invoice",
    statute="AO section 147(3)",
    years=8,
    from_end_of_year=True,
)


def an_account(id_: AccountId = MAIL, **changes: object) -> PlannedAccount:
    """Build a live account that accepts an e-mail, teaches nothing, and can look."""
    account = PlannedAccount(
        id=id_,
        recipient=f"{id_}-inc",
        connector=str(id_),
        connector_version="1",
        category="marketing",
        mode=Mode.LIVE,
        actions=EVERY_ACTION,
        accepts=frozenset({EMAIL}),
        yields=frozenset(),
        proof=Proof.LOOKUP,
        replay={Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT},
        horizon=7 * DAY,
    )
    return replace(account, **changes)  # type: ignore[arg-type]


def a_hold(classes: Iterable[ActionClass]) -> tuple[Hold, ...]:
    """Build the holds of a case whose data is wanted for a claim."""
    held = frozenset(classes)
    review_at = T0 + 30 * DAY
    return (Hold(HoldReason.LEGAL_CLAIMS, held, T0, "dpo-1", review_at=review_at),)


def a_plan(*accounts: PlannedAccount, retention: Iterable[RetentionRule] = ()) -> Plan:
    """Build a controller's plan over *accounts*; one mail account if none are given."""
    held = accounts or (an_account(),)
    return Plan(
        version=RegisterVersion("register-1"),
        controller="maison",
        legal_name="Maison GmbH",
        country="DE",
        time_zone="Europe/Berlin",
        dpo_contact="dpo@maison.example",
        accounts=held,
        recipients={
            one.recipient: Recipient(one.recipient, f"{one.id} Inc.", "processor")
            for one in held
        },
        retention=tuple(retention),
    )


def an_opening(**changes: object) -> Opening:
    """Build a verified erasure request with an e-mail."""
    opening = Opening(
        case=CASE,
        at=T0,
        request_id="request-1",
        subject=SubjectRef("subject-1"),
        rights=ERASURE,
        jurisdiction="DE",
        locale="de-DE",
        channel="web",
        received_at=T0,
        verification=Verification("login", Level.SUBSTANTIAL, T0),
        identifier_types=frozenset({EMAIL}),
    )
    return replace(opening, **changes)  # type: ignore[arg-type]


def told(account: PlannedAccount, *others: PlannedAccount) -> Plan:
    """Build a plan over both, where the recipient of *account* is told only."""
    plan = a_plan(account, *others)
    its = replace(plan.recipients[account.recipient], role="independent")
    return replace(plan, recipients={**plan.recipients, its.id: its})


def a_case(
    *accounts: PlannedAccount,
    rights: frozenset[Right] = ERASURE,
    retention: Iterable[RetentionRule] = (),
) -> Case:
    """Open a case over *accounts*."""
    plan = a_plan(*accounts, retention=retention)
    return open_case(an_opening(rights=rights), plan).case


def an_item(id_: str = "i1", **changes: object) -> TaskItem:
    """Build a proven record of a marketing profile."""
    item = TaskItem(
        id=ItemId(id_),
        kind="profile",
        record_class="marketing_profile",
        started_on=date(2025, 6, 1),
        proven=True,
    )
    return replace(item, **changes)  # type: ignore[arg-type]


def located(
    *ids: str, learned: Iterable[IdentifierType] = (), **changes: object
) -> ItemsLocated:
    """Build what a search reports that found the records *ids*."""
    items = tuple(an_item(id_, **changes) for id_ in ids)
    return ItemsLocated(items, frozenset(learned))


def task_of(case: Case, account: AccountId, action: Action = Action.ERASE) -> Task:
    """Return a task that must be there."""
    task = case.task(account, action)
    assert task is not None
    return task


def called(
    case: Case, account: AccountId, action: Action = Action.ERASE, *, epoch: int = 1
) -> Case:
    """Claim a task as `work` does: by its row, outside of any decision."""
    task = task_of(case, account, action)
    assert task.status in {TaskStatus.READY, TaskStatus.WAITING}, task.status
    return case.with_task(replace(task, status=TaskStatus.CALLED, epoch=epoch))


def reported(
    case: Case, account: AccountId, action: Action, report: Report, **changes: object
) -> TaskReported:
    """Build the report of a claimed task's call, as `work` fills it."""
    return reported_of(task_of(case, account, action), report, **changes)


def reported_of(task: Task, report: Report, **changes: object) -> TaskReported:
    """Build the report of this task's call: a follow-up has an id of its own."""
    job = min(task.open_calls, key=lambda one: one.check_at, default=None)
    if task.step is Step.CANCEL:
        job = min(task.cancellable(), key=lambda one: one.check_at, default=None)
    polled = job if task.step in {Step.POLL, Step.CANCEL} else None
    event = TaskReported(
        at=T0,
        task=task.id,
        report=report,
        epoch=1,
        call=polled.id
        if polled
        else CallId(f"call-{task.account}-{task.action}-{task.calls}"),
        items=polled.items if polled else _carried(task),
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def _carried(task: Task) -> tuple[ItemId, ...]:
    """Return the items that an act or a look of *task* carries."""
    if task.action is Action.EXPORT:
        return tuple(item.id for item in task.items)
    wanted = {ItemState.OPEN}
    if task.step is Step.LOOK:
        wanted = {ItemState.OPEN, ItemState.GONE}
    return tuple(item.id for item in task.items if item.state in wanted)


def after(
    case: Case,
    account: AccountId,
    report: Report,
    action: Action = Action.ERASE,
    **changes: object,
) -> Case:
    """Claim a task, let its call report, and return the case after it."""
    case = called(case, account, action)
    return decide(case, reported(case, account, action, report, **changes)).case


def after_events(case: Case, *events: Event) -> Case:
    """Apply *events* in turn."""
    for event in events:
        case = decide(case, event).case
    return case


def ready_to_erase(
    *ids: str,
    account: PlannedAccount | None = None,
    rights: frozenset[Right] = ERASURE,
    retention: Iterable[RetentionRule] = (),
    **changes: object,
) -> Case:
    """Open a case of one account whose search has found the records *ids*."""
    case = a_case(account or an_account(MAIL), rights=rights, retention=retention)
    only = case.plan.accounts[0].id
    items = tuple(an_item(id_, **changes) for id_ in ids)
    return after(case, only, ItemsLocated(items), Action.LOCATE)


def signed(
    case: Case, kind: StatementKind = StatementKind.FINAL, **changes: object
) -> StatementSigned:
    """Build the news that the next statement of *case* is signed."""
    number = case.next_number
    event = StatementSigned(T0, number, kind, "0" * 64, "key-1", case.version)
    return replace(event, **changes)  # type: ignore[arg-type]


def states(case: Case) -> Mapping[AccountId, TaskStatus]:
    """Return where each erasure stands."""
    return {task.account: task.status for task in case.tasks_of(Action.ERASE)}


def published(decision: Decision) -> tuple[str, ...]:
    """Return the types of what a decision tells the portal."""
    return tuple(
        command.event.TYPE
        for command in decision.commands
        if isinstance(command, Publish)
    )
