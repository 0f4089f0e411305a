"""One account as the worker holds it: its connector, its windows, its lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.base import Connector, Options
from connectors.errors import (
    AddressRefused,
    ContractChanged,
    EgressRefused,
    LeaseLost,
    ProcessorError,
    Refused,
    TryLater,
)
from connectors.signed.own_systems import OwnSystems
from connectors.transport.http import Api, Secrets, Target, open_api
from orchestrator.core.words import AccountId
from orchestrator.ports import AccountState
from orchestrator.stages.work.windows import FullError, Windows, saved_of
from schemas.connecting import ConnectorSpec, Effect, IdentifierType, Mode, Rate

CLAIMED_UNDER: ContextVar[int | None] = ContextVar("claimed_under", default=None)
"""The epoch under which the call that is being made was claimed."""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """What the register says of one account, resolved."""

    id: AccountId
    connector: type[Connector]
    spec: ConnectorSpec
    options: Options
    secrets: Secrets
    bases: Mapping[str, str]
    mode: Mode
    accepts: frozenset[IdentifierType]
    allow_http: bool = False
    allow_hosts: frozenset[str] = frozenset()
    proxy: Callable[[], str] | None = field(default=None, repr=False)
    installation: str | None = None
    is_sandbox: bool = True
    ping_every: timedelta = timedelta(minutes=1)
    check_after: timedelta | None = None
    lease: timedelta | None = None  # None: the setting's
    linger: timedelta = timedelta(milliseconds=10)
    # whose credential it is too: one owner for all, and one set of windows
    shares_with: frozenset[AccountId] = frozenset()
    settings: Mapping[str, str] | None = None


UNNAMED = "unnamed"
"""What a connector answers whose processor has no name for an account."""


class NotRecognisedError(ProcessorError):
    """The processor does not know this account, or under another name; a code says."""


class Lease:
    """Our ownership of one account: the epoch, and until when it surely lasts."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Begin without ownership."""
        self._monotonic = monotonic
        self._until = 0.0
        self.epoch = 0

    @property
    def is_held(self) -> bool:
        """Whether the lease surely lasts; false after a long pause of this process."""
        return self._monotonic() < self._until

    def covers(self, epoch: int | None) -> bool:
        """
        Tell whether a call that was claimed under *epoch* may still send.

        A call that outlived its ownership may not, even if the account is ours again:
        its claim was mended, and somebody else may be making the call anew.
        """
        return self.is_held and epoch in {None, self.epoch}

    def take(self, epoch: int, asked_at: float, seconds: float) -> None:
        """Hold the lease for *seconds* since it was asked for."""
        self.epoch = epoch
        self._until = asked_at + seconds

    def drop(self, epoch: int | None = None) -> None:
        """Send nothing any more; not if *epoch* is an earlier ownership's."""
        if epoch in {None, self.epoch}:
            self._until = 0.0


class Gate:
    """What must hold immediately before each send: windows first, the lease last."""

    def __init__(self, windows: Windows, lease: Lease) -> None:
        """Keep both."""
        self._windows = windows
        self._lease = lease

    async def before_send(
        self,
        rates: Sequence[Rate],
        effect: Effect,  # noqa: ARG002 (the protocol's)
    ) -> None:
        """Wait for every rate window, then check the lease."""
        try:
            await self._windows.pass_(rates)
        except FullError as full:
            after = timedelta(seconds=full.seconds)
            raise TryLater("rate_window_full", after) from None
        if not self._lease.covers(CLAIMED_UNDER.get()):
            raise LeaseLost("lease_lost")

    def wait_for(self, rates: Sequence[Rate]) -> float:
        """Return how many seconds every rate window still wants."""
        return self._windows.wait_for(rates)

    def hold_until_after(self, seconds: float) -> None:
        """Pass on the processor's own pause to everybody who sends to this account."""
        self._windows.hold(seconds)


