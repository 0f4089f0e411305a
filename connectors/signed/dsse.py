"""
Verify what a system of one's own signed: DSSE v1.0.2 with Ed25519, on the raw bytes.

Signing is the shell's.  Format: https://github.com/secure-systems-lab/dsse
(protocol.md, envelope.md, v1.0.2), read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from connectors.signed.public_keys import key_name, raw_key
from schemas.dsse import pae
from schemas.instructions import SignedEnvelope


class NotVerified(Exception):  # noqa: N818 (a verdict, not a fault)
    """The bytes are not what one of the keys signed; the message is a code."""


def verified(data: bytes, keys: Sequence[str], payload_type: str) -> bytes:
    """
    Return the payload that one of *keys* signed as *payload_type*.

    Without a key nothing can be verified, so an empty sequence refuses everything.
    Raises `NotVerified`.
    """
    envelope = read_envelope(data)
    # 1. The type first: a signature over another kind of document must not pass.
    if envelope.payloadType != payload_type:
        raise NotVerified("other_type")
    payload = _decoded(envelope.payload)
    signed = pae(payload_type, payload)
    # 2. DSSE calls the key's name an unauthenticated hint: it only sorts the tries.
    known = {key_name(raw): raw for raw in map(raw_key, keys)}
    for signature in envelope.signatures:
        raw = known.get(signature.keyid)
        candidates = [raw] if raw is not None else list(known.values())
        if any(_holds(one, _decoded(signature.sig), signed) for one in candidates):
            # 3. Only now are the payload's bytes worth reading.
            return payload
    raise NotVerified("bad_signature")


def read_envelope(data: bytes) -> SignedEnvelope:
    """Take an envelope apart; verifies nothing.  Raises `NotVerified`."""
    try:
        return SignedEnvelope.model_validate_json(data)
    except ValidationError:
        # Raised below, outside the handler: the validation error quotes the data.
        pass
    raise NotVerified("not_an_envelope")


def unverified_payload(data: bytes) -> bytes:
    """Return what an envelope claims, for finding whose it is; proves nothing."""
    return _decoded(read_envelope(data).payload)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise NotVerified("not_an_envelope")


def _holds(key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True
