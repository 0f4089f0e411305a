"""
The payload of a receipt: what was asked, done, kept and is still owed, in codes.

It proves an erasure without becoming a new file about the person: it holds no name,
no identifier, no reference of a processor and no exact small count (EDPB coordinated
action on erasure, adopted 2026-02-10; GDPR Art 5(2)).  It is language-free: a page or
a PDF is a rendering of it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.case_events import OutcomeKind, Result, StatementKind
from schemas.connecting import Action, Evidence
from schemas.counts import CountBucket
from schemas.decided import Ruled, ScopeNamed
from schemas.due import Due
from schemas.fields import (
    Code,
    Jurisdiction,
    Produced,
    SafeId,
    Sha256,
    Slug,
    TypeName,
    UtcInstant,
)
from schemas.kept_fields import KeptField
from schemas.limits import Limit
from schemas.recipients import NO_ACCOUNT, Label, RecipientHeard
from schemas.requests import (
    Channel,
    SupportedRight,
    VerificationLevel,
    VerificationMethod,
)
from schemas.retained import RetainedClass
from schemas.stopped import Stopped
from schemas.strict_json import StrictJsonError, canonical_json, parse_json
from schemas.told import Told

# Never change: these stand inside what was signed.
RECEIPT_MEDIA_TYPE: Final = "application/vnd.erasure.receipt.v1+json"
TEST_RECEIPT_MEDIA_TYPE: Final = "application/vnd.erasure.test-receipt.v1+json"
RECEIPT_SCHEMA_VERSION: Final = "1"
RECEIPT_SEALED: Final = "privacy.receipt.sealed.v1"

# An action ended as the person may expect; anything else leaves the case partial.
FULFILLED: Final = frozenset(
    {"done", "nothing_found", "retained", "exported", "notified", "found"}
)

# Something is different at the recipient, or it was told.
CHANGED: Final = frozenset({"done", "notified"})

LineOutcome = Literal[OutcomeKind, "open"]
StatementResult = Literal[Result, "open"]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=300)]


_BASE64 = r"^[A-Za-z0-9+/]+={0,2}$"


class Owed(StrEnum):
    """What is still to happen after this statement."""

    OPEN_TASK = "open_task"
    OPEN_JOB = "open_job"
    LOOK = "look"
    ERASE_AFTER_RETENTION = "erase_after_retention"
    LOOK_AGAIN = "look_again"
    READ_BACK = "read_back"


class ControllerNamed(Produced):
    """Who answers to the person."""

    id: Slug
    legal_name: Label
    dpo_contact: Label


class Times(Produced):
    """When what happened, in UTC."""

    received_at: UtcInstant = Field(description="By the controller, on any channel.")
    verified_at: UtcInstant
    opened_at: UtcInstant
    first_instruction_at: UtcInstant | None = Field(
        default=None, description="The first request to a recipient left."
    )
    withdrawn_at: UtcInstant | None = Field(
        default=None, description="The request was withdrawn; what could stop, stopped."
    )
    answered_at: UtcInstant | None = Field(
        default=None, description="Absent from an interim statement."
    )
    signed_at: UtcInstant = Field(
        description="This statement was made and signed; of a final one the answer."
    )


class IdentityVerified(Produced):
    """How the portal made sure of the person; no document, no address."""

    method: VerificationMethod
    level: VerificationLevel


class RecipientNamed(Produced):
    """The organisation behind a line."""

    legal_name: Label
    role: Literal["processor", "joint", "independent"]


class Line(Produced):
    """What one account was asked to do, and how well its end is proven."""

    recipient: RecipientNamed
    account: Slug
    connector: Code
    connector_version: Code
    action: Action
    identifier_types: tuple[TypeName, ...] = Field(
        description="Which kinds of identifier it was asked with; never a value."
    )
    record_classes: tuple[Code, ...] = ()
    outcome: LineOutcome = Field(
        description="How it ended; `open` in an interim statement, where it has not."
    )
    method: Code | None = Field(
        default=None, description="How it was done: deleted, redacted, …"
    )
    evidence: Evidence | None = Field(
        default=None,
        description="E0 sent, E1 accepted, E2 the recipient says done, E3 signed by it,"
        " E4 read back and gone, M attested by a person.",
    )
    evidence_demanded: Evidence | None = Field(
        default=None,
        description="The grade that the register demands, where less was reached.",
    )
    answer_sha256: Sha256 | None = Field(
        default=None, description="Of the answer with which a recipient was told."
    )
    evidence_sha256: Sha256 | None = Field(
        default=None,
        description="Of the file that a person brought as evidence, where one did.",
    )
    count: CountBucket | None = Field(default=None, description="Records concerned.")
    suppressed: Literal[True] | None = Field(
        default=None,
        description="The erasure left an entry on the recipient's own list of whom it"
        " keeps out; never the value.  Absent where it did not, or nobody can say.",
    )
    reasons: tuple[Code, ...] = ()
    retained: tuple[RetainedClass, ...] = ()
    was_kept: tuple[RetainedClass, ...] | None = Field(
        default=None,
        description="In a supplement: what a law kept until then, which this line is"
        " about.",
    )
    left_alone: tuple[Code, ...] | None = Field(
        default=None, description="Record classes whose erasure was refused."
    )
    use: Stopped | None = Field(
        default=None,
        description="Of what the erasure left there (refused, or failed): by which"
        " means its use has stopped, if by any, where a law lets it only be stored"
        " (PIPL Art 47) or somebody said so.",
    )
    asked_at: UtcInstant | None = Field(
        default=None, description="When the first call to the recipient began."
    )
    settled_at: UtcInstant | None = Field(
        default=None, description="Absent while the line is open."
    )
    expected_by: UtcInstant | None = Field(
        default=None,
        description="By when an open line should end; absent where nobody can say.",
    )
    attempts: Annotated[int, Field(ge=0)] = Field(description="Calls made.")

    @property
    def is_fulfilled(self) -> bool:
        """Whether the line ended as the person may expect."""
        return self.settled_at is not None and self.outcome in FULFILLED


class ExportMade(Produced):
    """The person's copy: its digest, and until when it can be fetched."""

    sha256: Sha256
    expires_at: UtcInstant
    collected_at: UtcInstant | None = Field(
        default=None, description="As the portal says."
    )


