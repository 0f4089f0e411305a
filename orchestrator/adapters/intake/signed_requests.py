"""
Listen to publishers of the register, and to nobody else.

The order is the protection.  1. The record's size and headers.  2. The envelope is
taken apart.  3. The payload's type.  4. The signature, over the bytes as they came,
and the days of its key.  Only then is the payload read: 5. the event and its headers,
6. audience and time, 7. source, 8. what is sealed is opened, 9. the contract of its
type, 10. controller and rights.  Up to the fourth step nobody knows who speaks, so a
rejection names no event and is told to nobody outside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
)

from orchestrator.adapters.intake.signature_mistakes import holds, mistake_in
from orchestrator.adapters.keys.files import key_id_of
from orchestrator.adapters.register.publishers import (
    PublisherKeyTable,
    PublisherTable,
)
from orchestrator.ports import EventMark, SaidEvent
from schemas.cloudevents import (
    Headers,
    Message,
    read_headers,
    size_of,
)
from schemas.dsse import pae
from schemas.intake import EVERY_TYPE, SubmittedRequest, named, read_event
from schemas.rejections import Rejection, RejectionCode, reject
from schemas.sealed_members import has_member_in_clear, with_members_opened
from schemas.signed_events import (
    CLOCKS_APART,
    PAYLOAD_TYPE,
    SignedEvent,
    SignedParts,
    is_signed,
    names_in,
    read_payload,
    take_apart,
    write_payload,
    write_signed,
)

# A key of the register did sign, in a way that does not count.
_SIGNED_SOMEHOW = frozenset(
    {
        RejectionCode.KEY_NOT_VALID,
        RejectionCode.OTHER_KEY_SIGNED,
        RejectionCode.OTHER_BYTES_SIGNED,
    }
)

Unseal = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A payload whose signature holds, and who signed it."""

    publisher: PublisherTable
    payload: bytes


