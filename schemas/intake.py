"""
Read what the portal sent: a request, or a rejection without a word of it.

Pure: bytes in, a value out.  Rejections are built from the schema's own names and
sentences alone (`schemas.pointers`), and they name the request and the event only
where those names give nothing away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict

from schemas.cloudevents import (
    ALLOWED_ID,
    ALLOWED_SOURCE,
    MAX_VALUE_BYTES,
    Envelope,
    Headers,
    Message,
    check_attributes,
    decode,
    encode,
    read_headers,
)
from schemas.fields import instant
from schemas.later_words import (
    LATER_TYPES,
    ExportCollection,
    LaterWord,
    PersonInforming,
    RequestAmendment,
    Said,
)
from schemas.naming import identifies, is_uuid, leaves
from schemas.pointers import unknown_members, validate
from schemas.rejections import (
    REJECTION_CODES,
    REJECTIONS,
    Rejection,
    RejectionCode,
    reject,
)
from schemas.requests import PrivacyRequest, Scope
from schemas.sealed_members import SUFFIX
from schemas.strict_json import StrictJsonError, canonical_json, parse_json
from schemas.withdrawals import RequestWithdrawal, WithdrawnRequest

TYPES = (PrivacyRequest.TYPE,)
EVERY_TYPE = (*TYPES, RequestWithdrawal.TYPE, *LATER_TYPES)
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_FILE_MEMBERS = {
    "specversion", "id", "source", "type", "time", "datacontenttype", "data",
}  # fmt: skip


class _Clock(TypedDict):
    """What an event says of the clock of its request."""

    received_at: datetime | None
    jurisdiction: str | None


@dataclass(frozen=True, slots=True)
class SubmittedRequest:
    """
    A request that keeps the contract, and the names under which it came.

    `content` is the canonical JSON of the data as sent: equal content means equal
    keyed digests of it.  It identifies a person and stays out of `repr`.
    """

    source: str
    event_id: str
    request: PrivacyRequest
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        """The portal's name for the request."""
        return self.request.request_id

    def reject(
        self, code: RejectionCode, pointer: str = "", rule: str | None = None
    ) -> Rejection:
        """Reject this request for what only the register or its history can tell."""
        return replace(
            reject(code, pointer, rule),
            request_id=self.request.request_id,
            source=self.source,
            event_id=self.event_id,
            received_at=self.request.received_at,
            jurisdiction=self.request.jurisdiction,
        )


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A file's event as it is published, and the request in it."""

    message: Message
    submitted: SubmittedRequest


def read_request(
    headers: Headers, value: bytes | None, *, closed: bool = False
) -> SubmittedRequest | Rejection:
    """
    Read one record of `privacy.requests`.

    Tolerant by default: members that a later producer added are ignored, except
    inside `scope`.  *closed* refuses them, as a producer does before it sends.
    """
    event = decode(headers, value, TYPES)
    read = event if isinstance(event, Rejection) else _read(event, closed=closed)
    if isinstance(read, SubmittedRequest):
        return read
    return named(read, headers, value or b"")


def read_event(
    headers: Headers, value: bytes | None
) -> SubmittedRequest | WithdrawnRequest | LaterWord | Rejection:
    """Read one record of `privacy.requests`: a request, or a later word about one."""
    event = decode(headers, value, EVERY_TYPE)
    if isinstance(event, Rejection):
        return named(event, headers, value or b"")
    if event.type == PrivacyRequest.TYPE:
        return read_request(headers, value)
    read = _later(event)
    if isinstance(read, Rejection):
        return named(read, headers, value or b"")
    return read


def _later(event: Envelope) -> WithdrawnRequest | LaterWord | Rejection:
    """Read what is said of a request later, tolerantly but for an amendment."""
    said: RequestWithdrawal | Said | Rejection
    if event.type == RequestWithdrawal.TYPE:
        said = validate(RequestWithdrawal, event.data, unknown="ignore")
    elif event.type == RequestAmendment.TYPE:
        said = validate(RequestAmendment, event.data, unknown="forbid")
    elif event.type == PersonInforming.TYPE:
        said = validate(PersonInforming, event.data, unknown="ignore")
    else:
        said = validate(ExportCollection, event.data, unknown="ignore")
    if isinstance(said, Rejection):
        return said
    if isinstance(said, RequestWithdrawal):
        return WithdrawnRequest(event.source, event.id, said)
    if isinstance(said, RequestAmendment):
        values = [one.value for one in said.added()]
        names = (event.id, event.source)
        if any(identifies(name, values) for name in names):
            rule = "ce_id and ce_source repeat no identifier of the person."
            return reject(RejectionCode.IDENTIFYING_NAME, rule=rule)
    return LaterWord(event.source, event.id, said)


def read_request_file(content: bytes) -> RequestFile | Rejection:
    """
    Read one CloudEvent in JSON format, as `erasure request publish` takes it.

    Always closed; pointers begin at the file's root (`/data/subject`).  Only the
    owner of the file sees the rejection, so it names nothing.
    """
    try:
        event = _event_in(parse_json(content))
    except StrictJsonError as error:
        return reject(RejectionCode.MALFORMED_JSON, rule=str(error))
    if isinstance(event, Rejection):
        return event
    read = _read(event, closed=True)
    if isinstance(read, Rejection):
        return replace(read, pointer=f"/data{read.pointer}")
    message = encode(event, read.request.request_id)
    # What is published must pass the topic's own reader too: its size, say.
    again = read_request(message.headers, message.value, closed=True)
    return again if isinstance(again, Rejection) else RequestFile(message, again)


