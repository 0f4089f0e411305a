"""
The HTTP part of the shell around a connector.

A connector names a declared operation; everything else is decided here: it may leave
(connectors/transport/egress.py), credentials are added, rate windows and the account's
lease are passed immediately before each send, redirects are refused, size and time are
capped, and what went wrong becomes one of a few errors without a word of the
processor's body in it (connectors/errors.py draws their tree).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from collections.abc import Sequence as Seq
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt

from connectors.answer import Answer
from connectors.errors import (
    AddressRefused,
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    EgressRefused,
    LeaseLost,
    ProcessorError,
    Refused,
    TryLater,
    WrongPerson,
)
from connectors.signed.own_systems import OwnApi
from connectors.transport.credentials import (
    Credentials,
    Keyring,
    Secrets,
    Token,
    secret_of,
)
from connectors.transport.downloads import MAX_REDIRECTS, Downloads
from connectors.transport.egress import Egress, SendGate, Target, filled
from connectors.transport.resolving import NameServer
from connectors.transport.wire import Received, Route, Sending, Wire
from connectors.verdicts import (
    SHORT,
    Again,
    Unauthorised,
    Verdict,
    as_error,
    is_short,
    judge,
)
from schemas.connecting import Effect, Rate

Query = Mapping[str, str] | Seq[tuple[str, str]]
Sleep = Callable[[float], Awaitable[None]]

ANSWERED_WRITES: ContextVar[list[str] | None] = ContextVar(
    "answered_writes", default=None
)
"""The writes that were answered since the caller put a list there."""

_TRIES = 3
_FIRST_WAIT = 0.25


@dataclass(slots=True)
class _Call:
    """One call on its way through its tries."""

    rates: Seq[Rate]
    effect: Effect
    sending: Sending
    accept: Collection[int] = ()
    credentials: Credentials | None = None  # none for the token request itself
    may_renew: bool = True


class Api:
    """One account's HTTP API, reduced to the operations its connector declares."""

    def __init__(
        self,
        target: Target,
        secrets: Secrets,
        gate: SendGate,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        names: NameServer | None = None,
    ) -> None:
        self._target = target
        self._secrets = secrets
        self.own = OwnApi(target.own, self.guard)
        self._gate = gate
        self._sleep = sleep
        self._connections = asyncio.Semaphore(target.spec.concurrency)
        self._egress = Egress(target)
        self._wire = Wire(
            timeout=target.spec.timeout.total_seconds(),
            max_bytes=target.max_answer_bytes,
            # Downloads come on top: a connector may call while one is going on.
            connections=2 * target.spec.concurrency,
            route=Route(target.allow_hosts, target.proxy, names),
        )
        self._downloads = Downloads(self._egress, self._wire, gate, clock)
        self._keyring = Keyring(
            target.spec, secrets, self._ask_token, target.settings, clock
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    async def call(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Answer:
        """
        Send one declared operation and return any 2xx answer, or a status in *accept*.

        Reads, failed connects, 429 and 503 are retried for seconds; a write whose
        answer was lost raises `AnswerLost` at once.
        """
        declared = self._egress.operation(operation)
        url = self._egress.base(declared) + filled(declared.path, path or {})
        call = _Call(
            self._egress.rates(declared),
            declared.effect,
            Sending(declared.method, url, query, dict(headers or {}), json),
            accept,
            self._keyring.credentials(declared),
        )
        received = await self._attempts(call)
        answered = ANSWERED_WRITES.get()
        if declared.effect is Effect.WRITE and answered is not None:
            answered.append(operation)
        return Answer(operation, declared.effect, received)

    def download(
        self, operation: str, url: str, *, redirects: int = MAX_REDIRECTS
    ) -> AsyncIterator[bytes]:
        """
        Stream a declared download: another host, https, without our credentials.

        Nothing is retried: the caller has written what already came.  Whoever trusts
        the file for its host follows no *redirects*.
        """
        return self._downloads.pieces(operation, url, redirects)

    def wait_for(self, operation: str) -> timedelta:
        """
        Return how long until the windows of *operation* have room; sends nothing.

        For a connector that has another way: a day's budget may be spent for hours.
        """
        rates = self._egress.rates(self._egress.operation(operation))
        return timedelta(seconds=self._gate.wait_for(rates))

    @asynccontextmanager
    async def guard(self, deed: str) -> AsyncIterator[None]:
        """
        Let one declared deed without HTTP be done inside the block, and nothing after.

        Passes what a request passes: the mode, the rate windows, then the lease.
        """
        declared = self._egress.deed(deed)
        async with self._connections:
            await self._gate.before_send(self._egress.rates(declared), declared.effect)
            yield

    def secret(self, name: str) -> SecretStr:
        """
        Return a secret that the spec says the connector asks for itself.

        Raises `CredentialsRefused` where it is not there; asked for afresh each time.
        """
        if name not in self._target.spec.own_secrets:
            raise EgressRefused("secret_not_declared")
        return SecretStr(secret_of(self._secrets, name, fresh=True))

    @property
    def allows_plain(self) -> bool:
        """Whether the register lets this account be reached unencrypted."""
        return self._target.allow_http

    # --- sending ------------------------------------------------------------------

    async def _attempts(self, call: _Call) -> Received:
        """Try for seconds; whatever is not an answer becomes an error."""
        verdict = await self._once(call)
        if is_short(verdict):
            verdict = await self._again(call, verdict)
        if isinstance(verdict, Received):
            return verdict
        raise as_error(verdict)

    async def _again(self, call: _Call, first: Verdict) -> Verdict:
        """Go on after a *first* try that a repeat may mend; most calls never do."""
        tried = [first]
        attempts = AsyncRetrying(
            retry=retry_if_result(is_short),
            stop=stop_after_attempt(_TRIES),
            wait=_wait,
            sleep=self._sleep,
            retry_error_callback=_last_verdict,
        )

        async def attempt() -> Verdict:
            return tried.pop() if tried else await self._once(call)

        verdict: Verdict = await attempts(attempt)
        return verdict

    async def _once(self, call: _Call) -> Verdict:
        """Send once, and once more where renewed credentials may help."""
        headers = await call.credentials.headers() if call.credentials else {}
        verdict = await self._send(call, headers)
        if isinstance(verdict, Unauthorised) and call.credentials and call.may_renew:
            call.may_renew = False
            await call.credentials.renew(headers)
            verdict = await self._send(call, await call.credentials.headers())
        self._heed(verdict)
        return verdict

    def _heed(self, verdict: Verdict) -> None:
        """Hold the whole account as long as the processor asked."""
        if isinstance(verdict, Again) and verdict.after is not None:
            self._gate.hold_until_after(verdict.after)

    async def _send(self, call: _Call, credentials: Mapping[str, str]) -> Verdict:
        """Pass the gate and send: nothing may come between the two."""
        drafted = call.sending
        sending = Sending(
            drafted.method,
            drafted.url,
            drafted.query,
            {**drafted.headers, **credentials},
            drafted.json,
            drafted.form,
        )
        # A connection is free before the gate is passed, so that no request waits for
        # one after its rate window and its lease were checked.
        async with self._connections:
            await self._gate.before_send(call.rates, call.effect)
            outcome = await self._wire.send(sending)
        return judge(call.effect, outcome, call.accept)

    async def _ask_token(
        self, operation: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> Token:
        """Ask the token endpoint; a second token is harmless, so it is a read."""
        declared = self._target.spec.operations[operation]
        url = self._egress.base(declared) + declared.path
        sending = Sending(declared.method, url, headers=headers, form=form)
        call = _Call(self._egress.rates(declared), Effect.READ, sending)
        try:
            received = await self._attempts(call)
        except Refused:
            # RFC 6749 section 5.2 answers 400 to wrong client credentials.
            received = None
        if received is None:
            raise CredentialsRefused("token_refused")
        return Answer(operation, Effect.READ, received).parse(Token)


def open_api(
    target: Target,
    secrets: Secrets,
    gate: SendGate,
    *,
    sleep: Sleep = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
    names: NameServer | None = None,
) -> Api:
    """
    Open one account's API; the caller closes it (`async with`).

    *sleep*, *clock* and *names* are given by tests, which wait for nothing and ask no
    name server.
    """
    return Api(target, secrets, gate, sleep=sleep, clock=clock, names=names)


def _wait(state: RetryCallState) -> float:
    """Wait as long as the processor asked, else twice as long each time."""
    verdict = _last_verdict(state)
    if isinstance(verdict, Again) and verdict.after is not None:
        return verdict.after
    return min(SHORT, _FIRST_WAIT * 2.0 ** (state.attempt_number - 1))


def _last_verdict(state: RetryCallState) -> Verdict:
    if state.outcome is None:
        return Again("not_tried")
    verdict: Verdict = state.outcome.result()
    return verdict


__all__ = [
    "AddressRefused", "Answer", "AnswerLost", "Api", "ContractChanged",
    "CredentialsRefused", "EgressRefused", "LeaseLost", "ProcessorError", "Refused",
    "Secrets", "SendGate", "Target", "TryLater", "WrongPerson", "open_api",
]  # fmt: skip
