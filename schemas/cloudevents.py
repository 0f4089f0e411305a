"""
CloudEvents 1.0 over Kafka, binary mode only.

Own code instead of the SDK (2.2.0, read 2026-11): that one fills a missing time
with now, loses duplicate headers and reads a structured message with `ce_` headers
as binary; each would change what a digest or a repeat means.  Source: CloudEvents
1.0.2 and its Kafka protocol binding, section 3.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.fields import instant
from schemas.rejections import Rejection, RejectionCode, reject

MAX_VALUE_BYTES = 262_144
MAX_HEADER_BYTES = 16_384
CONTENT_TYPE = "application/json"

Headers = Sequence[tuple[str, bytes | None]]

_REQUIRED = ("specversion", "id", "source", "type")
# Narrower than CloudEvents: these names stand in our events, tables and logs, so
# there is no room for an address in them.
ALLOWED_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
ALLOWED_SOURCE = re.compile(r"[A-Za-z0-9._~:/?#\[\]!$&'()*+,;=%-]{1,256}")
_TYPE = re.compile(r"(?P<name>[a-z0-9_.-]{1,200})\.v(?P<version>[0-9]{1,4})")
_JSON = re.compile(r"application/json(\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka record without its topic; its bytes may identify a person."""

    key: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of an event that was read, and its data as they arrived."""

    id: str
    source: str
    type: str
    time: datetime | None
    data: bytes = field(repr=False)


def encode(envelope: Envelope, key: str | None) -> Message:
    """Write an event in binary mode; nothing is added that *envelope* lacks."""
    attributes = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
    }
    if envelope.time is not None:
        attributes["time"] = envelope.time.isoformat()
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    return Message(
        key=None if key is None else key.encode(),
        headers=(*headers, ("content-type", CONTENT_TYPE.encode())),
        value=envelope.data,
    )


def decode(
    headers: Headers, value: bytes | None, types: Sequence[str]
) -> Envelope | Rejection:
    """
    Read a record that should carry an event of one of *types*.

    A rejection names header names and rules, never a header's value.
    """
    oversized = size_of(headers, value)
    if oversized is not None:
        return oversized
    texts = read_headers(headers)
    if isinstance(texts, Rejection):
        return texts
    wrong = _content_type(texts) or check_attributes(texts, types, prefix="ce_")
    if wrong is not None:
        return wrong
    # Only after the attributes: a record without any is no event to begin with.
    if value is None:
        return reject(RejectionCode.NO_DATA)
    # Confluent's framing: a zero byte and a schema id, or a one byte and a GUID.
    if value[:1] in {b"\x00", b"\x01"}:
        return reject(RejectionCode.REGISTRY_FRAMING)
    time = texts.get("ce_time")
    return Envelope(
        id=texts["ce_id"],
        source=texts["ce_source"],
        type=texts["ce_type"],
        time=None if time is None else instant(time),
        data=value,
    )


def size_of(headers: Headers, value: bytes | None) -> Rejection | None:
    """Refuse what is too large, before anything is looked at."""
    spent = sum(len(name.encode()) + len(text or b"") for name, text in headers)
    if spent > MAX_HEADER_BYTES or len(value or b"") > MAX_VALUE_BYTES:
        return reject(RejectionCode.TOO_LARGE)
    return None


def read_headers(headers: Headers) -> Mapping[str, str] | Rejection:
    """
    Take the CloudEvents headers as text; all others (traces …) are not ours.

    Names are compared without case, so that no two readers see two different ids.
    """
    ours = [
        (name.lower(), text)
        for name, text in headers
        if name.lower().startswith("ce_") or name.lower() == "content-type"
    ]
    if any(count > 1 for count in Counter(name for name, _ in ours).values()):
        rule = "Each header of an event stands once."
        return reject(RejectionCode.MALFORMED_HEADER, rule=rule)
    try:
        return {name: text.decode("utf-8") for name, text in ours if text is not None}
    except UnicodeDecodeError:
        rule = "The headers of an event are UTF-8 text."
        return reject(RejectionCode.MALFORMED_HEADER, rule=rule)


def claimed_type(headers: Headers) -> str | None:
    """Return the type that a record's headers claim, if they can be read."""
    texts = read_headers(headers)
    return None if isinstance(texts, Rejection) else texts.get("ce_type")


def _content_type(texts: Mapping[str, str]) -> Rejection | None:
    """Tell structured mode by its content type (Kafka binding, section 3)."""
    content_type = texts.get("content-type", "")
    if content_type.lower().startswith("application/cloudevents"):
        return reject(RejectionCode.BINARY_MODE_REQUIRED)
    if _JSON.fullmatch(content_type) is None:
        return reject(RejectionCode.UNSUPPORTED_CONTENT_TYPE)
    return None


def check_attributes(
    texts: Mapping[str, str], types: Sequence[str], *, prefix: str
) -> Rejection | None:
    """Check the attributes of an event, called *prefix* and their name in *texts*."""
    for name in _REQUIRED:
        if prefix + name not in texts:
            rule = f"{prefix}{name} is present."
            return reject(RejectionCode.MISSING_HEADER, rule=rule)
    time = texts.get(f"{prefix}time")
    problems = (
        ("specversion", texts[f"{prefix}specversion"] == "1.0", "is 1.0"),
        ("id", ALLOWED_ID.fullmatch(texts[f"{prefix}id"]), _ID_RULE),
        ("source", ALLOWED_SOURCE.fullmatch(texts[f"{prefix}source"]), _SOURCE_RULE),
        ("time", time is None or instant(time), _TIME_RULE),
    )
    for name, is_good, rule in problems:
        if not is_good:
            return reject(
                RejectionCode.MALFORMED_HEADER, rule=f"{prefix}{name} {rule}."
            )
    return _check_type(texts[f"{prefix}type"], types)


_ID_RULE = "has 1 to 128 letters, digits or . _ : / + = -"
_SOURCE_RULE = "is a URI reference of 1 to 256 characters without @"
_TIME_RULE = "is an RFC 3339 time with its offset, where there is one"


def _check_type(given: str, types: Sequence[str]) -> Rejection | None:
    """Tell another version of a known type from an unknown one."""
    if given in types:
        return None
    parts = _TYPE.fullmatch(given)
    names = {known.rpartition(".v")[0] for known in types}
    if parts is not None and parts["name"] in names:
        return reject(RejectionCode.UNKNOWN_VERSION)
    return reject(RejectionCode.UNKNOWN_TYPE)
