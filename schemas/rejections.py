"""
Why an event of the portal was not taken, without a word of what it said.

A rejection is sent back on `privacy.case-events` and shown to operators, so it
is made of our own sentences only.  `REJECTIONS` is the documented list of codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class RejectionCode(StrEnum):
    """What is wrong; codes are added, never renamed."""

    # The message as a whole.
    TOO_LARGE = "too_large"
    NO_DATA = "no_data"
    BINARY_MODE_REQUIRED = "binary_mode_required"
    MALFORMED_HEADER = "malformed_header"
    MISSING_HEADER = "missing_header"
    UNSUPPORTED_CONTENT_TYPE = "unsupported_content_type"
    REGISTRY_FRAMING = "registry_framing"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    MALFORMED_JSON = "malformed_json"
    # Who says it: nothing of the payload was read.
    NOT_SIGNED = "not_signed"
    NOT_AN_ENVELOPE = "not_an_envelope"
    OTHER_PAYLOAD_TYPE = "other_payload_type"
    UNKNOWN_KEY = "unknown_key"
    KEY_NOT_VALID = "key_not_valid"
    OTHER_KEY_SIGNED = "other_key_signed"
    OTHER_BYTES_SIGNED = "other_bytes_signed"
    BAD_SIGNATURE = "bad_signature"
    # What was signed, and what its publisher may say.
    HEADER_DIFFERS = "header_differs"
    OTHER_AUDIENCE = "other_audience"
    NOT_YET_VALID = "not_yet_valid"
    VALID_TOO_LONG = "valid_too_long"
    EXPIRED = "expired"
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    CONTROLLER_NOT_ALLOWED = "controller_not_allowed"
    RIGHT_NOT_ALLOWED = "right_not_allowed"
    NOT_SEALED = "not_sealed"
    DOES_NOT_OPEN = "does_not_open"
    # One place in the data.
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    INVALID_VALUE = "invalid_value"
    OFFSET_MISSING = "offset_missing"
    UNKNOWN_RIGHT = "unknown_right"
    RIGHT_NOT_SUPPORTED = "right_not_supported"
    INVALID_IDENTIFIER = "invalid_identifier"
    UNKNOWN_IDENTIFIER_TYPE = "unknown_identifier_type"
    NO_IDENTIFIER = "no_identifier"
    IDENTIFYING_NAME = "identifying_name"
    NOT_VERIFIED = "not_verified"
    # What only the register or earlier requests can tell.
    UNKNOWN_CONTROLLER = "unknown_controller"
    UNKNOWN_ACCOUNT = "unknown_account"
    VERIFICATION_TOO_LOW = "verification_too_low"
    CONFLICT = "conflict"
    UNKNOWN_REQUEST = "unknown_request"
    OTHER_SOURCE = "other_source"
    ALREADY_ANSWERED = "already_answered"
    NOT_OPEN = "not_open"
    UNKNOWN_REFERENCE = "unknown_reference"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The rule behind a code, and what the portal should do about it."""

    rule: str
    hint: str


_C = RejectionCode

