"""
Sign and verify statements: DSSE v1.0.2 envelopes with one Ed25519 signature.

What was signed is kept as bytes and verified as bytes; there is no canonical JSON of
the payload and no algorithm to negotiate.  DSSE itself allows an envelope many
spellings; ours has exactly one, so that a receipt's digest names one file and every
changed bit of it is rejected, also one that the signature does not cover.

Format: https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md, v1.0.2),
read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Literal, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from orchestrator.adapters.keys.files import key_id_of
from orchestrator.errors import OrchestratorError
from schemas.dsse import pae
from schemas.receipts import RECEIPT_MEDIA_TYPE

LARGEST_ENVELOPE = 8 * 1024 * 1024  # bytes

RejectionCode = Literal[
    "too_large",
    "not_an_envelope",
    "not_canonical",
    "other_key",
    "other_type",
    "bad_signature",
    "bad_payload",
]


class ReceiptRejected(OrchestratorError):  # noqa: N818 (a verdict, not a fault)
    """A receipt is not what its key signed; `code` says which check refused it."""

    def __init__(self, code: RejectionCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code: RejectionCode = code


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of an envelope; nothing about them is verified."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes


class DsseSigner:
    """Signs payloads with one Ed25519 key; *key_id* must be that key's fingerprint."""

    __slots__ = ("_key", "key_id")

    def __init__(self, private_key: Ed25519PrivateKey, key_id: str) -> None:
        if key_id != key_id_of(private_key.public_key()):
            raise ValueError("The key id is not the fingerprint of the signing key.")
        self._key = private_key
        self.key_id = key_id

    def __repr__(self) -> str:
        return f"DsseSigner(key_id={self.key_id[:8]!r}, key hidden)"

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        """Return the envelope file of *payload*, in its one spelling."""
        signature = self._key.sign(pae(payload_type, payload))
        data = _spell(Envelope(payload_type, payload, self.key_id, signature))
        if len(data) > LARGEST_ENVELOPE:
            # Whoever verifies would refuse it: better no receipt than a useless one.
            raise ValueError(f"An envelope has at most {LARGEST_ENVELOPE} bytes.")
        return data


def read_envelope(data: bytes) -> Envelope:
    """Take apart an envelope that has the one spelling; verifies no signature."""
    # 1. A size that cannot exhaust memory.
    if len(data) > LARGEST_ENVELOPE:
        raise ReceiptRejected(
            "too_large", f"The file has more than {LARGEST_ENVELOPE} bytes."
        )
    # 2. The shape: the three members, exactly one signature, all of it text.
    try:
        envelope = _parts(json.loads(data))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ReceiptRejected(
            "not_an_envelope",
            "The file is not a DSSE envelope with exactly one signature.",
        ) from None
    # 3. The spelling.  Writing the parts again must give the same bytes: this refuses
    #    other white space, member orders, extra or repeated members, other base64 and
    #    unused bits in it, without a rule for each.
    if _spell(envelope) != data:
        raise ReceiptRejected(
            "not_canonical",
            "The file spells its envelope in another way than the signer did: it was "
            "changed or reformatted; take the file as it was issued.",
        )
    return envelope


def verify_envelope(
    data: bytes, public_key: Ed25519PublicKey, payload_type: str = RECEIPT_MEDIA_TYPE
) -> bytes:
    """Return the payload that *public_key* signed; raises `ReceiptRejected`."""
    # 1.-3. Size, shape and spelling.
    envelope = read_envelope(data)
    # 4. The key that the envelope names is the key we trust.  DSSE calls the name an
    #    unauthenticated hint; a wrong one is a change all the same.
    if envelope.key_id != key_id_of(public_key):
        raise ReceiptRejected(
            "other_key",
            "The receipt names another signing key than the one given; verify it with "
            "the public key whose fingerprint it names.",
        )
    # 5. The type, before anything reads the payload: a signature over another kind
    #    of document must not pass for one over this.
    if envelope.payload_type != payload_type:
        raise ReceiptRejected(
            "other_type", f"The file is signed, but not as {payload_type}."
        )
    # 6. The signature, over the bytes as they came.
    try:
        public_key.verify(envelope.signature, pae(payload_type, envelope.payload))
    except InvalidSignature:
        raise ReceiptRejected(
            "bad_signature", "The signature does not match: the receipt was changed."
        ) from None
    # 7. Only now are the payload's bytes worth reading.
    return envelope.payload


def _spell(envelope: Envelope) -> bytes:
    """
    Write an envelope in its one spelling.

    Never change: members in this order, standard base64 with padding, no spaces, ASCII,
    one newline at the end.
    """
    document = {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": envelope.key_id, "sig": _base64(envelope.signature)},
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _parts(document: object) -> Envelope:
    """Read the members of a parsed envelope; raises where one is not as it must be."""
    members = cast("dict[str, object]", document)
    (signature,) = cast("list[dict[str, object]]", members["signatures"])
    return Envelope(
        payload_type=_text(members["payloadType"]),
        payload=_bytes(members["payload"]),
        key_id=_text(signature["keyid"]),
        signature=_bytes(signature["sig"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise TypeError
    return value


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
