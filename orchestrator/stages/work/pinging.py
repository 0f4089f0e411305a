"""Ask a paused account for its own name now and then: a good answer ends the pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from connectors.errors import ProcessorError
from orchestrator.ports import Claims, Clock
from orchestrator.stages.work.accounts import Account

log = structlog.get_logger()

InDatabase = Callable[[Callable[[], Any]], Awaitable[Any]]

# Pauses that a good ping ends; a pause by a person ends only by a person.
MENDED_BY_PING = frozenset(
    {"credentials_refused", "wrong_installation", "unknown_installation"}
)


class Pinging:
    """Pings accounts that are paused for their credentials or their name."""

    def __init__(self, claims: Claims, clock: Clock) -> None:
        """Keep the parts."""
        self._claims = claims
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}

    def begin(
        self,
        accounts: Iterable[Account],
        in_database: InDatabase,
        wake: Callable[[], None],
    ) -> None:
        """Start the pings that are due."""
        for account in accounts:
            if self._wants_ping(account):
                every = account.config.ping_every.total_seconds()
                account.ping_at = self._clock.monotonic() + every
                ping = self._ping(account, in_database, wake)
                self._running[account.id] = asyncio.create_task(ping)

    def _wants_ping(self, account: Account) -> bool:
        """Tell whether *account* should be asked for its name now."""
        running = self._running.get(account.id)
        return (
            account.paused_reason in MENDED_BY_PING
            and account.lease.is_held
            and self._clock.monotonic() >= account.ping_at
            and (running is None or running.done())
        )

    async def _ping(
        self, account: Account, in_database: InDatabase, wake: Callable[[], None]
    ) -> None:
        """Ping once; a bad answer leaves the pause as it is."""
        account.named = None
        try:
            named = await account.recognise()
        except ProcessorError:
            return
        await in_database(lambda: self._resume(account, named))
        wake()

    def _resume(self, account: Account, named: str) -> None:
        """Note the good ping and end the pause that it mends."""
        self._claims.note_ping(account.id, named, self._clock.now())
        self._claims.resume(account.id)
        account.paused_reason = None
        log.info("account_resumed", account=account.id)
