"""
What may leave for an account, and where to.

Only declared operations, only to the addresses that the register names, encrypted and
outside one's own network unless it says otherwise.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar
from urllib.parse import quote

from connectors.errors import AddressRefused, EgressRefused
from connectors.signed.own_systems import OwnSystems
from schemas.addresses import NotPlainError, address_in, may_connect, place_of
from schemas.connecting import ConnectorSpec, Deed, Effect, Mode, Operation, Rate

Declared = TypeVar("Declared", Operation, Deed)


READS_ONLY: ContextVar[bool] = ContextVar("reads_only", default=False)
"""Whether the call that is being made belongs to a dry run: no write leaves for it."""


class SendGate(Protocol):
    """What must hold immediately before each send; given by the orchestrator."""

    async def before_send(self, rates: Sequence[Rate], effect: Effect) -> None:
        """Wait for every rate window, then check the lease; raises `LeaseLost`."""

    def wait_for(self, rates: Sequence[Rate]) -> float:
        """Return how many seconds every rate window still wants; 0 if all have room."""

    def hold_until_after(self, seconds: float) -> None:
        """Let nobody send to this account before, as Retry-After asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an account's requests go and how far they may."""

    spec: ConnectorSpec
    bases: Mapping[str, str]  # "base_url" and whatever operations name
    mode: Mode
    allow_http: bool = False
    # hosts that may be inside a network: names or addresses, as `host_of` spells them
    allow_hosts: Collection[str] = ()
    # the proxy's URL, asked before each request
    proxy: Callable[[], str] | None = field(default=None, repr=False)
    max_answer_bytes: int = 32 * 1024 * 1024
    max_download_bytes: int = 1024 * 1024 * 1024
    max_download_time: timedelta = timedelta(hours=1)
    # plain values of the account's options that credentials name (the OAuth scope)
    settings: Mapping[str, str] = field(default_factory=dict)
    # what signs and publishes for the connectors of one's own systems
    own: OwnSystems | None = field(default=None, repr=False)


class Egress:
    """The rules of one account; each refusal is an `EgressRefused` with a code."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._checked: dict[str, str] = {}

    def operation(self, name: str) -> Operation:
        """Return a declared operation that the account's mode lets leave."""
        return self._allowed(self._target.spec.operations.get(name))

    def deed(self, name: str) -> Deed:
        """Return a declared deed without HTTP that the account's mode lets happen."""
        return self._allowed(self._target.spec.deeds.get(name))

    def _allowed(self, declared: Declared | None) -> Declared:
        if declared is None:
            raise EgressRefused("operation_not_declared")
        if self._target.mode is Mode.OFF:
            raise EgressRefused("account_is_off")
        is_rehearsal = READS_ONLY.get() or self._target.mode is not Mode.LIVE
        if declared.effect is Effect.WRITE and is_rehearsal:
            raise EgressRefused("dry_run")
        return declared

    def base(self, operation: Operation) -> str:
        """Return the checked base URL of an operation, without a final slash."""
        known = self._checked.get(operation.base)
        if known is not None:
            return known
        base = self._target.bases.get(operation.base)
        if base is None and operation.base == "base_url":
            base = self._target.spec.base_url
        if base is None:
            raise EgressRefused("base_url_not_set")
        self.check(base)
        checked = self._checked[operation.base] = base.rstrip("/")
        return checked

    def check(self, url: str) -> None:
        """Let a *url* pass that is plain, encrypted and, as far as it shows, public."""
        try:
            place = place_of(url)
        except NotPlainError:
            place = None
        allowed = ("https", "http") if self._target.allow_http else ("https",)
        if place is None:
            raise EgressRefused("url_not_plain")
        if place.scheme not in allowed:
            raise EgressRefused("https_only")
        address = address_in(place.host)  # a name is judged when it is resolved
        if address is not None and not may_connect(
            place.host, address, self._target.allow_hosts
        ):
            raise AddressRefused("address_not_public")

    def rates(self, operation: Operation | Deed) -> Sequence[Rate]:
        """Return the windows that an operation passes."""
        spec = self._target.spec
        return spec.rates if operation.rates is None else operation.rates

    @property
    def max_download_bytes(self) -> int:
        """The most that one download may bring, after decompression."""
        return self._target.max_download_bytes

    @property
    def max_download_time(self) -> float:
        """The longest one download may take, in seconds."""
        return self._target.max_download_time.total_seconds()


def filled(template: str, values: Mapping[str, str]) -> str:
    """
    Fill a path template with URL-encoded values.

    An empty value would name the whole collection, and `.` or `..` another resource
    (URLs are normalised on their way), so they are refused.
    """
    wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    if wanted != set(values):
        raise EgressRefused("path_values_do_not_fit")
    if any(value in ("", ".", "..") for value in values.values()):
        raise EgressRefused("path_value_refused")
    return template.format(**{k: quote(v, safe="") for k, v in values.items()})
