"""
Whether a request that keeps the contract may open a case under its controller's plan.

What only the register or the clock can tell; the contract itself is `schemas.intake`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.core.plan import Plan
from orchestrator.core.words import Level, Right
from schemas.intake import SubmittedRequest
from schemas.rejections import Rejection, RejectionCode

# Clocks differ by seconds.  A later receipt would move the deadline, unnoticed.
CLOCK_SKEW = timedelta(minutes=5)


def admitted(
    submitted: SubmittedRequest, plan: Plan | None, now: datetime
) -> Plan | Rejection:
    """Return the plan to open a case under, or why there will be none."""
    request = submitted.request
    if plan is None:
        return submitted.reject(RejectionCode.UNKNOWN_CONTROLLER, "/controller")
    if request.received_at > now + CLOCK_SKEW:
        rule = "A request was received before it is published, not later."
        return submitted.reject(RejectionCode.INVALID_VALUE, "/received_at", rule)
    if request.verification.verified_at > now + CLOCK_SKEW:
        pointer = "/verification/verified_at"
        return submitted.reject(RejectionCode.NOT_VERIFIED, pointer)
    level = Level(request.verification.level.value)
    demanded = [plan.demanded_level(Right(right.value)) for right in request.rights]
    if not all(level.is_at_least(one) for one in demanded):
        pointer = "/verification/level"
        return submitted.reject(RejectionCode.VERIFICATION_TOO_LOW, pointer)
    named = (request.scope.accounts or ()) if request.scope else ()
    if not {account.id for account in plan.accounts}.issuperset(named):
        return submitted.reject(RejectionCode.UNKNOWN_ACCOUNT, "/scope/accounts")
    return plan
