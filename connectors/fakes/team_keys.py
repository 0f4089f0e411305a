"""The invented keys of an in-house team, and how it signs; for fakes only."""

from __future__ import annotations

import base64
import json
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.signed.public_keys import key_name
from schemas.dsse import pae

SIGNING = Ed25519PrivateKey.from_private_bytes(sha256(b"a team's signing key").digest())
SEALING = X25519PrivateKey.from_private_bytes(sha256(b"a team's sealing key").digest())


def public(key: Ed25519PrivateKey | X25519PrivateKey) -> str:
    """Return the public key as the register writes it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")


def signed(
    payload: bytes, payload_type: str, key: Ed25519PrivateKey = SIGNING
) -> bytes:
    """Return the envelope of *payload*."""
    signature = {
        "keyid": key_name(key.public_key().public_bytes_raw()),
        "sig": base64.b64encode(key.sign(pae(payload_type, payload))).decode("ascii"),
    }
    document = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": payload_type,
        "signatures": [signature],
    }
    return json.dumps(document).encode()
