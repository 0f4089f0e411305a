"""
What an answer, or its absence, means for the caller.

The table of the shell: which failures are repeated within seconds, which are told as
`TryLater`, and which leave a write in the dark.  Pure, so that it is tested as a
table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import assert_never

from connectors.errors import (
    AccessRefused,
    AddressRefused,
    AnswerLost,
    ContractChanged,
    CredentialsRefused,
    ProcessorError,
    Refused,
    TryLater,
)
from connectors.transport.wire import Fate, NoAnswer, Received
from schemas.connecting import Effect

# The longest a call waits for a processor; longer waits are state, with a time shown.
SHORT = 5.0
# The longest that an account is held by a processor's word.
LONGEST = 24 * 3600.0

_FORBIDDEN = 403
_UNAVAILABLE = 503
_GOOD = range(200, 300)
_CLIENT = range(400, 500)
_TROUBLE = range(500, 600)


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing happened there: repeat after so many seconds (`None`: by backoff)."""

    cause: str
    after: float | None = None

    def given_up(self) -> TryLater:
        """Say it to the caller when there are no tries left."""
        after = None if self.after is None else timedelta(seconds=self.after)
        return TryLater(self.cause, after)


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """The credentials were refused; nothing happened there."""


Verdict = Received | Again | Unauthorised | ProcessorError


def judge(
    effect: Effect, outcome: Received | NoAnswer, accept: Collection[int] = ()
) -> Verdict:
    """Decide what follows from one physical send."""
    match outcome:
        case NoAnswer(fate=Fate.NOT_SENT, cause=cause):
            return Again(cause)
        case NoAnswer(fate=Fate.FORBIDDEN, cause=cause):
            return AddressRefused(cause)
        case NoAnswer(cause=cause) if effect is Effect.WRITE:
            return AnswerLost(cause)
        case NoAnswer(fate=Fate.UNUSABLE, cause=cause):
            return ContractChanged(cause)
        case NoAnswer(cause=cause):
            return Again(cause)
        case Received():
            return _judge_status(effect, outcome, accept)


def _judge_status(effect: Effect, answer: Received, accept: Collection[int]) -> Verdict:
    status = answer.status
    if status in accept or status in _GOOD:
        return answer
    if status in _TROUBLE:
        return _judge_trouble(effect, answer)
    match status:
        case 401:
            return Unauthorised()
        case 429:
            return Again("throttled", retry_after(answer.headers))
        case _:
            return _judge_refusal(status)


def _judge_refusal(status: int) -> ProcessorError:
    if status == _FORBIDDEN:
        return AccessRefused("forbidden")
    if status in _CLIENT:
        return Refused(status)
    return ContractChanged("redirected")


def _judge_trouble(effect: Effect, answer: Received) -> Verdict:
    """Trust a 503 that nothing was done; any other 5xx says nothing of a write."""
    wait = retry_after(answer.headers)
    if answer.status == _UNAVAILABLE and (effect is Effect.READ or wait is not None):
        return Again("unavailable", wait)
    if answer.status == _UNAVAILABLE:
        return TryLater("unavailable")
    if effect is Effect.WRITE:
        return AnswerLost("server_error")
    return Again("server_error")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Read Retry-After in seconds (RFC 9110 section 10.2.3).

    A date is measured against the answer's own Date, so that our clock and theirs
    need not agree; without one it says nothing.  Whoever asks for more than a day is
    asked again after one: a slip there must not stop an account here for years.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(LONGEST, float(value))
    try:
        until = parsedate_to_datetime(value)
        told_at = parsedate_to_datetime(headers.get("date", ""))
        return min(LONGEST, max(0.0, (until - told_at).total_seconds()))
    except (TypeError, ValueError, OverflowError):
        return None


def is_short(verdict: Verdict) -> bool:
    """Say whether a repeat within seconds may help."""
    if not isinstance(verdict, Again):
        return False
    return verdict.after is None or verdict.after <= SHORT


def as_error(verdict: Verdict) -> ProcessorError:
    """Return what a verdict that is no usable answer means to the connector."""
    match verdict:
        case Again():
            return verdict.given_up()
        case Unauthorised():
            return CredentialsRefused("unauthorised")
        case ProcessorError():
            return verdict
        case Received():
            return ContractChanged("unexpected_answer")
        case _:
            assert_never(verdict)