REJECTIONS: Mapping[RejectionCode, Meaning] = MappingProxyType(
    {
        _C.TOO_LARGE: Meaning(
            "The value has at most 262,144 bytes and the headers at most 16,384.",
            "Send one person's request an event, with identifiers only.",
        ),
        _C.NO_DATA: Meaning(
            "The record has a value.",
            "A record without a value deletes nothing here: to withdraw a request,"
            " send privacy.request.withdrawn.v1.",
        ),
        _C.BINARY_MODE_REQUIRED: Meaning(
            "CloudEvents arrive in binary mode: attributes as headers, data as value.",
            "Switch the producer's CloudEvents encoding from structured to binary.",
        ),
        _C.MALFORMED_HEADER: Meaning(
            "Each CloudEvents header stands once, as well-formed UTF-8 text.",
            "Correct the header that the rule names.",
        ),
        _C.MISSING_HEADER: Meaning(
            "ce_specversion, ce_id, ce_source and ce_type are present.",
            "Add the header that the rule names.",
        ),
        _C.UNSUPPORTED_CONTENT_TYPE: Meaning(
            "The header content-type is application/json, in UTF-8.",
            "Send the data as JSON and say so in content-type.",
        ),
        _C.REGISTRY_FRAMING: Meaning(
            "The value begins with JSON, not with a schema registry's frame.",
            "Use a plain byte or string serialiser instead of a registry's.",
        ),
        _C.UNKNOWN_TYPE: Meaning(
            "ce_type is a type that this topic carries.",
            "Compare ce_type with the AsyncAPI document.",
        ),
        _C.UNKNOWN_VERSION: Meaning(
            "The version at the end of ce_type is one that this system reads.",
            "Send version v1, or bring this system up to date first.",
        ),
        _C.MALFORMED_JSON: Meaning(
            "The value is one unambiguous JSON text.",
            "Let a JSON library write the value; never build it from strings.",
        ),
        _C.NOT_SIGNED: Meaning(
            "A request event is signed by a publisher of the register.",
            "Send a DSSE envelope with the content type application/vnd.dsse+json.",
        ),
        _C.NOT_AN_ENVELOPE: Meaning(
            "The value is a DSSE envelope with exactly one signature.",
            "Write payload, payloadType and one signature; payload and sig in base64.",
        ),
        _C.OTHER_PAYLOAD_TYPE: Meaning(
            "What is signed is application/cloudevents+json.",
            "Sign the whole CloudEvent in JSON, under that payload type.",
        ),
        _C.UNKNOWN_KEY: Meaning(
            "The signature is of a key that the register knows.",
            "Sign with the key that the register has, or have this one added to it.",
        ),
        _C.KEY_NOT_VALID: Meaning(
            "The key that signed is valid on the day the event arrives.",
            "Sign with the publisher's present key, or have its days corrected.",
        ),
        _C.OTHER_KEY_SIGNED: Meaning(
            "The key that keyid names is the one that signed.",
            "Another key of the register signed: write its keyid, or sign with this"
            " one.",
        ),
        _C.OTHER_BYTES_SIGNED: Meaning(
            "What is signed is DSSE's encoding (PAE) of payload type and payload.",
            'Sign "DSSEv1 28 application/cloudevents+json", the number of the'
            " payload's bytes and the payload, with one space between.",
        ),
        _C.BAD_SIGNATURE: Meaning(
            "The signature covers the payload's bytes exactly as they came.",
            "Altered after it was signed, or by a key that we do not know: spell the"
            " event once, sign and send those very bytes, under the key's own keyid.",
        ),
        _C.HEADER_DIFFERS: Meaning(
            "A ce_ header says what the signed event says.",
            "Leave the ce_ headers out, or copy the event's attributes.",
        ),
        _C.OTHER_AUDIENCE: Meaning(
            "The event's audience is this installation.",
            "Set audience to the name that its operators gave (`erasure config show`).",
        ),
        _C.NOT_YET_VALID: Meaning(
            "The event's time is not in the future (five minutes are forgiven).",
            "Correct the publisher's clock, and sign the event again.",
        ),
        _C.VALID_TOO_LONG: Meaning(
            "expirytime is after time, and at most 30 days after it.",
            "Let the event expire seven days after its time.",
        ),
        _C.EXPIRED: Meaning(
            "The event arrives before its expirytime.",
            "Sign it again with a new time and expirytime; received_at stays.",
        ),
        _C.SOURCE_NOT_ALLOWED: Meaning(
            "The event's source is one that the register allows its publisher.",
            "Use the publisher's own source, or have this one added.",
        ),
        _C.CONTROLLER_NOT_ALLOWED: Meaning(
            "The controller is one that the register allows the publisher.",
            "Have the controller added to the publisher in the register.",
        ),
        _C.RIGHT_NOT_ALLOWED: Meaning(
            "Each right is one that the register allows the publisher.",
            "Have the right added to the publisher in the register.",
        ),
        _C.NOT_SEALED: Meaning(
            "What identifies the person is sealed to our public key.",
            "Send subject_sealed instead of subject.",
        ),
        _C.DOES_NOT_OPEN: Meaning(
            "A sealed member is a compact JWE for our public key, with JSON in it.",
            "Ask for our present key (`erasure keys show`): ECDH-ES+A256KW, A256GCM.",
        ),
        _C.MISSING_FIELD: Meaning(
            "This member is required.",
            "Add the member that the pointer names.",
        ),
        _C.UNKNOWN_FIELD: Meaning(
            "Only the members of the schema stand here.",
            "Remove or correct what the schema does not name.",
        ),
        _C.INVALID_VALUE: Meaning(
            "The value is one that the schema allows.",
            "Compare the value at the pointer with the schema.",
        ),
        _C.OFFSET_MISSING: Meaning(
            "Times say their offset from UTC.",
            "Write the time as 2026-11-23T09:30:00+01:00 or 2026-11-23T08:30:00Z.",
        ),
        _C.UNKNOWN_RIGHT: Meaning(
            "Rights are the law's words.",
            "Use erasure, access or portability.",
        ),
        _C.RIGHT_NOT_SUPPORTED: Meaning(
            "This right is known, but this version does not carry it out.",
            "Hand this request to the data protection officer: its clock is running.",
        ),
        _C.INVALID_IDENTIFIER: Meaning(
            "An identifier is spelled as its type demands.",
            "Send e-mail addresses whole, telephone numbers in E.164: +442079460123 for"
            " the British 020 7946 0123, without blanks or brackets.",
        ),
        _C.UNKNOWN_IDENTIFIER_TYPE: Meaning(
            "Identifier types are email, phone, customer_id, or vendor.name.",
            "Name a processor's own identifier vendor.name, in lower case.",
        ),
        _C.NO_IDENTIFIER: Meaning(
            "The subject has a customer_id or at least one identifier.",
            "Send at least one identifier whose ownership was verified.",
        ),
        _C.IDENTIFYING_NAME: Meaning(
            "Names of a request and an event repeat no identifier of the person.",
            "Use a random UUID: these names stand in events, logs and receipts.",
        ),
        _C.NOT_VERIFIED: Meaning(
            "The person's identity was verified before the request was sent.",
            "Verify the person, then send the request with its verification.",
        ),
        _C.UNKNOWN_CONTROLLER: Meaning(
            "The controller is in the register.",
            "Use a controller's name from the register, or have it added.",
        ),
        _C.UNKNOWN_ACCOUNT: Meaning(
            "The accounts of a scope are in the register.",
            "Use account names from the register, or leave the scope out.",
        ),
        _C.VERIFICATION_TOO_LOW: Meaning(
            "The verification reaches the level the register demands for this right.",
            "Verify the person at the higher level and send a new event.",
        ),
        _C.CONFLICT: Meaning(
            "A request_id, and a source with an id, always name the same content.",
            "Send changed content under a new request_id and a new event id.",
        ),
        _C.UNKNOWN_REQUEST: Meaning(
            "A later word names a request that was taken before it.",
            "Send it with the request's own key, after it; a request that is in"
            " quarantine must be released before its withdrawal.",
        ),
        _C.OTHER_SOURCE: Meaning(
            "Only the ce_source that sent a request speaks of it later.",
            "Send the later word with the ce_source of the request.",
        ),
        _C.ALREADY_ANSWERED: Meaning(
            "A request is withdrawn before it is answered.",
            "Tell the person what was done; the receipt says it. To keep data out from"
            " now on is a new request.",
        ),
        _C.NOT_OPEN: Meaning(
            "A request is amended while it is carried out: not once it is withdrawn,"
            " refused or answered, nor while another request's case answers it, or the"
            " data protection officer keeps its identifiers.",
            "Send a new request with the identifiers that are left.",
        ),
        _C.UNKNOWN_REFERENCE: Meaning(
            "A later word names a statement, notice or copy of its request that we"
            " have told of.",
            "Take the number or digest from privacy.receipt.issued.v1 or"
            " privacy.export.ready.v1, and send the word after that event.",
        ),
    }
)

# What to do, by code: the table that documents are made from.
REJECTION_CODES: Mapping[RejectionCode, str] = MappingProxyType(
    {code: meaning.hint for code, meaning in REJECTIONS.items()}
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """
    One broken rule, in our words.

    `pointer` is a JSON pointer into the data ("" is the whole of it) made of names
    of the schema only.  The three names are of the event where that gives nothing away;
    the last two, for our own clock, are what it says of itself, and are told to nobody.
    """

    code: RejectionCode
    pointer: str
    rule: str
    hint: str
    request_id: str | None = None
    source: str | None = None
    event_id: str | None = None
    received_at: datetime | None = None
    jurisdiction: str | None = None


def reject(
    code: RejectionCode, pointer: str = "", rule: str | None = None
) -> Rejection:
    """Reject with the code's own sentences, or a more exact *rule*."""
    meaning = REJECTIONS[code]
    return Rejection(code, pointer, rule or meaning.rule, meaning.hint)