class StillOwed(Produced):
    """One thing that follows this statement."""

    what: Owed
    account: Slug
    action: Action
    record_class: Code | None = None
    due_on: date | None = None
    fields: tuple[KeptField, ...] | None = Field(
        default=None,
        description="Of what a law keeps: the kinds of data that it needs until then.",
    )
    identifier_types: tuple[TypeName, ...] | None = Field(
        default=None,
        description="Of a read-back: which kinds of identifier are kept sealed for it.",
    )
    kept_until: UtcInstant | None = Field(
        default=None, description="And when they are destroyed, come what may."
    )


class Receipt(Produced):
    """A numbered statement of a case, to be signed."""

    schema_version: Literal["1"] = RECEIPT_SCHEMA_VERSION
    statement_id: SafeId
    number: Annotated[int, Field(ge=1)] = Field(description="Within the case, from 1.")
    rehearsal: tuple[Literal["dry_run", "test"], ...] | None = Field(
        default=None,
        description="Present where nothing was done for real; the payload type is"
        " another one then, and so is the key.",
    )
    kind: StatementKind
    supersedes: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="The number of the statement that this one replaces; a supplement"
        " replaces none.",
    )
    result: StatementResult = Field(
        description="`complete` only if no line is open or kept; `open` in an interim "
        "statement, and only there; of a supplement it is said of its own lines."
    )
    controller: ControllerNamed
    request_id: SafeId
    case_id: SafeId
    rights: tuple[SupportedRight, ...] = Field(min_length=1)
    scope: ScopeNamed | None = Field(
        default=None, description="Absent where the request was about everything."
    )
    jurisdiction: Jurisdiction
    channel: Channel
    times: Times
    due: Due
    identity: IdentityVerified
    lines: tuple[Line, ...] = Field(
        description="What each account was asked; none only where a request was"
        " withdrawn that no account of the register could be asked about."
    )
    recipients: tuple[RecipientHeard, ...] | None = Field(
        default=None, description="Who had the data, and whether they heard of this."
    )
    export: ExportMade | None = None
    owed: tuple[StillOwed, ...] = ()
    rulings: tuple[Ruled, ...] | None = Field(
        default=None, description="What people decided, oldest first."
    )
    informed: tuple[Told, ...] | None = Field(
        default=None, description="What reached the person before this statement."
    )
    register_version: Code
    software_version: Code
    limits: tuple[Limit, ...] = ()

    @model_validator(mode="after")
    def _says_no_more_than_its_lines(self) -> Self:
        """Refuse a result that the lines do not bear out."""
        is_partial = not all(line.is_fulfilled for line in self.lines)
        is_partial |= any(line.left_alone for line in self.lines)
        missed = [one for one in self.recipients or () if NO_ACCOUNT in one.reasons]
        is_partial |= bool(missed) and not self.rehearsal
        is_kept = any(line.retained for line in self.lines)
        is_planned = bool(self.lines)
        claimed = {
            "complete": is_planned and not is_partial and not is_kept,
            "complete_with_retention": not is_partial and is_kept,
            "partial": is_planned,
            "withdrawn": self._is_withdrawn(),
            "open": is_planned and self.kind == "interim",
            "refused": self._is_refused(),
        }
        if not claimed[self.result]:
            raise PydanticCustomError("overstated", "the lines do not bear the result")
        return self

    def _is_withdrawn(self) -> bool:
        """Tell whether a line ended by withdrawal, and none did or told a thing."""
        reasons = [line.reasons for line in self.lines]
        withdrew = not reasons or any("withdrawn" in one for one in reasons)
        return (
            withdrew
            and self.times.withdrawn_at is not None
            and not any(
                line.outcome in CHANGED or "withdrawn_in_part" in line.reasons
                for line in self.lines
            )
        )

    def _is_refused(self) -> bool:
        """Tell whether a ruling refused the request, and nothing was done or given."""
        refused = any(one.kind == "refused" for one in self.rulings or ())
        said = any("refused" in line.reasons for line in self.lines)
        changed = any(line.outcome in CHANGED for line in self.lines)
        return refused and said and not changed and self.export is None

    @model_validator(mode="after")
    def _answers_when_final(self) -> Self:
        """Hold a final statement to its answer; an interim one has none."""
        is_answered = self.times.answered_at is not None
        if is_answered is (self.kind == "interim"):
            raise PydanticCustomError("answer", "kind and answered_at disagree")
        is_open = any(line.settled_at is None for line in self.lines)
        if self.kind == "interim" and self.result != "open":
            raise PydanticCustomError("answer", "an interim statement has no result")
        if self.kind != "interim" and is_open:
            raise PydanticCustomError("answer", "only an interim statement is open")
        return self

    @model_validator(mode="after")
    def _supersedes_the_one_before(self) -> Self:
        """Hold a later statement to replacing the one right before it."""
        replaced = {None} if self.kind == "supplement" else {None, self.number - 1}
        if self.supersedes not in replaced:
            raise PydanticCustomError("order", "it replaces the statement before it")
        return self


