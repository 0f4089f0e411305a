"""
Public keys in a connector's options, as the register writes them.

32 raw bytes in base64 (Ed25519 and X25519 alike), a PEM text, or `file:/PATH` of a PEM.
A key's name is the hex SHA-256 of its raw bytes, as in receipts.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BeforeValidator, Field

_RAW_BYTES = 32
_LARGEST_FILE = 4096
_FILE = "file:"
_PEM = "-----BEGIN"


def key_name(raw: bytes) -> str:
    """Return the name of the public key of these raw bytes: 64 lower-case digits."""
    return sha256(raw).hexdigest()


def raw_key(text: str) -> bytes:
    """Return the raw bytes of a key as `SigningKey` and `SealingKey` keep it."""
    return base64.b64decode(text)


def _read_signing(value: object) -> str:
    """Read an Ed25519 public key."""
    return _read(value, Ed25519PublicKey)


def _read_sealing(value: object) -> str:
    """Read an X25519 public key."""
    return _read(value, X25519PublicKey)


def _read(value: object, kind: type[Ed25519PublicKey | X25519PublicKey]) -> str:
    """Read any of the three spellings; the error repeats nothing."""
    expected = f"an {kind.__name__.removesuffix('PublicKey')} public key"
    if not isinstance(value, str):
        raise ValueError(f"{expected} is expected here")  # noqa: TRY004 (pydantic's)
    if value.startswith(_FILE):
        value = _of_file(value.removeprefix(_FILE))
    raw = _raw_of_pem(value, kind) if value.startswith(_PEM) else _raw_of_base64(value)
    if raw is None or len(raw) != _RAW_BYTES:
        raise ValueError(
            f"{expected} is expected here: its 32 bytes in base64, or file:/PATH of a "
            "PEM file"
        )
    return base64.b64encode(raw).decode("ascii")


def _of_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_FILE).decode("ascii")
    except (OSError, UnicodeDecodeError):
        pass
    raise ValueError("the file of the public key cannot be read")


def _raw_of_pem(
    text: str, kind: type[Ed25519PublicKey | X25519PublicKey]
) -> bytes | None:
    try:
        key = load_pem_public_key(text.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_bytes_raw() if isinstance(key, kind) else None


def _raw_of_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.translate({45: "+", 95: "/"}), validate=True)
    except (binascii.Error, ValueError):
        return None


SigningKey = Annotated[
    str,
    BeforeValidator(_read_signing),
    Field(description="An Ed25519 public key: base64, or file:/PATH of a PEM."),
]
SealingKey = Annotated[
    str,
    BeforeValidator(_read_sealing),
    Field(description="An X25519 public key: base64, or file:/PATH of a PEM."),
]
