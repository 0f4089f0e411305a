"""
The data of `privacy.request.submitted.v1`: a verified person invokes rights.

The producer's contract is closed: members it does not name are refused before they
are sent.  The consumer is tolerant (`schemas.intake`), except inside `scope`, where
an unknown limit that is ignored would erase more than was asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas import connecting
from schemas.connecting import CUSTOMER_ID, IdentifierType
from schemas.fields import Closed, Instant, Jurisdiction, SafeId, Slug, TypeName
from schemas.identifiers import NotOfItsTypeError, normalised

MAX_IDENTIFIERS = 50


class Right(StrEnum):
    """The rights that the law names (GDPR Art 7(3), 15-18, 20, 21)."""

    ERASURE = "erasure"
    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    CONSENT_WITHDRAWAL = "consent_withdrawal"


SUPPORTED_RIGHTS = frozenset({Right.ERASURE, Right.ACCESS, Right.PORTABILITY})


class Channel(StrEnum):
    """How the person reached the controller."""

    WEB = "web"
    APP = "app"
    EMAIL = "email"
    PHONE = "phone"
    LETTER = "letter"
    STORE = "store"
    AGENT = "agent"
    AUTHORITY = "authority"


class VerificationMethod(StrEnum):
    """How the portal made sure of the person; closed, because receipts print it."""

    LOGIN = "login"
    EMAIL_LINK = "email_link"
    PHONE_CODE = "phone_code"
    SECURITY_QUESTIONS = "security_questions"
    ELECTRONIC_ID = "electronic_id"
    DOCUMENT = "document"
    IN_PERSON = "in_person"
    AGENT_MANDATE = "agent_mandate"


class VerificationLevel(StrEnum):
    """How sure the portal is, in the levels of Regulation (EU) 910/2014 Art 8."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    def reaches(self, minimum: VerificationLevel) -> bool:
        """Whether this level is at least *minimum*."""
        order = list(VerificationLevel)
        return order.index(self) >= order.index(minimum)


def _supported(right: Right) -> Right:
    """Refuse a known right that this version does not carry out."""
    if right not in SUPPORTED_RIGHTS:
        raise PydanticCustomError("right_not_supported", "a right not supported")
    return right


def _each_once(rights: tuple[Right, ...]) -> tuple[Right, ...]:
    """Refuse a right named twice, and put the set in one order."""
    if len(set(rights)) != len(rights):
        raise PydanticCustomError("invalid_value", "a right named twice")
    return tuple(sorted(rights))


SupportedRight = Annotated[
    Right,
    AfterValidator(_supported),
    Field(json_schema_extra={"enum": sorted(SUPPORTED_RIGHTS)}),
]


def _normalise(type_: str, value: str) -> str:
    """Bring an identifier to the one spelling that connectors search by."""
    try:
        return normalised(type_, value)
    except NotOfItsTypeError:
        # Raised below: what stands behind a rejection must not quote the value.
        pass
    raise PydanticCustomError("invalid_identifier", "not of its type")


class SubjectIdentifier(Closed):
    """One identifier whose ownership was verified, or that the portal itself keeps."""

    type: TypeName = Field(
        description="email, phone, customer_id, or a processor's own as vendor.name."
    )
    value: str = Field(
        min_length=1,
        max_length=256,
        repr=False,
        description="E-mail addresses are trimmed and lower-cased; telephone numbers"
        " are E.164, for example +33199000101.",
    )

    @field_validator("value")
    @classmethod
    def _normalised(cls, value: str, info: ValidationInfo) -> str:
        """Keep the one spelling; a value of a refused type is left alone."""
        type_ = info.data.get("type")
        return value if type_ is None else _normalise(type_, value)


CustomerId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    AfterValidator(lambda value: _normalise(CUSTOMER_ID, value)),
]


class Subject(Closed):
    """Who the person is; an object of its own, so that it can travel sealed later."""

    customer_id: CustomerId | None = Field(
        default=None,
        repr=False,
        description="The portal's stable customer id, where there is one.",
    )
    identifiers: tuple[SubjectIdentifier, ...] = Field(
        default=(),
        max_length=MAX_IDENTIFIERS,
        repr=False,
        description=f"At most {MAX_IDENTIFIERS} identifiers of this one person.",
    )

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        """Refuse a subject that nobody could look for."""
        if self.customer_id is None and not self.identifiers:
            raise PydanticCustomError("no_identifier", "nobody to look for")
        return self

    def known(self) -> tuple[connecting.Identifier, ...]:
        """All identifiers as connectors take them, each once, in a stable order."""
        own = () if self.customer_id is None else ((CUSTOMER_ID, self.customer_id),)
        given = ((IdentifierType(i.type), i.value) for i in self.identifiers)
        return tuple(
            connecting.Identifier(type_, value)
            for type_, value in dict.fromkeys((*own, *given))
        )


class Verification(Closed):
    """That the person is who they say, as the portal found out."""

    method: VerificationMethod = Field(description="How identity was verified.")
    level: VerificationLevel = Field(description="How sure that made the portal.")
    verified_at: Instant = Field(
        description="RFC 3339 time, with offset, of the verification."
    )


class Scope(Closed):
    """A narrower wish: only these accounts, only these classes of record."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    accounts: tuple[Slug, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Accounts of the register; left out, all of them.",
    )
    record_classes: tuple[Slug, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Record classes of the register; left out, all of them.",
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        """Refuse a scope without a limit: its author meant one."""
        if self.accounts is None and self.record_classes is None:
            raise PydanticCustomError("invalid_value", "a scope without a limit")
        return self


class PrivacyRequest(Closed):
    """A verified person invokes one or several rights towards a controller."""

    TYPE: ClassVar = "privacy.request.submitted.v1"

    request_id: SafeId = Field(
        description="A UUID or another opaque name (letters, digits, . _ -; at most 64)"
        " that says nothing of the person. The same id always means the same content."
    )
    controller: Slug = Field(
        description="The register's name of the legal entity that answers."
    )
    rights: Annotated[tuple[SupportedRight, ...], AfterValidator(_each_once)] = Field(
        min_length=1,
        description="One or several of erasure, access and portability, each once.",
        json_schema_extra={"uniqueItems": True},
    )
    received_at: Instant = Field(
        description="RFC 3339 time, with offset, at which the controller received the"
        " request through any channel: the clock of the law starts here."
    )
    channel: Channel = Field(description="How the request reached the controller.")
    jurisdiction: Jurisdiction
    locale: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
        ),
    ] = Field(description="The person's language in BCP 47, for example fr-FR.")
    subject: Subject = Field(repr=False, description="The person.")
    verification: Verification = Field(description="How identity was verified.")
    scope: Scope | None = Field(
        default=None,
        description="What the request is limited to; left out or null, nothing.",
    )
    dry_run: bool = Field(
        default=False,
        description="Search and count only: nothing is copied, changed or told.",
    )
    test: bool = Field(
        default=False,
        description="An invented person: only sandbox accounts are asked.",
    )
