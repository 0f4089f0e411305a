"""
Request events as a publisher signs them: a DSSE envelope around a whole CloudEvent.

The value of the record is a DSSE v1.0.2 envelope with one Ed25519 signature; its
payload is the CloudEvent in JSON (structured mode), with two extension attributes:
`audience`, the installation it is meant for, and `expirytime`, after which it is worth
nothing.  The bytes are verified before anything in them is read; this module only reads
and writes, and whoever calls it has verified or will sign.

Sources, read 2026-11: DSSE protocol.md v1.0.2; CloudEvents 1.0.2, its JSON format and
its extension `expirytime`.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from schemas.cloudevents import (
    CONTENT_TYPE,
    Envelope,
    Headers,
    Message,
    check_attributes,
    encode,
)
from schemas.fields import instant
from schemas.rejections import Rejection, RejectionCode, reject
from schemas.strict_json import StrictJsonError, canonical_json, parse_json

# Never change: publishers sign and send with these words.
SIGNED_CONTENT_TYPE: Final = "application/vnd.dsse+json"
PAYLOAD_TYPE: Final = "application/cloudevents+json"
AUDIENCE: Final = "audience"
EXPIRY: Final = "expirytime"

AUDIENCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"

LONGEST_VALID: Final = timedelta(days=30)
"""The longest from an event's `time` to its `expirytime`."""

USUALLY_VALID: Final = timedelta(days=7)
"""What our own command writes: as long as the topic keeps the record."""

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far a publisher's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class SignedParts:
    """An envelope taken apart; nothing about it is verified."""

    payload_type: str
    payload: bytes = field(repr=False)
    key_id: str
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A verified event: what was said, for whom, and from when to when."""

    envelope: Envelope
    audience: str
    issued_at: datetime
    expires_at: datetime

    @property
    def message(self) -> Message:
        """The event as binary mode would have carried it."""
        return encode(self.envelope, None)

    @classmethod
    def of(cls, envelope: Envelope, audience: str, at: datetime) -> SignedEvent:
        """Say *envelope* to *audience* now, for as long as is usual."""
        return cls(envelope, audience, at, at + USUALLY_VALID)

    def is_longer_valid_than_may_be(self) -> bool:
        """Tell whether its time is turned round, or longer than is kept in mind."""
        return not timedelta(0) < self.expires_at - self.issued_at <= LONGEST_VALID


def take_apart(value: bytes) -> SignedParts | Rejection:
    """Take an envelope apart without a look into its payload."""
    try:
        document = parse_json(value)
        if not isinstance(document, dict):
            return _NO_ENVELOPE
        (signature,) = document["signatures"]
        key_id = signature.get("keyid", "")
        payload_type = document["payloadType"]
        if not isinstance(key_id, str) or not isinstance(payload_type, str):
            return _NO_ENVELOPE
        return SignedParts(
            payload_type=payload_type,
            payload=_from_base64(document["payload"]),
            key_id=key_id,
            signature=_from_base64(signature["sig"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return _NO_ENVELOPE


def _from_base64(text: str) -> bytes:
    """Decode either alphabet of RFC 4648, as DSSE demands of who reads."""
    if _URL_SAFE.fullmatch(text):
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    return b64decode(text, validate=True)


_URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_NO_ENVELOPE: Final = reject(RejectionCode.NOT_AN_ENVELOPE)


def read_payload(
    payload: bytes, headers: Mapping[str, str], types: Sequence[str]
) -> SignedEvent | Rejection:
    """
    Read a payload whose signature holds; *headers* are those of its record, as text.

    Raises nothing; a rejection repeats no value.
    """
    try:
        document = parse_json(payload)
    except StrictJsonError as error:
        return reject(RejectionCode.MALFORMED_JSON, rule=str(error))
    if not isinstance(document, dict):
        rule = "The signed payload is one CloudEvent: a JSON object."
        return reject(RejectionCode.INVALID_VALUE, rule=rule)
    texts = {k: v for k, v in document.items() if k != "data" and isinstance(v, str)}
    wrong = check_attributes(texts, types, prefix="") or _differing(texts, headers)
    if wrong is not None:
        return wrong
    if texts.get("datacontenttype", CONTENT_TYPE) != CONTENT_TYPE:
        return reject(RejectionCode.UNSUPPORTED_CONTENT_TYPE)
    if "data" not in document:
        return reject(RejectionCode.NO_DATA)
    return _valid_from_to(texts, canonical_json(document["data"]))


def names_in(payload: bytes) -> tuple[Headers, bytes]:
    """Return what a verified payload says of its event's names, and its data."""
    try:
        document = parse_json(payload)
    except StrictJsonError:
        document = None
    if not isinstance(document, dict):
        return (), b""
    said = ((f"ce_{name}", document.get(name)) for name in ("id", "source"))
    headers = tuple((n, t.encode()) for n, t in said if isinstance(t, str))
    return headers, canonical_json(document.get("data"))


