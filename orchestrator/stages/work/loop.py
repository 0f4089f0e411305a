"""
The worker's loop: one event loop for the calls, one thread for the database.

A turn stores what was heard and claims what is due, in one transaction; while it runs,
more answers gather, so that a busy worker commits in groups and an idle one at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import get_ident
from typing import TypeVar

import structlog

from orchestrator.core.words import AccountId
from orchestrator.errors import CannotStore, Conflict, Unavailable
from orchestrator.ports import Claims, Clock, Gather, Heard, Inbox
from orchestrator.stages.work.accounts import Account
from orchestrator.stages.work.calling import CallGroup, Prepared, Said, call
from orchestrator.stages.work.hearing import Hearing
from orchestrator.stages.work.ownership import Ownership
from orchestrator.stages.work.pinging import Pinging
from orchestrator.stages.work.preparing import Preparing
from orchestrator.stages.work.sink import RowSink
from schemas.connecting import TaskId

log = structlog.get_logger()

_FULL_QUEUE = 0.1  # seconds until a full queue of jobs is counted again

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How a worker runs; seconds."""

    owner: str
    lease: timedelta = timedelta(seconds=15)
    idle: float = 0.5  # the longest it does not look for work of other processes
    grace: float = 20.0  # how long calls in flight may finish after a stop
    outage_pause: float = 0.5
    linger: float = 0.003  # how long an answer waits for others, to be stored together


@dataclass(frozen=True, slots=True)
class WorkParts:
    """What a worker works with."""

    accounts: Mapping[AccountId, Account]
    claims: Claims
    gather: Gather
    inbox: Inbox
    ownership: Ownership
    preparing: Preparing
    clock: Clock


