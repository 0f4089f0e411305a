"""
Seal what identifies to an X25519 public key, and open what was sealed to ours.

Compact JWE, ECDH-ES+A256KW with X25519 and A256GCM (RFC 7516, 7518, 8037), by joserfc
(https://jose.authlib.org/en/guide/jwe/, read 2026-11).  No other algorithm is opened.
"""

from __future__ import annotations

import base64

from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact, encrypt_compact
from joserfc.jwk import OKPKey

from connectors.signed.public_keys import key_name, raw_key

ALGORITHM, ENCRYPTION = "ECDH-ES+A256KW", "A256GCM"
_ALLOWED = (ALGORITHM, ENCRYPTION)
# What fits into a record of the topics after two rounds of base64.
LARGEST_SEALED = 128 * 1024


class _Registry(JWERegistry):
    """joserfc opens 64 KiB at most; a copy may have more."""

    max_ciphertext_length = LARGEST_SEALED


_REGISTRY = _Registry(algorithms=_ALLOWED)


def seal(plaintext: bytes, key: str) -> str:
    """Seal to a public key as the register's options keep it (raw, base64)."""
    raw = raw_key(key)
    header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": key_name(raw)}
    public = OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": _url(raw)})
    return encrypt_compact(header, plaintext, public, registry=_REGISTRY)


def unseal(sealed: str, private: bytes, public: bytes) -> bytes:
    """Open what was sealed to our raw key; raises `ValueError`, which tells nothing."""
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": "X25519", "x": _url(public), "d": _url(private)}
    )
    try:
        opened = decrypt_compact(sealed, key, registry=_REGISTRY).plaintext
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        opened = None  # joserfc 1.8 stumbles over headers of another shape
    if opened is None:
        raise ValueError("What was sealed cannot be opened with this key.")
    return opened


def _url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
