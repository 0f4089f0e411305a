"""What the portal hears when it says more of a request, or asks for the same again."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from schemas.fields import Instant, Produced, SafeId, Slug, TypeName
from schemas.of_case import OfCase

# Never change: portals subscribe to these names.
CASE_AMENDED: Final = "privacy.case.amended.v1"
CASE_ATTACHED: Final = "privacy.case.attached.v1"

PassedOverBecause = Literal[
    "already_dispatched", "copy_sealed", "copy_under_way", "search_closed"
]


class CaseAttached(OfCase):
    """The same was asked before: this request is answered together with that case."""

    TYPE: ClassVar = CASE_ATTACHED

    to_case: SafeId = Field(description="The case that answers both.")
    due_at: Instant = Field(description="This request's own deadline, which stays.")


class AccountPassedOver(Produced):
    """An account that will not be asked about identifiers that came later."""

    account: Slug = Field(description="The account, as the register names it.")
    code: PassedOverBecause = Field(
        description="`already_dispatched`: something irreversible was asked there, or a"
        " person ended it; `copy_sealed`: the copy is made; `copy_under_way`: it is"
        " being made there; `search_closed`: a person or a job has the search."
    )


class CaseAmended(OfCase):
    """Identifiers that the portal sent later were taken, and what follows from them."""

    TYPE: ClassVar = CASE_AMENDED

    event_id: Annotated[str, StringConstraints(max_length=128)] = Field(
        description="ce_id of the amendment."
    )
    identifier_types: tuple[TypeName, ...] = Field(
        description="Types of which a value is new; none if all were known."
    )
    accounts: tuple[Slug, ...] = Field(
        description="Where the person is searched for, or told of, with them."
    )
    passed_over: tuple[AccountPassedOver, ...] = Field(
        default=(), description="Where they come too late: recorded, not obeyed."
    )