class Worker:
    """Claims and calls for its accounts until it is stopped."""

    def __init__(self, parts: WorkParts, settings: WorkSettings) -> None:
        """Keep the parts; nothing is owned or claimed yet."""
        self._accounts = parts.accounts
        self._claims = parts.claims
        self._gather = parts.gather
        self._ownership = parts.ownership
        self._preparing = parts.preparing
        self._clock = parts.clock
        self._settings = settings
        self._pinging = Pinging(parts.claims, parts.clock)
        self._hearing = Hearing(parts.inbox, parts.gather, parts.clock)
        self._database = ThreadPoolExecutor(1, thread_name_prefix="work-database")
        self._heard: list[Heard] = []
        self._begun: set[TaskId] = set()  # claimed, and what was heard is not stored
        self._pauses: dict[AccountId, str] = {}  # not durable yet
        self._is_in_doubt = False  # whether a claim was committed that we know not of
        self._failure: CannotStore | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = False
        self._turning = 0  # the thread that takes the turns

    def wake(self) -> None:
        """Look for work at once; from any thread."""
        # What a turn itself applied, it also claims.
        if self._loop is not None and get_ident() != self._turning:
            with contextlib.suppress(RuntimeError):  # the loop has just closed
                self._loop.call_soon_threadsafe(self._woken.set)

    def hear(self) -> None:
        """Read the inbox at once; from any thread."""
        self._hearing.nudge()
        self.wake()

    def stop(self) -> None:
        """Claim nothing more; from any thread."""
        self._is_stopping = True
        self.wake()

    async def run(self) -> None:
        """Work until stopped, then let calls in flight finish within the grace."""
        self._loop = asyncio.get_running_loop()
        try:
            while not self._is_stopping:
                await self._turn_or_pause()
            await self._finish()
        finally:
            for task in self._calls:
                task.cancel()
            for account in self._accounts.values():
                await account.close()
            self._database.shutdown(wait=True)

    async def _turn_or_pause(self) -> None:
        """Take one turn; if the database is away, keep what was heard and wait."""
        if self._failure is not None:
            raise self._failure
        self._woken.clear()
        heard, self._heard = self._heard, []
        try:
            groups, pause = await self.in_database(lambda: self._turn(heard))
        except (Unavailable, Conflict) as error:
            self._heard = [*heard, *self._heard]
            self._is_in_doubt = True
            log.warning("database_away", advice=str(error))
            await self._wait(self._settings.outage_pause, even_if_heard=True)
            return
        self._begun -= {one.claimed.task.id for one in heard}
        for group in groups:
            self._begin(group)
        accounts = self._accounts.values()
        self._pinging.begin(accounts, self.in_database, self.wake)
        self._hearing.begin(accounts, self.in_database, self._fail)
        await self._wait(pause, even_if_heard=False)
        if self._heard and self._calls:
            await asyncio.wait(self._calls, timeout=self._settings.linger)

    def _turn(self, heard: Sequence[Heard]) -> tuple[Sequence[CallGroup], float]:
        """Store what was heard, claim and prepare; in the database thread."""
        self._turning = get_ident()
        try:
            return self._taken(heard)
        finally:
            self._turning = 0  # a letter applied between turns wakes us

    def _taken(self, heard: Sequence[Heard]) -> tuple[Sequence[CallGroup], float]:
        """Take the turn; returns what to call, and how long to wait for more."""
        self._store_pauses()
        self._ownership.tend()
        free = {id_: account.free_calls for id_, account in self._accounts.items()}
        free = {id_: calls for id_, calls in free.items() if calls > 0}
        groups = self._stored_and_claimed(heard, free)
        lingers = self._preparing.lingers_for(free)
        if not groups:
            return groups, self._pause(free, lingers)
        # Whatever could be claimed is claimed: the next turn comes with an answer.
        return groups, self._settings.idle if lingers is None else lingers

    def _stored_and_claimed(
        self, heard: Sequence[Heard], free: Mapping[AccountId, int]
    ) -> Sequence[CallGroup]:
        """Store what was heard and claim what is due; in one transaction, if it can."""
        claimed: list[Callable[[], Sequence[CallGroup]]] = []

        def claim() -> None:
            claimed.append(self._preparing.claim(free, self._settings.owner))

        rode = False
        if heard:
            rides = bool(free) and not self._is_in_doubt
            rode = self._gather(heard, claim if rides else None)
        if self._is_in_doubt:
            self._ownership.put_back(self._begun - {h.claimed.task.id for h in heard})
            self._is_in_doubt = False
        if free and not rode:
            claim()
        return claimed[-1]() if claimed else []

    def _store_pauses(self) -> None:
        """Make pauses durable and visible, before what they gave back is claimed."""
        for id_, reason in list(self._pauses.items()):
            if self._claims.pause(id_, reason, "work", self._clock.now()):
                log.error("account_paused", account=id_, reason=reason)
            self._pauses.pop(id_, None)

    def _pause(self, free: Mapping[AccountId, int], lingers: float | None) -> float:
        """Return how long nothing is due; asked only by a turn that claimed nothing."""
        pause = min(self._settings.idle, self._ownership.due_in)
        due = self._claims.next_due(free.keys()) if free else None
        if due is not None:
            pause = min(pause, max(0.0, (due - self._clock.now()).total_seconds()))
        if self._preparing.is_held_back:
            # What is due waits for a job to end; a poll that is due comes first.
            pause = max(pause, _FULL_QUEUE)
        if lingers is not None:
            # What is due waits for company: nothing comes of looking earlier.
            pause = lingers
        return max(pause, 0.001)

    async def _wait(self, seconds: float, *, even_if_heard: bool) -> None:
        """Wait until woken, or for *seconds*; not at all if something was heard."""
        if self._heard and not even_if_heard:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    def _fail(self, failure: CannotStore) -> None:
        """End the worker at its next turn: nothing can be stored."""
        self._failure = failure
        self._woken.set()

    def _begin(self, group: CallGroup) -> None:
        """Let the connector speak, beside everything else."""
        group.account.in_flight += 1
        self._begun |= {member.task for member in group.members}
        task = asyncio.create_task(self._call(group))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, group: CallGroup) -> None:
        """Make one call and keep what was heard for the next turn."""
        said: Sequence[Said] = ()
        try:
            said = await call(group, self._open_sink)
        except CannotStore as error:
            self._failure = error
        finally:
            group.account.in_flight -= 1
        reason = group.account.paused_reason
        if reason and any(one.reply is None for one in said):
            self._pauses[group.account.id] = reason
        self._heard += [_heard(one) for one in said]
        self._woken.set()

    async def _open_sink(self, member: Prepared) -> RowSink:
        """Open the encrypted sink of an export."""
        return await self._preparing.open_sink(member, self.in_database)

    async def in_database(self, job: Callable[[], ResultT]) -> ResultT:
        """Run *job* in the database thread."""
        return await asyncio.get_running_loop().run_in_executor(self._database, job)

    async def _finish(self) -> None:
        """Let calls in flight end, store what they said, give the accounts back."""
        await self._hearing.finish()
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._settings.grace)
        heard, self._heard = self._heard, []
        await self.in_database(self._store_pauses)
        if heard:
            await self.in_database(lambda: self._gather(heard))
        await self.in_database(self._ownership.release)


def _heard(said: Said) -> Heard:
    """Return what one member of a call was told."""
    member = said.member
    return Heard(
        member.claimed,
        said.reply,
        member.call,
        member.item_ids,
        said.artifact,
        member.ticket,
    )
