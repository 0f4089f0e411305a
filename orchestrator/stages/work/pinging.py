"""Ask a paused account for its own name now and then: a good answer ends the pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

from connectors.errors import (
    AccessRefused,
    CredentialsRefused,
    NotSetUp,
    ProcessorError,
    TryLater,
)
from orchestrator.errors import NotPossible, SetUpError
from orchestrator.ports import Claims, Clock
from orchestrator.stages.work.accounts import Account, NotRecognisedError
from orchestrator.stages.work.pausing import mended_by_ping
from schemas.addresses import place_of

log = structlog.get_logger()

InDatabase = Callable[[Callable[[], Any]], Awaitable[Any]]

PING_SECONDS = 60.0


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
            account.paused_reason in mended_by_ping(account.config.installation)
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
        except (ProcessorError, SetUpError):
            return
        await in_database(lambda: self._resume(account, named))
        wake()

    def _resume(self, account: Account, named: str) -> None:
        """Note the good ping and end the pause that it mends, never a person's."""
        self._claims.note_ping(account.id, named, self._clock.now())
        mended = mended_by_ping(account.config.installation)
        if self._claims.resume(account.id, only=mended):
            account.paused_reason = None
            log.info("account_resumed", account=account.id)


async def ping_once(account: Account, asked_at: float) -> str:
    """
    Return an account's own name, asked outside any ownership.

    Closes the account.  Raises `NotPossible` with what to do, or `SetUpError` where a
    secret is missing.
    """
    # A ping reads and changes nothing, so it needs no ownership of the account.
    account.lease.take(0, asked_at, PING_SECONDS)
    try:
        return await account.recognise()
    except AccessRefused:
        advice = "it knows us and refuses to be asked; grant us the right there"
    except CredentialsRefused:
        advice = (
            "it refuses our credentials; put the right ones where the register says"
        )
    except NotRecognisedError as error:
        advice = _NOT_RECOGNISED[str(error)].format_map(_hosts(account))
    except NotSetUp as error:
        advice = str(error)
    except TryLater as error:
        advice = f"it does not answer now ({error.cause}); try again later"
    except ProcessorError as error:
        advice = f"the ping failed ({error}); see the connector's page"
    finally:
        await account.close()
    raise NotPossible(f"{account.id}: {advice}.")


def _hosts(account: Account) -> dict[str, str]:
    """Return the hosts of an account's addresses, as a sentence names them."""
    hosts = sorted({place_of(base).host for base in account.config.bases.values()})
    return {
        "hosts": " or ".join(hosts),
        "quoted": ", ".join(f'"{host}"' for host in hosts),
    }


_NOT_RECOGNISED = {
    "wrong_installation": (
        "it answers under another name than the register's installation; correct the"
        " address, the credentials or that name"
    ),
    "address_refused": (
        "{hosts} leads inside a network; if the account is there, write allow_hosts ="
        " [{quoted}] in its table of the register, else correct base_url"
    ),
    "account_off": "the register has it off; set its mode to live or dry_run",
    "unknown_installation": (
        "nobody at its address knows it; correct base_url and the account's options"
    ),
}
