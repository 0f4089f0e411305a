"""
The HTTP part of the shell around a connector.

A connector names a declared operation; everything else is decided here: the path
is filled with URL-encoded values, credentials are added, rate windows and the
account's lease are passed immediately before each send, redirects are refused, size
and time are capped, and what went wrong becomes one of a few errors without a word
of the processor's body in it (connectors/errors.py draws their tree).
"""

from __future__ import annotations

import asyncio
import string
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from collections.abc import Sequence as Seq
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt

from connectors.answer import Answer
from connectors.credentials import Credentials, Keyring, Secrets, Token, secret_of
from connectors.errors import (
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
from connectors.verdicts import (
    SHORT,
    Again,
    Unauthorised,
    Verdict,
    as_error,
    is_short,
    judge,
)
from connectors.wire import NoAnswer, Received, Sending, StreamBroken, Wire
from schemas.connecting import ConnectorSpec, Deed, Effect, Mode, Operation, Rate

Declared = TypeVar("Declared", Operation, Deed)
Query = Mapping[str, str] | Seq[tuple[str, str]]
Sleep = Callable[[float], Awaitable[None]]

ANSWERED_WRITES: ContextVar[list[str] | None] = ContextVar(
    "answered_writes", default=None
)
"""The writes that were answered since the caller put a list there."""

_TRIES = 3
_FIRST_WAIT = 0.25


class SendGate(Protocol):
    """What must hold immediately before each send; given by the orchestrator."""

    async def before_send(self, rates: Seq[Rate], effect: Effect) -> None:
        """Wait for every rate window, then check the lease; raises `LeaseLost`."""

    def hold_until_after(self, seconds: float) -> None:
        """Let nobody send to this account before, as Retry-After asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an account's requests go and how far they may."""

    spec: ConnectorSpec
    bases: Mapping[str, str]  # "base_url" and whatever operations name
    mode: Mode
    allow_http: bool = False
    max_answer_bytes: int = 32 * 1024 * 1024
    max_download_bytes: int = 1024 * 1024 * 1024
    # plain values of the account's options that credentials name (the OAuth scope)
    settings: Mapping[str, str] = field(default_factory=dict)


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
    ) -> None:
        self._target = target
        self._secrets = secrets
        self._gate = gate
        self._sleep = sleep
        self._connections = asyncio.Semaphore(target.spec.concurrency)
        self._wire = Wire(
            timeout=target.spec.timeout.total_seconds(),
            max_bytes=target.max_answer_bytes,
            # Downloads come on top: a connector may call while one is going on.
            connections=2 * target.spec.concurrency,
        )
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
        declared = self._declared(operation)
        url = self._base(declared) + _filled(declared.path, path or {})
        call = _Call(
            self._rates(declared),
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

    async def download(self, operation: str, url: str) -> AsyncIterator[bytes]:
        """
        Stream a declared download: another host, https, without our credentials.

        Nothing is retried: the caller has written what already came.
        """
        declared = self._declared(operation)
        if declared.effect is not Effect.READ:
            raise EgressRefused("download_is_not_a_read")
        self._check_scheme(url)
        await self._gate.before_send(self._rates(declared), Effect.READ)
        left = self._target.max_download_bytes
        broken: NoAnswer | None = None
        try:
            async for piece in self._wire.stream(Sending("GET", url)):
                if isinstance(piece, Received):
                    self._check_download(piece)
                    continue
                left -= len(piece)
                if left < 0:
                    raise ContractChanged("download_too_large")
                yield piece
        except StreamBroken as error:
            broken = error.no_answer
        if broken is not None:
            raise as_error(judge(Effect.READ, broken))

    @asynccontextmanager
    async def guard(self, deed: str) -> AsyncIterator[None]:
        """
        Let one declared deed without HTTP be done inside the block, and nothing after.

        Passes what a request passes: the mode, the rate windows, then the lease.
        """
        declared = self._allowed(self._target.spec.deeds.get(deed))
        async with self._connections:
            await self._gate.before_send(self._rates(declared), declared.effect)
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

    def _check_download(self, head: Received) -> None:
        """Refuse an answer that is not the file; a signed URL has no credentials."""
        verdict = judge(Effect.READ, head)
        self._heed(verdict)
        if isinstance(verdict, Unauthorised | CredentialsRefused):
            raise Refused(head.status)
        if not isinstance(verdict, Received):
            raise as_error(verdict)

    # --- what may leave -----------------------------------------------------------

    def _declared(self, name: str) -> Operation:
        return self._allowed(self._target.spec.operations.get(name))

    def _allowed(self, declared: Declared | None) -> Declared:
        """Refuse what is not declared, and what the account's mode forbids."""
        if declared is None:
            raise EgressRefused("operation_not_declared")
        if self._target.mode is Mode.OFF:
            raise EgressRefused("account_is_off")
        if declared.effect is Effect.WRITE and self._target.mode is not Mode.LIVE:
            raise EgressRefused("dry_run")
        return declared

    def _base(self, operation: Operation) -> str:
        base = self._target.bases.get(operation.base)
        if base is None and operation.base == "base_url":
            base = self._target.spec.base_url
        if base is None:
            raise EgressRefused("base_url_not_set")
        self._check_scheme(base)
        return base.rstrip("/")

    def _check_scheme(self, url: str) -> None:
        allowed = ("https", "http") if self._target.allow_http else ("https",)
        parts = urlsplit(url)
        if parts.scheme not in allowed:
            raise EgressRefused("https_only")
        if not parts.hostname or "@" in parts.netloc:
            raise EgressRefused("url_not_plain")

    def _rates(self, operation: Operation | Deed) -> Seq[Rate]:
        spec = self._target.spec
        return spec.rates if operation.rates is None else operation.rates

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
        headers = {**call.sending.headers, **credentials}
        sending = replace(call.sending, headers=headers)
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
        url = self._base(declared) + declared.path
        sending = Sending(declared.method, url, headers=headers, form=form)
        call = _Call(self._rates(declared), Effect.READ, sending)
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
) -> Api:
    """
    Open one account's API; the caller closes it (`async with`).

    *sleep* and *clock* are given by tests, which wait for nothing.
    """
    return Api(target, secrets, gate, sleep=sleep, clock=clock)


def _filled(template: str, values: Mapping[str, str]) -> str:
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
    "Answer", "AnswerLost", "Api", "ContractChanged", "CredentialsRefused",
    "EgressRefused", "LeaseLost", "ProcessorError", "Refused", "Secrets", "SendGate",
    "Target", "TryLater", "WrongPerson", "open_api",
]  # fmt: skip
