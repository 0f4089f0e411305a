"""
What we ask of a system of one's own, and what it answers: one format, two ways.

An instruction goes to an HTTP endpoint (`webhook`) or on a topic (`participant`); the
answer comes back on the same way.  Either is a DSSE v1.0.2 envelope with an Ed25519
signature: the exact bytes are carried and signed, the type is inside the signature,
and there is no algorithm to negotiate.  `instruction_id` names the instruction in
every answer and makes a repeat harmless.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.fields import Code, Produced, Slug, TypeName, UtcInstant
from schemas.outcomes import Provenance
from schemas.strict_json import canonical_json

# Never change: these stand inside what was signed.
INSTRUCTION_MEDIA_TYPE: Final = "application/vnd.erasure.instruction.v1+json"
ANSWER_MEDIA_TYPE: Final = "application/vnd.erasure.answer.v1+json"
SPECVERSION: Final = "1"

# The deed of a connector whose accounts are instructed by topic.
PUBLISHES: Final = "publish_instruction"

# Never change: the event types on the topics.
INSTRUCTION_ISSUED: Final = "privacy.instruction.issued.v1"
INSTRUCTION_ANSWERED: Final = "privacy.instruction.answered.v1"

_BASE64 = r"^[A-Za-z0-9+/]+={0,2}$"
_COMPACT_JWE = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$"

InstructionId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")
]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{1,512}$")]
# The longest that an answer may put us off or promise: 400 days.
Seconds = Annotated[int, Field(ge=0, le=400 * 86_400)]
Sealed = Annotated[str, StringConstraints(pattern=_COMPACT_JWE)]
# A system's own code: one word, without room for a name, a number or an address.
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Asked = Literal["locate", "export", "erase", "notify"]
Status = Literal[
    "done",
    "nothing_found",
    "accepted",
    "in_progress",
    "still_open",
    "refused",
    "needs_person",
]


class NamedIdentifier(Produced):
    """One typed identifier of the person."""

    type: TypeName
    value: str = Field(min_length=1, max_length=1024, repr=False)


class NamedRecord(Produced):
    """One record that a search found, in the system's own words."""

    reference: str = Field(
        min_length=1,
        max_length=512,
        repr=False,
        description="The system's own name for the record.",
    )
    kind: Code


class About(Produced):
    """Who and what an instruction is about: this part identifies a person."""

    identifiers: tuple[NamedIdentifier, ...] = ()
    records: tuple[NamedRecord, ...] = Field(
        default=(),
        description="What is to be erased or copied, and nothing else; none where the"
        " system is not searched beforehand: then all that the identifiers name.",
    )


class Instruction(Produced):
    """What we ask; the payload of an envelope that we sign."""

    specversion: Literal["1"] = SPECVERSION
    instruction_id: InstructionId = Field(
        description="Names this instruction; the same again is the same instruction."
    )
    account: Slug = Field(description="The register's name of the instructed system.")
    action: Asked = Field(
        description="`locate` and `export` change nothing; `erase` cannot be undone;"
        " `notify` orders nothing: it tells a controller of its own of an erasure."
    )
    issued_at: UtcInstant = Field(
        description="When it was signed; refuse one that is older than you remember"
        " instructions."
    )
    tasks: tuple[Code, ...] = Field(
        default=(), description="Our names of the work, for questions about it."
    )
    about: About | None = Field(
        default=None, description="Whom it is about, where the way is private (HTTPS)."
    )
    sealed: Sealed | None = Field(
        default=None,
        description="The same on a topic: a compact JWE (ECDH-ES+A256KW, A256GCM) of"
        " `About` for the participant's X25519 key.",
    )


def instruction_bytes(instruction: Instruction) -> bytes:
    """Spell *instruction* in the one form that is signed (RFC 8785)."""
    data: dict[str, object] = instruction.model_dump(mode="json", exclude_none=True)
    return canonical_json(data)


def claimed_account(data: bytes) -> str | None:
    """Return whose answer an envelope claims to hold; nothing is verified by that."""
    try:
        payload = b64decode(SignedEnvelope.model_validate_json(data).payload)
        return _Claim.model_validate_json(payload).account
    except ValueError:
        return None


