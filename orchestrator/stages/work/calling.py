"""
One call: what the connector is given, and what its answer or error means.

Total: whatever a connector does, each task of the call gets exactly one reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from connectors.base import Connector
from connectors.errors import (
    AccessRefused,
    AddressRefused,
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    LeaseLost,
    NotSetUp,
    ProcessorError,
    Refused,
    TryLater,
    WrongPerson,
)
from connectors.transport.egress import READS_ONLY
from connectors.transport.http import ANSWERED_WRITES
from orchestrator.core.cases import Step
from orchestrator.core.events import BatchRefused, CheckFailed
from orchestrator.core.words import CallId
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import Artifact, Claimed
from orchestrator.stages.work.accounts import (
    CLAIMED_UNDER,
    Account,
    NotRecognisedError,
)
from orchestrator.stages.work.sink import RowSink
from orchestrator.stages.work.unsendable import instead_of
from schemas.connecting import (
    CLASS_OF,
    Action,
    ActionClass,
    Exported,
    Failed,
    HandedOver,
    Identifier,
    Item,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Person,
    Retry,
    TaskId,
    Ticket,
    TooLate,
    Unknown,
    Work,
)

log = structlog.get_logger()

# What is about the account and not about the task: it pauses, its tasks wait.
_PAUSING = (
    NotRecognisedError,
    CredentialsRefused,
    AddressRefused,
    NotSetUp,
    SetUpError,
)

HINTS = {
    "egress_refused": "The connector tried what it may not; mend it, or the account's"
    " mode in the register.",
    "refused": "The processor refuses the request itself; ask its support with the"
    " task's id.",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed task with what its connector may read of the vault."""

    claimed: Claimed
    identifiers: tuple[Identifier, ...] = field(repr=False)
    items: tuple[Item, ...] = field(repr=False)
    call: CallId | None = None
    idempotency_key: str = ""
    ticket: str | None = field(default=None, repr=False)
    time_left: timedelta | None = None

    @property
    def task(self) -> TaskId:
        """The task's id."""
        return self.claimed.task.id

    @property
    def item_ids(self) -> tuple[ItemId, ...]:
        """The items that this call carries."""
        return tuple(item.id for item in self.items)

    def as_work(self) -> Work:
        """Return it as a connector takes it."""
        return Work(
            self.task,
            self.items,
            self.identifiers,
            self.idempotency_key,
            self.time_left,
            keep={
                item.id: frozenset(item.fields)
                for item in self.claimed.task.items
                if item.limited
            },
        )