def _event_in(document: object) -> Envelope | Rejection:
    """Take the event out of its JSON format; its data become canonical."""
    if not isinstance(document, dict):
        rule = "The file is one CloudEvent: a JSON object."
        return reject(RejectionCode.INVALID_VALUE, rule=rule)
    unknown = len(document.keys() - _FILE_MEMBERS)
    if unknown:
        return reject(RejectionCode.UNKNOWN_FIELD, rule=unknown_members(unknown))
    texts = {k: v for k, v in document.items() if k != "data" and isinstance(v, str)}
    wrong = check_attributes(texts, TYPES, prefix="")
    if wrong is not None:
        return wrong
    if document.get("datacontenttype", "application/json") != "application/json":
        return reject(RejectionCode.UNSUPPORTED_CONTENT_TYPE, "/datacontenttype")
    if "data" not in document:
        return reject(RejectionCode.NO_DATA, "/data")
    time = texts.get("time")
    return Envelope(
        id=texts["id"],
        source=texts["source"],
        type=texts["type"],
        time=None if time is None else instant(time),
        data=canonical_json(document["data"]),
    )


def _read(event: Envelope, *, closed: bool) -> SubmittedRequest | Rejection:
    """Read the data of *event*; one parse decides what they say."""
    try:
        data = parse_json(event.data)
    except StrictJsonError as error:
        return reject(RejectionCode.MALFORMED_JSON, rule=str(error))
    wrong = _unknown_limit(data)
    if wrong is not None:
        return wrong
    content = canonical_json(data)
    request = validate(
        PrivacyRequest, content, unknown="forbid" if closed else "ignore"
    )
    if isinstance(request, Rejection):
        return request
    submitted = SubmittedRequest(event.source, event.id, request, content)
    return _telling_name(submitted) or submitted


def _unknown_limit(data: object) -> Rejection | None:
    """Refuse a scope that says more than we read, in tolerant mode too."""
    scope = data.get("scope") if isinstance(data, dict) else None
    if not isinstance(scope, dict):
        return None
    read = validate(Scope, canonical_json(scope), unknown="forbid")
    if isinstance(read, Scope):
        return None
    return replace(read, pointer=f"/scope{read.pointer}")


def _telling_name(submitted: SubmittedRequest) -> Rejection | None:
    """Refuse names that repeat an identifier: they would stand in every event."""
    values = [known.value for known in submitted.request.subject.known()]
    if identifies(submitted.request.request_id, values):
        return reject(RejectionCode.IDENTIFYING_NAME, "/request_id")
    if any(identifies(n, values) for n in (submitted.event_id, submitted.source)):
        rule = "ce_id and ce_source repeat no identifier of the person."
        return reject(RejectionCode.IDENTIFYING_NAME, rule=rule)
    return None


def named(found: Rejection, headers: Headers, value: bytes) -> Rejection:
    """Name the request and the event as far as that says nothing of the person."""
    texts = read_headers(headers)
    if isinstance(texts, Rejection):
        return found
    source, event_id = texts.get("ce_source", ""), texts.get("ce_id", "")
    try:
        data = parse_json(value) if len(value) <= MAX_VALUE_BYTES else None
    except StrictJsonError:
        data = None
    if data is None:
        # Nothing to compare with: a random name is the only harmless one.
        return replace(found, event_id=event_id if is_uuid(event_id) else None)
    personal, request_id, sealed = data, None, False
    if isinstance(data, dict):
        public = {"request_id", "controller"}
        personal = {k: v for k, v in data.items() if k not in public}
        request_id = data.get("request_id")
        sealed = any(name.endswith(SUFFIX) for name in data)
    values = list(leaves(personal))

    def harmless(name: object, allowed: re.Pattern[str]) -> str | None:
        if not isinstance(name, str) or allowed.fullmatch(name) is None:
            return None
        return None if identifies(name, values) else name

    def random(name: object, allowed: re.Pattern[str]) -> str | None:
        known = harmless(name, allowed)
        # What is sealed cannot be compared with: only a random name gives nothing away.
        return known if known is None or not sealed or is_uuid(known) else None

    return replace(
        found,
        request_id=random(request_id, _SAFE_ID),
        source=harmless(source, ALLOWED_SOURCE),
        event_id=random(event_id, ALLOWED_ID),
        **_clock(data),
    )


def _clock(data: object) -> _Clock:
    """Return what sets the clock of a request, however wrong the rest of it is."""
    said = data if isinstance(data, dict) else {}
    received_at, jurisdiction = said.get("received_at"), said.get("jurisdiction")
    is_place = isinstance(jurisdiction, str) and _PLACE.fullmatch(jurisdiction)
    return {
        "received_at": instant(received_at) if isinstance(received_at, str) else None,
        "jurisdiction": str(jurisdiction) if is_place else None,
    }


__all__ = [
    "REJECTIONS",
    "REJECTION_CODES",
    "LaterWord",
    "Rejection",
    "RejectionCode",
    "RequestFile",
    "SubmittedRequest",
    "WithdrawnRequest",
    "canonical_json",
    "named",
    "read_event",
    "read_request",
    "read_request_file",
]