class SignedRequests:
    """Reads the records of the requests topic."""

    def __init__(
        self,
        publishers: Mapping[str, PublisherTable],
        audience: str,
        unseal: Unseal,
        *,
        controllers: Collection[str] = (),
        takes_unsigned: bool = False,
    ) -> None:
        """
        Keep who may speak; *takes_unsigned* lets anybody who can write to the topic.

        Of a controller that is not among the register's *controllers*, admission tells.
        The contract's binary mode is read as well where unsigned events are taken.
        """
        self._keys: dict[str, tuple[PublisherKeyTable, PublisherTable]] = {
            key.id: (key, publisher)
            for publisher in publishers.values()
            for key in publisher.keys
        }
        self._audience = audience
        self._unseal = unseal
        self._controllers = controllers
        self._takes_unsigned = takes_unsigned

    def read(self, headers: Headers, value: bytes | None, at: datetime) -> SaidEvent:
        """Read a record that came *at* that moment; see the port."""
        texts = size_of(headers, value) or read_headers(headers)
        if isinstance(texts, Rejection):
            return self._nobody(texts)
        if not is_signed(texts):
            return self._unsigned(headers, value)
        parts = reject(RejectionCode.NO_DATA) if value is None else take_apart(value)
        if isinstance(parts, Rejection):
            return self._nobody(parts)
        verified = self._verified(parts, at)
        if isinstance(verified, Rejection):
            return self._unverified(verified, parts)
        said = self._verified_said(verified, texts, at)
        return replace(said, signed=verified.payload)

    def _verified_said(
        self, verified: _Verified, texts: Mapping[str, str], at: datetime
    ) -> SaidEvent:
        """Read what a publisher signed, and no other."""
        event = read_payload(verified.payload, texts, EVERY_TYPE)
        if isinstance(event, Rejection):
            sent, data = names_in(verified.payload)
            return SaidEvent(named(event, sent, data), reject)
        return self._said(event, verified.publisher, at)

    def _unsigned(self, headers: Headers, value: bytes | None) -> SaidEvent:
        """Read what nobody signed, where that is taken."""
        if not self._takes_unsigned:
            return self._nobody(reject(RejectionCode.NOT_SIGNED))
        return SaidEvent(
            read_event(headers, value),
            lambda code: named(reject(code), headers, value or b""),
        )

    def _nobody(self, found: Rejection) -> SaidEvent:
        """Return a rejection of what is no event yet."""
        return SaidEvent(found, reject, is_heard=self._takes_unsigned)

    def _unverified(self, found: Rejection, parts: SignedParts) -> SaidEvent:
        """Reject under no name; where a key of the register signed, it was heard."""
        if found.code in _SIGNED_SOMEHOW:
            return SaidEvent(found, reject, signed=parts.payload)
        return self._nobody(found)

    def _verified(self, parts: SignedParts, at: datetime) -> _Verified | Rejection:
        """Return the payload that a key of a publisher signed; nothing is read yet."""
        # The type first: a signature over another kind of document must not pass.
        if parts.payload_type != PAYLOAD_TYPE:
            return reject(RejectionCode.OTHER_PAYLOAD_TYPE)
        # DSSE calls the key's name an unauthenticated hint: without it, all are tried.
        hinted = self._keys.get(parts.key_id)
        tried = [hinted] if hinted is not None else list(self._keys.values())
        signed = pae(parts.payload_type, parts.payload)
        for key, publisher in tried:
            if not holds(key.public_key, parts.signature, signed):
                continue
            if not key.is_valid_at(at):
                return reject(RejectionCode.KEY_NOT_VALID)
            return _Verified(publisher, parts.payload)
        if hinted is None and parts.key_id:
            return reject(RejectionCode.UNKNOWN_KEY)
        every = [key for key, _ in self._keys.values()]
        named = [key for key, _ in tried]
        others = [key.public_key for key in every if key not in named]
        return mistake_in(parts, [key.public_key for key in named], others)

    def _said(
        self, event: SignedEvent, publisher: PublisherTable, at: datetime
    ) -> SaidEvent:
        """Return what a publisher said, if it may say that, here and now."""
        sent = event.message
        refused = partial(_refused, sent)
        code = self._out_of_place(event, publisher, at)
        if code is not None:
            return SaidEvent(refused(code), refused)
        if publisher.sealed_only and has_member_in_clear(sent.value):
            return SaidEvent(refused(RejectionCode.NOT_SEALED), refused)
        data = with_members_opened(sent.value, self._unseal)
        if isinstance(data, Rejection):
            return SaidEvent(named(data, sent.headers, sent.value), refused)
        opened = replace(sent, value=data)
        what = read_event(opened.headers, opened.value)
        if isinstance(what, SubmittedRequest):
            what = self._beyond(what, publisher) or what
        return SaidEvent(
            what,
            partial(_refused, opened),
            mark=_mark(event, data),
            is_late=event.expires_at <= at,
        )

    def _out_of_place(
        self, event: SignedEvent, publisher: PublisherTable, at: datetime
    ) -> RejectionCode | None:
        """Tell what is wrong with whom it is for, when, and on whose behalf."""
        if event.audience != self._audience:
            return RejectionCode.OTHER_AUDIENCE
        if event.is_longer_valid_than_may_be():
            return RejectionCode.VALID_TOO_LONG
        if event.issued_at > at + CLOCKS_APART:
            return RejectionCode.NOT_YET_VALID
        if event.envelope.source not in publisher.sources:
            return RejectionCode.SOURCE_NOT_ALLOWED
        return None

    def _beyond(
        self, what: SubmittedRequest, publisher: PublisherTable
    ) -> Rejection | None:
        """Refuse a request that its publisher may not send."""
        controller = what.request.controller
        is_ours = controller in self._controllers
        if is_ours and controller not in publisher.controllers:
            return what.reject(RejectionCode.CONTROLLER_NOT_ALLOWED, "/controller")
        allowed = {right.value for right in publisher.rights}
        if not {right.value for right in what.request.rights} <= allowed:
            return what.reject(RejectionCode.RIGHT_NOT_ALLOWED, "/rights")
        return None


class RequestSigner:
    """Signs events as a publisher does."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Keep the publisher's own key."""
        self._key = key
        self.key_id = key_id_of(key.public_key())

    def sign(self, event: SignedEvent, key: bytes | None) -> Message:
        """Return the record that carries *event*; *key* is the record's key."""
        return self.sign_bytes(write_payload(event), key)

    def sign_bytes(self, payload: bytes, key: bytes | None) -> Message:
        """Return the record that carries these very bytes."""
        signature = self._key.sign(pae(PAYLOAD_TYPE, payload))
        parts = SignedParts(PAYLOAD_TYPE, payload, self.key_id, signature)
        return write_signed(parts, key)


def _refused(sent: Message, code: RejectionCode) -> Rejection:
    """Reject an event under its own names, where these give nothing away."""
    return named(reject(code), sent.headers, sent.value)


def _mark(event: SignedEvent, data: bytes) -> EventMark:
    it = event.envelope
    content = it.type.encode() + b"\n" + data
    return EventMark(it.source, it.id, content, event.expires_at)
