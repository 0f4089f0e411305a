"""Small signed receipts for tests, and the keys that signed them."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.adapters.keys.directory import key_id_of
from orchestrator.adapters.keys.signing import DsseSigner
from schemas.receipts import RECEIPT_MEDIA_TYPE

SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = SIGNING_KEY.public_key()
KEY_ID = key_id_of(PUBLIC_KEY)
PAYLOAD = b'{"statement":1}'


def a_receipt(
    payload: bytes = PAYLOAD, payload_type: str = RECEIPT_MEDIA_TYPE
) -> bytes:
    """Return the envelope file of *payload*."""
    return DsseSigner(SIGNING_KEY, KEY_ID).sign(payload_type, payload)


def a_public_key_file(directory: Path) -> Path:
    """Write the public key as PEM and return where."""
    path = directory / "public.pem"
    path.write_bytes(
        PUBLIC_KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return path
