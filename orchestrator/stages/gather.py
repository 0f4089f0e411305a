"""
Gather: turn what connectors said into durable facts.

References, identifiers and tickets go to the vault; the case learns only keyed item
names, types and counts.  Everything about one call is one step of the engine, so the
outcome and what it identifies become durable together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from orchestrator.core.afterwards.owed import IDENTITY
from orchestrator.core.answer.dossier import (
    ALL_IDENTIFIERS,
    candidates_name,
    dump_candidates,
    dump_identifiers,
    dump_items,
    identifiers_name,
    items_name,
    load_identifiers,
    load_items,
    ticket_name,
)
from orchestrator.core.cases import Step as CallStep
from orchestrator.core.cases import Task
from orchestrator.core.changing import replace
from orchestrator.core.events import (
    CallReported,
    CheckFailed,
    ItemsLocated,
    ItemsLookedAt,
    MatchesConflicted,
    Report,
    TaskReleased,
    TaskReported,
)
from orchestrator.core.heard import facts_of, identifies, report_of
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import AccountId
from orchestrator.core.work.learned import news_of
from orchestrator.core.work.reports import still_going
from orchestrator.engine import Engine, Step
from orchestrator.ports import (
    AcceptCall,
    CallMember,
    Claims,
    Clock,
    CloseCall,
    EndLetter,
    FinishArtifact,
    Heard,
    OpenVault,
    Vault,
    Word,
    Write,
)
from schemas.connecting import (
    Accepted,
    Action,
    Ambiguous,
    Cancelled,
    Candidate,
    Done,
    Exported,
    Identifier,
    IdentifierType,
    Item,
    ItemId,
    JobAccepted,
    Located,
    NeedsHuman,
    Outcome,
    TaskId,
    TooLate,
)


class ItemNames(Protocol):
    """Makes the keyed names of found records."""

    def identifier_digest(self, case: str, identifier_type: str, value: str) -> str:
        """Return a keyed digest of a value inside one case."""


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Habits:
    """What gather must know of an account."""

    yields: frozenset[IdentifierType]
    check_after: timedelta | None = None
    planned: PlannedAccount | None = None


class Gatherer:
    """Applies what was heard, a batch in one transaction."""

    def __init__(  # noqa: PLR0913 (the last only spares work)
        self,
        engine: Engine,
        vault: Vault,
        names: ItemNames,
        clock: Clock,
        accounts: Mapping[AccountId, Habits],
        on_applied: Callable[[], None],
        *,
        claims: Claims | None = None,
    ) -> None:
        """
        Keep the parts; *on_applied* wakes the stages that may have work now.

        With *claims*, a poll that moved nothing touches its task's row alone.
        """
        self._claims = claims
        self._engine = engine
        self._vault = vault
        self._names = names
        self._clock = clock
        self._accounts = accounts
        self._on_applied = on_applied

    def __call__(
        self, heard: Sequence[Heard], then: Callable[[], None] | None = None
    ) -> bool:
        """
        Apply *heard*; raises `Unavailable`, and then it may be applied again.

        What was stored by then changes nothing the second time.  *then* rides along in
        the transaction; tells whether it could.
        """
        unmoved = self._give_back_unmoved(heard)
        heard = [one for one in heard if one.claimed.task.id not in unmoved]
        telling = [one for one in heard if identifies(one.reply)]
        opened = self._opened(telling)
        steps = [
            self._step(one, opened.get(one.claimed.task.sealed_under)) for one in heard
        ]
        if then is None:
            self._engine.apply(steps)
        rode = then is not None and self._engine.apply_with(steps, then)
        self._on_applied()
        return rode

    def _opened(self, telling: Sequence[Heard]) -> Mapping[str, OpenVault]:
        """Open the vault for what identifies somebody, by purpose."""
        owners: dict[str, set[str]] = defaultdict(set)
        for one in telling:
            owners[one.claimed.task.sealed_under].add(one.claimed.case)
        names = {items_name(one.claimed.task.account) for one in telling}
        wanted = sorted(names | {ALL_IDENTIFIERS})
        return {
            purpose: self._vault.open(sorted(cases), purpose, wanted)
            for purpose, cases in owners.items()
        }

    def _give_back_unmoved(self, heard: Sequence[Heard]) -> Collection[TaskId]:
        """Let the jobs wait on that are going as they were; returns their tasks."""
        polled = [
            (one.claimed, after)
            for one in heard
            if (after := self._unmoved(one)) is not None
        ]
        if not polled or self._claims is None:
            return ()
        return self._claims.keep_waiting(polled)

    def _unmoved(self, heard: Heard) -> Task | None:
        """Return the task of a poll that was told nothing new, as it waits on."""
        reply, task = heard.reply, heard.claimed.task
        habits = self._accounts.get(task.account)
        if not isinstance(reply, JobAccepted) or habits is None:
            return None
        if reply.ticket.value != heard.ticket or habits.planned is None:
            return None
        pause = habits.check_after or reply.check_after
        report = Accepted(pause, reply.expected_within, reply.how)
        event = self._reported(heard, report)
        return still_going(task, event, habits.planned)

    def _reported(self, heard: Heard, report: Report) -> TaskReported:
        """Return the event that a call of a claimed task ended."""
        return TaskReported(
            at=self._clock.now(),
            task=heard.claimed.task.id,
            report=report,
            epoch=heard.claimed.epoch,
            call=heard.call,
            items=heard.items,
            jitter=self._clock.jitter(),
            calls_before=heard.claimed.task.calls,
        )

    def spoken(self, word: Word) -> None:
        """
        Apply what a processor said by itself, to each task of the call at once.

        Of a call with one task the letter ends in the same transaction.
        """
        members = word.call.members
        ends = (EndLetter(word.letter),) if len(members) == 1 else ()
        steps = [
            self._spoken_of(word, member, word.replies[member.task], ends)
            for member in members
            if member.task in word.replies
        ]
        if any(self._engine.apply(steps)):
            self._on_applied()

    def _spoken_of(
        self, word: Word, member: CallMember, reply: object, ends: tuple[Write, ...]
    ) -> Step:
        """Return the step of one task; a copy comes by a poll, in its new ticket."""
        kept: tuple[Write, ...] = ()
        report: Report = NeedsHuman("connector_fault")
        if isinstance(reply, JobAccepted):
            report = Accepted(reply.check_after, reply.expected_within)
            kept = self._kept(word, member, reply)
        elif isinstance(reply, Outcome | Cancelled):
            report = reply
        event = CallReported(
            at=self._clock.now(),
            task=member.task,
            report=report,
            call=word.call.id,
            items=member.items,
            jitter=self._clock.jitter(),
        )
        # A copy that is ready is still to be fetched, by a poll of the same call.
        is_copy = word.call.action is Action.EXPORT and isinstance(report, Done)
        is_open = is_copy or isinstance(report, Accepted | NeedsHuman)
        closing: tuple[Write, ...] = () if is_open else (CloseCall(word.call.id),)
        return Step(member.case, event, (*kept, *closing, *ends))

    def _kept(
        self, word: Word, member: CallMember, job: JobAccepted
    ) -> tuple[Write, ...]:
        """Seal the ticket that came; one without a text leaves the old one."""
        name, value = ticket_name(word.call.id), job.ticket.value.encode()
        opened = self._vault.open([member.case], IDENTITY, [name]) if value else None
        if opened is None or member.case not in opened.keys:
            return ()
        return (opened.seal(member.case, name, value),)

    def _step(self, heard: Heard, opened: OpenVault | None) -> Step:
        """Return one step: the event, and what must be stored with it."""
        claimed, now = heard.claimed, self._clock.now()
        task = claimed.task
        if heard.reply is None or _is_too_late(heard, opened):
            released = TaskReleased(now, task.id, claimed.epoch)
            # A poll that was not sent leaves its job as it was.
            made = _closing(heard) if task.step is CallStep.ACT else ()
            return Step(claimed.case, released, made)
        report, writes = self._report(heard, opened)
        event = self._reported(heard, report)
        return Step(claimed.case, event, (*writes, *_calls(heard, report)))

    def _report(
        self, heard: Heard, opened: OpenVault | None
    ) -> tuple[Report, Sequence[Write]]:
        """Return what the core learns, and what the vault keeps."""
        if opened is not None:
            match heard.reply:
                case Located():
                    return self._located(heard, heard.reply, opened)
                case Ambiguous(candidates=candidates):
                    return self._conflicted(heard, candidates, opened)
                case JobAccepted():
                    return self._accepted(heard, heard.reply, opened)
                case _:
                    pass
        if isinstance(heard.reply, Exported):
            return heard.reply, _finished(heard, heard.reply.rows)
        return report_of(heard.reply), ()

    def _located(
        self, heard: Heard, located: Located, opened: OpenVault
    ) -> tuple[Report, Sequence[Write]]:
        """Name the items, keep their references, and tell which types are news."""
        if heard.claimed.task.is_read_back:
            located = replace(located, learned=())  # nobody is searched further
        case, account = heard.claimed.case, heard.claimed.task.account
        items = [self._named(case, account, item) for item in located.items]
        known = load_items(opened.get(case, items_name(account)))
        known.update({item.id: item for item in items})
        writes: list[Write] = [
            opened.seal(case, items_name(account), dump_items(known.values()))
        ]
        learned = self._news(heard, located.learned, opened)
        if learned:
            before = opened.get(case, identifiers_name(account))
            own = load_identifiers([before] if before else [])
            value = dump_identifiers((*own, *learned))
            writes.append(opened.seal(case, identifiers_name(account), value))
        types = frozenset(one.type for one in learned)
        return ItemsLocated(tuple(facts_of(item) for item in items), types), writes

    def _news(
        self, heard: Heard, learned: Sequence[Identifier], opened: OpenVault
    ) -> tuple[Identifier, ...]:
        """Return what the account may teach and the case does not know yet."""
        case, account = heard.claimed.case, heard.claimed.task.account
        known = set(load_identifiers(opened.named(case, ALL_IDENTIFIERS).values()))
        yields = self._accounts[account].yields
        news = news_of(learned, yields, known)
        for type_ in sorted(news.refused):
            log.warning("identifier_refused", account=account, kind=type_)
        return news.identifiers

    def _conflicted(
        self, heard: Heard, candidates: Sequence[Candidate], opened: OpenVault
    ) -> tuple[Report, Sequence[Write]]:
        """Keep the candidates for a person; the case learns only how many there are."""
        case, account = heard.claimed.case, heard.claimed.task.account
        named = [
            replace(
                one, items=tuple(self._named(case, account, item) for item in one.items)
            )
            for one in candidates
        ]
        facts = tuple(tuple(facts_of(item) for item in one.items) for one in named)
        kept = opened.seal(case, candidates_name(account), dump_candidates(named))
        return MatchesConflicted(facts), (kept,)

    def _accepted(
        self, heard: Heard, job: JobAccepted, opened: OpenVault
    ) -> tuple[Report, Sequence[Write]]:
        """Seal the ticket; the case learns when to ask again."""
        if heard.call is None:
            raise TypeError("A job is accepted in a durable call.")
        habit = self._accounts[heard.claimed.task.account].check_after
        accepted = Accepted(habit or job.check_after, job.expected_within, job.how)
        name, value = ticket_name(heard.call), job.ticket.value.encode()
        return accepted, (opened.seal(heard.claimed.case, name, value),)

    def _named(self, case: str, account: AccountId, item: Item) -> Item:
        """Name a record the same each time; each kind has numbers of its own."""
        name = f"item:{account}:{item.kind}"
        digest = self._names.identifier_digest(case, name, item.reference)
        return replace(item, id=ItemId(digest[:20]))


def _is_too_late(heard: Heard, opened: OpenVault | None) -> bool:
    """
    Tell whether the case was forgotten while the call was under way.

    A person closed the task, or another owner finished it: what the answer identifies
    has no key any more and is dropped.
    """
    forgotten = opened is not None and heard.claimed.case not in opened.keys
    return forgotten and identifies(heard.reply)


def _finished(heard: Heard, rows: int) -> Sequence[Write]:
    """Finish the artifact that the rows went to."""
    if heard.artifact is None:
        return ()
    return (FinishArtifact(replace(heard.artifact, rows=rows)),)


def _calls(heard: Heard, report: Report) -> Sequence[Write]:
    """Keep the durable call in step with its report."""
    match report:
        case Accepted() if heard.call is not None:
            return (AcceptCall(heard.call, _is_queued(heard.reply)),)
        case CheckFailed() | ItemsLookedAt() | TooLate():
            return ()
        case _:
            return _closing(heard)


def _is_queued(reply: object) -> bool:
    """Tell whether a job takes a place in its processor's queue."""
    return not isinstance(reply, JobAccepted) or reply.is_queued


def _closing(heard: Heard) -> tuple[Write, ...]:
    """Close the call that this claim made, if it made one."""
    return () if heard.call is None else (CloseCall(heard.call),)