class _Answered(BaseModel):
    """A part of an answer: unknown members are ignored, values stay out of errors."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class FoundRecord(_Answered):
    """One record that a search found."""

    reference: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        repr=False
    )
    kind: Code = "record"
    record_class: Slug = Field(
        default="customer_account", description="What retention rules go by."
    )
    since: date | None = Field(default=None, description="When the record began.")


class AnswerRow(_Answered):
    """One row of a copy."""

    category: Code
    provenance: Provenance = Field(
        description="Whether the person provided it, or it was observed or inferred."
    )
    subject: str = Field(
        min_length=1,
        max_length=1024,
        repr=False,
        description="The identifier or record reference in the row that binds it to"
        " the person; a row that is bound to anybody else stops the copy.",
    )
    data: dict[str, Any] = Field(repr=False)
    third_party: bool = Field(
        default=False, description="Whether it also tells of somebody else."
    )


class Rows(_Answered):
    """What is sealed in `sealed_rows`: the rows of a copy that goes by topic."""

    rows: tuple[AnswerRow, ...] = Field(repr=False)


class Answer(_Answered):
    """What a system answers; the payload of an envelope that it signs."""

    specversion: Literal["1"]
    instruction_id: InstructionId
    account: Slug
    status: Status = Field(
        description="`accepted` and `in_progress` are never the end; `still_open` is"
        " the end of an erasure but for `records`, which belong to what is not over; a"
        " state of your own is `needs_person` with a code."
    )
    code: Word | None = Field(
        default=None, description="Why, in one word; never text about the person."
    )
    method: Literal["deleted", "redacted"] = "deleted"
    count: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="The rows of the whole copy; required with its last page.",
    )
    records: tuple[FoundRecord, ...] = Field(
        default=(),
        repr=False,
        description="What a search found; of `still_open`, what was left alone.",
    )
    learned: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="Further identifiers of the person, by the system's own names;"
        " the register says which types they are (`yields`).",
    )
    rows: tuple[AnswerRow, ...] = Field(default=(), repr=False)
    cursor: Cursor | None = Field(
        default=None, description="The page that this is, as it was asked for."
    )
    next: Cursor | None = Field(default=None, description="Where the copy goes on.")
    sealed_rows: Sealed | None = Field(
        default=None,
        repr=False,
        description="A compact JWE (ECDH-ES+A256KW, A256GCM) of `Rows` for our key.",
    )
    check_after: Seconds | None = Field(
        default=None, description="Ask again after so many seconds."
    )
    expected_within: Seconds | None = Field(
        default=None, description="It will be done within so many seconds."
    )


class _Claim(_Answered):
    """What is read of an answer before it is verified."""

    account: Slug


class Signature(_Answered):
    """One signature of an envelope."""

    keyid: Annotated[str, StringConstraints(max_length=128)] = ""
    sig: Annotated[str, StringConstraints(pattern=_BASE64)]


class SignedEnvelope(_Answered):
    """A DSSE v1.0.2 envelope; nothing about it is verified."""

    payload: Annotated[str, StringConstraints(pattern=_BASE64)] = Field(
        repr=False, description="Base64 of the signed bytes."
    )
    payloadType: str = Field(  # noqa: N815 (DSSE's own spelling)
        max_length=256, description="The media type inside the signature."
    )
    signatures: tuple[Signature, ...] = Field(min_length=1, max_length=8)


@dataclass(frozen=True, slots=True)
class Draft:
    """
    An instruction before the shell completes it.

    Without an `instruction_id` it gets a fresh one: a search must not be answered with
    an older search's answer.
    """

    action: Asked
    tasks: tuple[str, ...] = ()
    instruction_id: str = ""
    about: About | None = field(default=None, repr=False)
    sealed: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """An instruction and the envelope that carries it, byte for byte."""

    instruction: Instruction = field(repr=False)
    envelope: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Publication:
    """
    What is to be appended to the account's own topic; nothing in it identifies.

    The same `message_id` again is the same event.
    """

    message_id: str
    key: str
    type: str
    value: bytes = field(repr=False)
