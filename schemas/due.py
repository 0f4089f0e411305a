"""Until when a receipt says that the law wanted the answer, and what moved that."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.fields import Code, Produced, UtcInstant


class Due(Produced):
    """
    Until when the law wants an answer, and how that was computed.

    A doubt about who asks moves nothing here; both its moments are told, since a law
    may leave them out of the count.
    """

    due_at: UtcInstant
    rule: Code = Field(
        description="The rule with its version, for example eu-1182-71.1."
    )
    calendar: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]{1,64}$")] | None
    ) = Field(
        default=None, description="The calendar of public holidays, with its version."
    )
    time_zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
    extended_because: Code | None = Field(
        default=None, description="Why the deadline was moved: complexity or number."
    )
    extended_at: UtcInstant | None = Field(
        default=None, description="When it was moved, which is before the first one."
    )
    identity_asked_at: UtcInstant | None = Field(
        default=None, description="When the person was asked who they are."
    )
    identity_received_at: UtcInstant | None = Field(
        default=None, description="When they had shown it."
    )