class EnvelopeSignature(Produced):
    """One signature of an envelope."""

    keyid: Annotated[str, StringConstraints(max_length=128)]
    sig: Annotated[str, StringConstraints(pattern=_BASE64)]


class SealedReceipt(Produced):
    """The data of `privacy.receipt.sealed.v1`: a DSSE v1.0.2 envelope."""

    payload: Annotated[str, StringConstraints(pattern=_BASE64)] = Field(
        description="Base64 of the receipt's canonical JSON."
    )
    payloadType: str = Field(  # noqa: N815 (DSSE's own spelling)
        description="The media type inside the signature."
    )
    signatures: tuple[EnvelopeSignature, ...] = Field(min_length=1)


def receipt_bytes(receipt: Receipt) -> bytes:
    """Spell *receipt* in the one form that is signed (RFC 8785)."""
    data: dict[str, object] = receipt.model_dump(mode="json", exclude_none=True)
    return canonical_json(data)


def read_receipt(payload: bytes) -> Receipt:
    """
    Read a signed payload.

    Raises `ValueError` (of which `pydantic.ValidationError` is one) for another
    spelling, an unknown member, or a result its lines do not bear out.
    """
    if canonical_json(parse_json(payload)) != payload:
        raise StrictJsonError("A receipt's payload has one spelling (RFC 8785).")
    return Receipt.model_validate_json(payload, strict=True)
