"""
The data of `privacy.request.withdrawn.v1`: a request is not wanted any more.

It names the request and nobody: whoever sends it needs no identifier of the person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.fields import Closed, SafeId
from schemas.naming import is_uuid
from schemas.rejections import Rejection, RejectionCode, reject


class WithdrawalReason(StrEnum):
    """Why a request is withdrawn."""

    BY_PERSON = "by_person"
    """The person does not want it any more."""
    DUPLICATE = "duplicate"
    """The same wish is carried out under another request."""
    SENT_IN_ERROR = "sent_in_error"
    """The portal should not have sent it."""


class RequestWithdrawal(Closed):
    """A request is withdrawn: what has not begun is left, what can stop is stopped."""

    TYPE: ClassVar = "privacy.request.withdrawn.v1"

    request_id: SafeId = Field(description="The request, as it was submitted.")
    reason: WithdrawalReason = Field(
        default=WithdrawalReason.BY_PERSON,
        description="by_person (unless said otherwise), duplicate or sent_in_error.",
    )


@dataclass(frozen=True, slots=True)
class WithdrawnRequest:
    """A withdrawal that keeps the contract, and the names under which it came."""

    source: str
    event_id: str
    withdrawal: RequestWithdrawal

    @property
    def request_id(self) -> str:
        """The request that is withdrawn."""
        return self.withdrawal.request_id

    def reject(self, code: RejectionCode, *, is_known: bool) -> Rejection:
        """
        Reject it for what only the earlier requests can tell.

        Of a request that nobody knows, only names are repeated that cannot give a
        person away: there is nothing to compare the others with.
        """
        names = (self.request_id, self.source, self.event_id)
        harmless = [one if is_known or is_uuid(one) else None for one in names]
        request_id, source, event_id = harmless
        return replace(
            reject(code, "/request_id"),
            request_id=request_id,
            source=source,
            event_id=event_id,
        )