def type_in(value: bytes) -> str | None:
    """Return the type of the event in a verified envelope, if it has one."""
    parts = take_apart(value)
    try:
        document = None if isinstance(parts, Rejection) else parse_json(parts.payload)
    except StrictJsonError:
        return None
    said = document.get("type") if isinstance(document, dict) else None
    return said if isinstance(said, str) else None


def _differing(
    texts: Mapping[str, str], headers: Mapping[str, str]
) -> Rejection | None:
    """Refuse headers that say something else than what was signed."""
    said = {name[3:]: text for name, text in headers.items() if name[:3] == "ce_"}
    if all(texts.get(name) == text for name, text in said.items()):
        return None
    return reject(RejectionCode.HEADER_DIFFERS)


def _valid_from_to(texts: Mapping[str, str], data: bytes) -> SignedEvent | Rejection:
    """Demand what only a signed event must say."""
    for name in ("time", AUDIENCE, EXPIRY):
        if name not in texts:
            rule = f"A signed event has the attribute {name}."
            return reject(RejectionCode.MISSING_HEADER, rule=rule)
    issued_at, expires_at = instant(texts["time"]), instant(texts[EXPIRY])
    if issued_at is None or expires_at is None:
        rule = f"time and {EXPIRY} are RFC 3339 times with their offset."
        return reject(RejectionCode.MALFORMED_HEADER, rule=rule)
    envelope = Envelope(texts["id"], texts["source"], texts["type"], issued_at, data)
    return SignedEvent(envelope, texts[AUDIENCE], issued_at, expires_at)


def write_payload(event: SignedEvent) -> bytes:
    """Spell the payload of *event*, to be signed (RFC 8785, so that it is one)."""
    it = event.envelope
    return canonical_json(
        {
            "specversion": "1.0",
            "id": it.id,
            "source": it.source,
            "type": it.type,
            "time": event.issued_at.isoformat(),
            "datacontenttype": CONTENT_TYPE,
            AUDIENCE: event.audience,
            EXPIRY: event.expires_at.isoformat(),
            "data": parse_json(it.data),
        }
    )


def write_signed(parts: SignedParts, key: bytes | None) -> Message:
    """Return the record of a signed payload."""
    document = {
        "payload": b64encode(parts.payload).decode("ascii"),
        "payloadType": parts.payload_type,
        "signatures": [
            {"keyid": parts.key_id, "sig": b64encode(parts.signature).decode("ascii")}
        ],
    }
    headers = (("content-type", SIGNED_CONTENT_TYPE.encode()),)
    return Message(key=key, headers=headers, value=canonical_json(document))


def is_signed(headers: Mapping[str, str]) -> bool:
    """Tell by its content type whether a record says that it is signed."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == SIGNED_CONTENT_TYPE


__all__ = [
    "AUDIENCE",
    "AUDIENCE_PATTERN",
    "CLOCKS_APART",
    "EXPIRY",
    "LONGEST_VALID",
    "PAYLOAD_TYPE",
    "SIGNED_CONTENT_TYPE",
    "USUALLY_VALID",
    "SignedEvent",
    "SignedParts",
    "is_signed",
    "names_in",
    "read_payload",
    "take_apart",
    "type_in",
    "write_payload",
    "write_signed",
]
