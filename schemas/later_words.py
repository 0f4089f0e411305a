"""
What the portal says of a request later: more identifiers, and what reached the person.

`privacy.request.amended.v1`, `privacy.person.informed.v1` and
`privacy.export.collected.v1`; a withdrawal is in `schemas.withdrawals`.  Only an
amendment identifies anybody, and nothing of it but its types leaves the vault.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import Closed, Instant, SafeId, Sha256
from schemas.naming import is_uuid
from schemas.people import Identifier, IdentifierType
from schemas.rejections import Rejection, RejectionCode, reject
from schemas.requests import (
    MAX_IDENTIFIERS,
    Channel,
    SubjectIdentifier,
    Verification,
)


class RequestAmendment(Closed):
    """
    More identifiers of the person whose request is being carried out.

    It adds and never removes; it widens no right and no scope: members that it does
    not name are refused on the topic too, for a wish that is ignored would be lost.
    """

    TYPE: ClassVar = "privacy.request.amended.v1"

    request_id: SafeId = Field(description="The request, as it was submitted.")
    identifiers: tuple[SubjectIdentifier, ...] = Field(
        min_length=1,
        max_length=MAX_IDENTIFIERS,
        repr=False,
        description="Identifiers to add, each verified or kept by the portal itself.",
    )
    verification: Verification = Field(
        description="How it was verified that these identifiers are the person's."
    )

    def added(self) -> tuple[Identifier, ...]:
        """Return the identifiers as connectors take them, each once."""
        given = ((IdentifierType(i.type), i.value) for i in self.identifiers)
        return tuple(Identifier(type_, value) for type_, value in dict.fromkeys(given))


class NoticeTo(StrEnum):
    """A notice that the person is given before the answer."""

    EXTENSION = "extension"
    """The answer takes longer (`privacy.notice.ready.v1`)."""
    IDENTITY = "identity"
    """Who are you? (`privacy.notice.ready.v1`)"""
    REFUSAL = "refusal"
    """Why nothing, or not all, is done (`privacy.case.refused.v1`)."""


class PersonInforming(Closed):
    """A notice or a statement has reached the person."""

    TYPE: ClassVar = "privacy.person.informed.v1"

    request_id: SafeId = Field(description="The request, as it was submitted.")
    statement: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="The number of the statement that the person was told, as"
        " privacy.receipt.issued.v1 has it; either this or `notice`.",
    )
    notice: NoticeTo | None = Field(
        default=None,
        description="extension, identity or refusal; either this or `statement`.",
    )
    channel: Channel = Field(description="How the person was told.")
    informed_at: Instant = Field(
        description="RFC 3339 time, with offset, at which it reached the person."
    )

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> Self:
        """Refuse a word about nothing, or about two things."""
        if (self.statement is None) is (self.notice is None):
            raise PydanticCustomError("invalid_value", "one of statement and notice")
        return self


class ExportCollection(Closed):
    """The portal, or the person, has the copy."""

    TYPE: ClassVar = "privacy.export.collected.v1"

    request_id: SafeId = Field(description="The request, as it was submitted.")
    sha256: Sha256 = Field(
        description="Which copy, by its digest in privacy.export.ready.v1."
    )
    collected_at: Instant = Field(
        description="RFC 3339 time, with offset, at which it was collected."
    )


Said = RequestAmendment | PersonInforming | ExportCollection
LATER_TYPES = {
    model.TYPE: model for model in (RequestAmendment, PersonInforming, ExportCollection)
}


@dataclass(frozen=True, slots=True)
class LaterWord:
    """A later word that keeps the contract, and the names under which it came."""

    source: str
    event_id: str
    said: Said = field(repr=False)

    @property
    def request_id(self) -> str:
        """The request that it is about."""
        return self.said.request_id

    def reject(
        self,
        code: RejectionCode,
        pointer: str = "/request_id",
        rule: str | None = None,
        *,
        is_known: bool = True,
    ) -> Rejection:
        """
        Reject it for what only the case can tell.

        Of a request that nobody knows, only random names are repeated: there is
        nothing to compare the others with.
        """
        names = (self.request_id, self.source, self.event_id)
        harmless = [one if is_known or is_uuid(one) else None for one in names]
        request_id, source, event_id = harmless
        return replace(
            reject(code, pointer, rule),
            request_id=request_id,
            source=source,
            event_id=event_id,
        )
