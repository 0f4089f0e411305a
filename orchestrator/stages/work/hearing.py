"""
Hear what processors say by themselves: read, verify and apply the inbox.

Beside the worker's loop, a task of its own for each account, so that a certificate
that has to be fetched delays no call.  A letter ends once, together with its effect or
after it; applied twice it changes nothing the second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from connectors.errors import ContractChanged, LeaseLost, NotGenuine, ProcessorError
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable
from orchestrator.ports import Clock, Ending, Gather, Inbox, Letter, Word
from orchestrator.stages.work.accounts import Account
from schemas.connecting import Callback, TaskId

log = structlog.get_logger()

InDatabase = Callable[[Callable[[], Any]], Awaitable[Any]]
Failed = Callable[[CannotStore], None]  # ends the worker

AT_ONCE = 50
LOOK_EVERY = 1.0  # seconds; what this process stored itself is read at once
SOON = timedelta(seconds=1)
LATER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Unread:
    """A letter that could not be read, and how it ends: not yet, without `ends`."""

    code: str
    ends: Ending | None = None


class Hearing:
    """Applies the letters of the accounts that this worker owns."""

    def __init__(self, inbox: Inbox, gather: Gather, clock: Clock) -> None:
        """Keep the parts."""
        self._inbox = inbox
        self._gather = gather
        self._clock = clock
        self._due: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def nudge(self) -> None:
        """Look at the next turn; from any thread."""
        self._due = {}

    def begin(
        self, accounts: Iterable[Account], in_database: InDatabase, failed: Failed
    ) -> None:
        """Start reading for each account whose turn it is."""
        now = self._clock.monotonic()
        for account in accounts:
            running = self._running.get(account.id)
            is_due = now >= self._due.get(account.id, 0.0)
            is_idle = running is None or running.done()
            if _hears(account) and is_due and is_idle:
                self._due[account.id] = now + LOOK_EVERY
                hearing = self._hear(account, in_database, failed)
                self._running[account.id] = asyncio.create_task(hearing)

    async def finish(self) -> None:
        """Stop reading: what has not been applied waits for the next owner."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _hear(
        self, account: Account, in_database: InDatabase, failed: Failed
    ) -> None:
        """Read and apply what waits, oldest first."""
        try:
            letters = await in_database(
                lambda: self._inbox.waiting(account.id, self._clock.now(), AT_ONCE)
            )
            for letter in letters:
                if not account.lease.is_held:
                    return
                said = await _said(account, letter)
                await in_database(partial(self._apply, letter, said))
            if len(letters) == AT_ONCE:
                self._due.pop(account.id, None)
        except (Unavailable, Conflict, LeaseLost) as error:
            log.info("inbox_waits", account=account.id, cause=type(error).__name__)
        except CannotStore as error:
            failed(error)

    def _apply(self, letter: Letter, said: Callback | Unread) -> None:
        """Apply one letter; in the database thread, where no report comes between."""
        now = self._clock.now()
        if isinstance(said, Callback):
            self._spoken(letter, said)
        elif said.ends is None:
            self._inbox.look_again(letter.id, now, now + LATER)
        else:
            self._end(letter, said.ends, said.code)

    def _spoken(self, letter: Letter, said: Callback) -> None:
        """Apply a genuine letter to each task of the call that it speaks of."""
        now = self._clock.now()
        call = self._inbox.call(letter.account, said.call)
        if call is None or said.action not in {None, call.action}:
            self._end(letter, "unmatched", "unknown_call")
            return
        tasks = [member.task for member in call.members]
        deaf = self._inbox.in_flight(tasks)
        if len(deaf) < len(tasks):
            self._gather.spoken(Word(letter.id, call, _replies(said, tasks)))
        if deaf or self._inbox.in_flight(tasks):
            # Claimed since, or before: what was applied already stays as it is.
            age = (now - letter.received_at) / 10
            self._inbox.look_again(letter.id, now, now + min(max(SOON, age), LATER))
        else:
            self._inbox.end(letter.id, "applied", None, now)

    def _end(self, letter: Letter, ending: Ending, code: str) -> None:
        """End a letter without an effect, and say so."""
        dropped = self._inbox.end(letter.id, ending, code, self._clock.now())
        log.warning(
            "callback_not_applied", account=letter.account, state=ending, code=code
        )
        if dropped:
            log.info("refused_letters_dropped", account=letter.account, count=dropped)


def _hears(account: Account) -> bool:
    """Tell whether the account is ours and its processor speaks by itself."""
    return account.config.spec.hears and account.lease.is_held


def _replies(said: Callback, tasks: Iterable[TaskId]) -> Mapping[TaskId, object]:
    """Return what was said of each task."""
    return {task: said.by_task.get(task, said.reply) for task in tasks}


async def _said(account: Account, letter: Letter) -> Callback | Unread:
    """Let the connector verify and read; raises `LeaseLost` alone."""
    try:
        return await account.connector.on_callback(letter.headers, letter.body)
    except NotGenuine as error:
        return Unread(str(error), "refused")
    except LeaseLost:
        raise
    except ContractChanged:
        return Unread("contract_changed", "unmatched")
    except (ProcessorError, SetUpError):
        return Unread("cannot_verify")
    except Exception as error:  # noqa: BLE001 (a connector's bug stops no worker)
        cause = type(error).__name__  # a traceback could hold data
        log.error("connector_failed", account=account.id, cause=cause)  # noqa: TRY400
        return Unread("connector_fault", "unmatched")
