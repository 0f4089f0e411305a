"""
What a fake processor can be told to do wrong.

A fault names an operation (or all of them), how often it strikes and how.  The
frame asks `Faults.strike` once for every request.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum
from threading import Lock

from pydantic import BaseModel, ConfigDict


class FaultKind(StrEnum):
    """One way a processor misbehaves."""

    THROTTLE = "throttle"  # 429 with Retry-After, nothing done
    BUSY = "busy"  # 503 with Retry-After, nothing done
    FAIL = "fail"  # 500, nothing done
    FAIL_AFTER = "fail_after"  # done, then 500
    LOSE_ANSWER = "lose_answer"  # done, then the connection is cut
    TRUNCATE = "truncate"  # done, then half of the answer and the connection is cut
    GARBAGE = "garbage"  # done, then 200 with a body that means nothing
    STALL = "stall"  # nothing done, no answer until released or disconnected
    STALL_AFTER = "stall_after"  # done, no answer until released or disconnected
    LIE = "lie"  # says done without doing it
    DIE = "die"  # 503 without Retry-After, nothing done
    UNAUTHORISED = "unauthorised"  # 401 whatever the credentials
    FORBIDDEN = "forbidden"  # 403 whatever the credentials
    REDIRECT = "redirect"  # 307 to another host, nothing done


class Fault(BaseModel):
    """
    A misbehaviour and when it strikes.

    It strikes the first `times` matching requests after `skip` have passed (`None`:
    until cleared), each with `probability`.  `operation` is the name the connector's
    spec gives it; `None` matches every one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    operation: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    retry_after: str | None = "1"


class _Armed:
    """One fault and how often it met a matching request."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._passed = 0
        self._struck = 0

    def is_spent(self) -> bool:
        """Say whether it has struck as often as it may."""
        return self.fault.times is not None and self._struck >= self.fault.times

    def strikes(self, operation: str) -> bool:
        """Say whether it strikes this request, and count that."""
        if self.fault.operation not in (None, operation) or self.is_spent():
            return False
        if self._passed < self.fault.skip:
            self._passed += 1
            return False
        # A fake's dice, not a secret.
        if random.random() >= self.fault.probability:  # noqa: S311
            return False
        self._struck += 1
        return True


class Faults:
    """The faults in force, counted down as they strike; safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: list[_Armed] = []

    def add(self, *faults: Fault) -> None:
        """Put more faults in force behind those already there."""
        with self._lock:
            self._pending += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """End every fault."""
        with self._lock:
            self._pending = []

    def strike(self, operation: str) -> Fault | None:
        """Return the fault that strikes this request, and count it."""
        with self._lock:
            for armed in self._pending:
                if armed.strikes(operation):
                    return armed.fault
            return None

    def listed(self) -> Sequence[Fault]:
        """Return the faults that can still strike."""
        with self._lock:
            return [armed.fault for armed in self._pending if not armed.is_spent()]
