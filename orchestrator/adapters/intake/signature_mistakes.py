"""
Tell which mistake a signature shows that does not hold, so that it can be mended.

Nothing here accepts anything: each of these events stays refused.  What is found says
only which bytes a key of the register did sign, or which key signed; the payload is
never read.  So many keys are tried and no more: a forger pays for none of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.dsse import pae
from schemas.rejections import Rejection, RejectionCode, reject
from schemas.signed_events import SIGNED_CONTENT_TYPE, SignedParts

MOST_KEYS = 16
ED25519_BYTES = 64
# What is written there by mistake.
_OTHER_TYPES = ("application/json", SIGNED_CONTENT_TYPE, "")


def holds(key: bytes, signature: bytes, signed: bytes) -> bool:
    """Tell whether *key* (Ed25519, 32 bytes) made this signature of these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def mistake_in(
    parts: SignedParts, named: Sequence[bytes], others: Sequence[bytes]
) -> Rejection:
    """
    Return why a signature holds under none of the keys that it names.

    *named* are the public keys that the envelope's keyid means, *others* the rest.
    """
    if len(parts.signature) != ED25519_BYTES:
        return reject(RejectionCode.BAD_SIGNATURE, rule=_NO_ED25519)
    right = pae(parts.payload_type, parts.payload)
    if any(holds(key, parts.signature, right) for key in others[:MOST_KEYS]):
        return reject(RejectionCode.OTHER_KEY_SIGNED)
    for key in named[:MOST_KEYS]:
        for what, signed in _signed_instead(parts):
            if holds(key, parts.signature, signed):
                found = reject(RejectionCode.OTHER_BYTES_SIGNED)
                return replace(found, hint=f"{what} {found.hint}")
    return reject(RejectionCode.BAD_SIGNATURE)


def _signed_instead(parts: SignedParts) -> Iterator[tuple[str, bytes]]:
    """Yield what is signed by mistake: the sentence that says so, and the bytes."""
    payload, kind = parts.payload, parts.payload_type
    spelled = b64encode(payload)
    yield "The payload alone was signed, without DSSE's encoding.", payload
    yield "The payload's base64 was signed, without DSSE's encoding.", spelled
    yield "The payload's base64 was encoded; encode its bytes.", pae(kind, spelled)
    for other in _OTHER_TYPES:
        said = f'"{other}"' if other else "an empty one"
        yield f"The type that was signed is {said}.", pae(other, payload)
    yield "The length was counted in characters; count bytes.", _in_characters(parts)


def _in_characters(parts: SignedParts) -> bytes:
    """Encode as DSSE does, but for the payload's length."""
    length = len(parts.payload.decode("utf-8", "replace"))
    start = pae(parts.payload_type, b"").removesuffix(b"0 ")
    return b"%b%d %b" % (start, length, parts.payload)


_NO_ED25519 = "An Ed25519 signature has 64 bytes; sig has another length."