@dataclass(frozen=True, slots=True)
class CallGroup:
    """The tasks of one call: one account, one action, one step."""

    account: Account
    action: Action
    step: Step
    members: tuple[Prepared, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """The connector's reply for one task, or `None` where nothing was sent."""

    member: Prepared
    reply: object = field(repr=False)
    artifact: Artifact | None = None


OpenSink = Callable[[Prepared], Awaitable[RowSink]]


async def call(group: CallGroup, open_sink: OpenSink) -> Sequence[Said]:
    """Let the connector speak; raises nothing but `CannotStore`, of an export."""
    config = group.account.config
    replies = [
        instead_of(one.claimed.task, config, is_named=bool(one.identifiers))
        for one in group.members
    ]
    if any(replies):
        # The others of the batch are not sent now, and come again.
        return [Said(*one) for one in zip(group.members, replies, strict=True)]
    return await _asked(group, open_sink)


async def _asked(group: CallGroup, open_sink: OpenSink) -> Sequence[Said]:
    """Ask the processor; whatever happens, each task gets its reply."""
    reply: object
    epoch = group.members[0].claimed.epoch
    CLAIMED_UNDER.set(epoch)
    READS_ONLY.set(any(member.claimed.task.reads_only for member in group.members))
    ANSWERED_WRITES.set([])
    try:
        await group.account.recognise()
        if _may_write(group):
            group.account.admit_write()
        return await _speak(group, open_sink)
    except _PAUSING as error:
        group.account.paused_reason = _pausing(group.account, error)
        return [Said(member, None) for member in group.members]
    except LeaseLost:
        group.account.lease.drop(epoch)
        # Refused if another worker owns the account by now; else the look comes first.
        is_write = group.step is Step.ACT and _may_change(group)
        reply = Unknown("lease_lost") if is_write else None
    except (Unavailable, Conflict):  # while an export's rows were stored
        is_check = group.step is not Step.ACT
        away = "database_away"
        reply = CheckFailed(away) if is_check else Retry(away)
    except CannotStore:
        raise
    except ProcessorError as error:
        reply = _meaning(group, error)
    except Exception as error:  # noqa: BLE001 (a connector's bug stops no worker)
        cause = type(error).__name__  # a traceback could hold data
        log.error("connector_failed", account=group.account.id, cause=cause)  # noqa: TRY400
        reply = _fault(group)
    return [Said(member, reply) for member in group.members]


def _may_write(group: CallGroup) -> bool:
    """Tell whether the call may change something at the processor."""
    acts = group.step in {Step.ACT, Step.CANCEL}
    is_meant = CLASS_OF[group.action] is not ActionClass.READING
    return acts and (is_meant or group.action in group.account.config.spec.writes)


def _pausing(account: Account, error: Exception) -> str:
    """Return why the account pauses; a secret that is not there is told at once."""
    match error:
        case SetUpError():
            log.error("account_not_set_up", account=account.id, advice=str(error))
            return "secret_missing"
        case NotSetUp():
            log.error("account_not_set_up", account=account.id, advice=str(error))
            return "not_set_up"
        case AddressRefused():
            return "address_refused"
        case AccessRefused():
            return "access_refused"
        case CredentialsRefused():
            return "credentials_refused"
        case _:
            return str(error)


async def _speak(group: CallGroup, open_sink: OpenSink) -> Sequence[Said]:
    """Call the one method that the step and action name."""
    connector, members = group.account.connector, group.members
    match group.step, group.action:
        case Step.LOOK, _:
            looked = await connector.read_back([member.as_work() for member in members])
            return _matched(members, looked, CheckFailed("no_answer"))
        case ((Step.POLL | Step.CANCEL), _):
            return await _about_job(group, open_sink)
        case _, Action.LOCATE:
            people = [Person(member.task, member.identifiers) for member in members]
            return _matched(members, await connector.locate(people), Retry("no_answer"))
        case _, Action.EXPORT:
            return [await _export(group, member, open_sink) for member in members]
        case _, Action.ERASE | Action.NOTIFY:
            erases = group.action is Action.ERASE
            act = connector.erase if erases else connector.notify
            acted = await act([member.as_work() for member in members])
            return _matched(members, acted, Unknown("no_answer"))
        case _:
            return [Said(member, NotApplicable("not_supported")) for member in members]


async def _about_job(group: CallGroup, open_sink: OpenSink) -> Sequence[Said]:
    """Ask about one accepted job, or call it back."""
    if group.step is Step.POLL:
        return await _poll(group, open_sink)
    reply: object
    try:
        reply = await group.account.connector.cancel(_tickets(group)[0])
    except (AnswerLost, ContractChanged, EgressRefused, Refused, WrongPerson):
        # Whatever became of it: the poll that follows tells.
        reply = TooLate("not_answered")
    return [Said(member, reply) for member in group.members]


async def _poll(group: CallGroup, open_sink: OpenSink) -> Sequence[Said]:
    """Ask about accepted jobs; an export's rows come with the last answer."""
    first = group.members[0]
    sink = await open_sink(first) if group.action is Action.EXPORT else None
    tickets = _tickets(group)
    if len(tickets) > 1:
        return await _poll_many(group, tickets)
    answers = await group.account.connector.poll(tickets[0], sink)
    missing = CheckFailed("no_answer")
    replies: list[object] = [answers.get(one.task, missing) for one in group.members]
    if sink is None:
        return [Said(*one) for one in zip(group.members, replies, strict=True)]
    await sink.close()
    return [
        Said(member, _counted(reply, sink), sink.artifact)
        for member, reply in zip(group.members, replies, strict=True)
    ]


async def _poll_many(group: CallGroup, tickets: Sequence[Ticket]) -> Sequence[Said]:
    """Ask about several jobs at once; where that is refused, about each alone."""
    connector = group.account.connector
    answers: dict[TaskId, object] = {}
    try:
        answers.update(await connector.poll_many(tickets))
    except Refused:
        for ticket in tickets:
            answers.update(await _polled_alone(connector, ticket))
    return _matched(group.members, answers, CheckFailed("no_answer"))


async def _polled_alone(
    connector: Connector, ticket: Ticket
) -> Mapping[TaskId, object]:
    """Ask about one job; its refusal is no other job's."""
    try:
        return await connector.poll(ticket, None)
    except Refused as error:
        failed = Failed(f"refused_{error.status}", HINTS["refused"])
        return dict.fromkeys(ticket.members, failed)


def _tickets(group: CallGroup) -> list[Ticket]:
    """Return the tickets of the jobs that a poll or a recall is about."""
    sharing: dict[CallId | None, list[Prepared]] = {}
    for member in group.members:
        sharing.setdefault(member.call, []).append(member)
    return [
        Ticket(
            members[0].ticket or "",
            group.action,
            tuple(member.task for member in members),
        )
        for members in sharing.values()
    ]


async def _export(group: CallGroup, member: Prepared, open_sink: OpenSink) -> Said:
    """Export one task's items into an artifact of its own."""
    sink = await open_sink(member)
    reply = await group.account.connector.export(member.as_work(), sink)
    await sink.close()
    return Said(member, _counted(reply, sink), sink.artifact)


def _counted(reply: object, sink: RowSink) -> object:
    """Return the reply of an export, unless it counts other rows than the sink got."""
    match reply:
        case Exported(rows=rows) if rows != sink.rows:
            return NeedsHuman("rows_do_not_match")
        case NothingFound() | HandedOver() if sink.rows:
            return NeedsHuman("rows_do_not_match")
        case _:
            return reply


def _matched(
    members: Sequence[Prepared], answers: Mapping[TaskId, object], missing: object
) -> Sequence[Said]:
    """Give each member its answer; one that is missing is never done."""
    return [Said(member, answers.get(member.task, missing)) for member in members]


def _meaning(group: CallGroup, error: ProcessorError) -> object:
    """Return what a processor's error means for every task of the call."""
    match error:
        case Refused() | EgressRefused():
            return _refused(group, error)
        case WrongPerson():
            return NeedsHuman("row_of_another_person")
        case _ if group.step is not Step.ACT:
            return _failed_check(error)
        case TryLater(cause=cause, after=after):
            return Retry(cause, after)
        case AnswerLost(cause=cause):
            return Retry(cause) if group.action is Action.LOCATE else Unknown(cause)
        case _:
            return _fault(group)


def _is_nobodys_yet(group: CallGroup) -> bool:
    """Tell whether a refusal may be for one member alone, and changed nothing."""
    is_poll = group.step is Step.POLL
    return len(group.members) > 1 and not is_poll and not ANSWERED_WRITES.get()


def _refused(group: CallGroup, error: Refused | EgressRefused) -> Failed | BatchRefused:
    """Return what it means that a request may not be made again as it is."""
    if isinstance(error, Refused) and _is_nobodys_yet(group):
        return BatchRefused(len(group.members))
    if isinstance(error, Refused):
        return Failed(f"refused_{error.status}", HINTS["refused"])
    return Failed("egress_refused", HINTS["egress_refused"])


def _failed_check(error: ProcessorError) -> CheckFailed:
    """Return what an error means for a poll or a look: the job itself is untouched."""
    match error:
        case TryLater(cause=cause, after=after):
            return CheckFailed(cause, None if after is None else after.total_seconds())
        case AnswerLost(cause=cause):
            return CheckFailed(cause)
        case ContractChanged():
            return CheckFailed("contract_changed")
        case _:
            return CheckFailed("connector_fault")


def _fault(group: CallGroup) -> object:
    """Return what an unreadable answer or a connector's own bug means."""
    if group.step is Step.CANCEL:
        return TooLate("connector_fault")
    if group.step is not Step.ACT:
        return CheckFailed("connector_fault")
    if _may_change(group):
        return Unknown("connector_fault")
    return Retry("contract_changed")


def _may_change(group: CallGroup) -> bool:
    """Tell whether the action leaves something behind at the recipient."""
    return CLASS_OF[group.action] is not ActionClass.READING