class Account:
    """One account of the register in the hands of this worker."""

    def __init__(
        self,
        config: AccountConfig,
        connector: Connector,
        api: Api,
        windows: Windows,
        lease: Lease,
    ) -> None:
        """Keep the parts; nothing is called in flight yet."""
        self.config = config
        self.connector = connector
        self.windows = windows
        self.lease = lease
        self.in_flight = 0
        self.named: str | None = None
        self.paused_reason: str | None = None
        self.ping_at = 0.0
        self._api = api
        self._asking = asyncio.Lock()

    @property
    def id(self) -> AccountId:
        """The register's name for it."""
        return self.config.id

    @property
    def free_calls(self) -> int:
        """Return how many more calls may begin now, of however many tasks each."""
        if not self.lease.is_held or self.paused_reason:
            return 0
        if self.windows.held_for > 0:
            return 0
        return max(0, self.config.spec.concurrency - self.in_flight)

    def take_over(
        self, state: AccountState, epoch: int, asked_at: float, seconds: float
    ) -> None:
        """Begin a new ownership with the windows that the last one left."""
        self.lease.take(epoch, asked_at, seconds)
        self.named = None
        self.paused_reason = state.paused_reason

    @property
    def together(self) -> frozenset[AccountId]:
        """The accounts that its credential opens, itself among them."""
        return self.config.shares_with | {self.id}

    def restore_windows(self, states: Iterable[AccountState], now: datetime) -> None:
        """
        Take the windows over, with what the last owner may have sent since.

        *states* are those of every account that shares them.  The newest row speaks
        for all accounts that shared the windows when it was written.
        """
        newest: dict[tuple[str, ...], tuple[datetime, str]] = {}
        owned_until: list[datetime] = []
        for state in states:
            if state.windows is None or state.windows_at is None:
                continue
            shared = saved_of(state.windows) or (state.id,)
            known = newest.get(shared)
            if known is None or known[0] < state.windows_at:
                newest[shared] = (state.windows_at, state.windows)
            owned_until.append(state.lease_until or state.windows_at)
        self.windows.clear()
        declared = self.config.spec.rates_together
        for saved_at, saved in newest.values():
            self.windows.restore(saved, saved_at, max(owned_until), now, declared)

    async def recognise(self) -> str:
        """
        Ask the processor for the account's own name, once an ownership.

        Raises `NotRecognisedError` if the register expects another one, or if the
        address or the account is unknown there: then nothing more is sent to it.
        """
        async with self._asking:
            if self.named is None:
                named = await self._ask_name()
                if self.config.installation not in {None, named}:
                    raise NotRecognisedError("wrong_installation")
                self.named = named
            return self.named

    def admit_write(self) -> None:
        """
        Let a write through to a real account only if the register names it.

        Raises `NotRecognisedError`.  A processor that names no account of its own has
        nothing to compare; the credential is all there is.
        """
        is_known = self.config.installation is not None or self.named == UNNAMED
        if not self.config.is_sandbox and not is_known:
            raise NotRecognisedError("installation_not_set")

    async def _ask_name(self) -> str:
        """Ping; a refusal says that the address or the account is wrong."""
        if self.config.mode is Mode.OFF:
            raise NotRecognisedError("account_off")
        try:
            return (await self.connector.ping()).name
        except AddressRefused:
            raise NotRecognisedError("address_refused") from None
        except (Refused, EgressRefused, ContractChanged):
            raise NotRecognisedError("unknown_installation") from None

    async def close(self) -> None:
        """Close its connections."""
        await self._api.aclose()


def open_account(
    config: AccountConfig,
    monotonic: Callable[[], float],
    own: OwnSystems | None = None,
    windows: Windows | None = None,
) -> Account:
    """
    Open the account's API behind its gate; nothing is sent yet.

    *windows* are those of an account that shares its credential.
    """
    if windows is None:
        of = {config.id, *config.shares_with} if config.shares_with else ()
        windows = Windows(monotonic, of=of)
    lease = Lease(monotonic)
    api = open_api(target_of(config, own), config.secrets, Gate(windows, lease))
    connector = config.connector(api, config.options)
    return Account(config, connector, api, windows, lease)


def target_of(config: AccountConfig, own: OwnSystems | None = None) -> Target:
    """Return where an account's requests go and how far they may."""
    return Target(
        spec=config.spec,
        bases=config.bases,
        mode=config.mode,
        allow_http=config.allow_http,
        allow_hosts=config.allow_hosts,
        proxy=config.proxy,
        settings=config.settings or {},
        own=own,
    )


def with_limits(
    spec: ConnectorSpec, rates: tuple[Rate, ...], concurrency: int
) -> ConnectorSpec:
    """Return the connector's spec with the register's own limits."""
    return replace(spec, rates=rates, concurrency=concurrency)
