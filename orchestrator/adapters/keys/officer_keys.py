"""
The data protection officer's pair of keys: made here, kept by them, never by us.

Only the public half is given to this system, in the register.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from orchestrator.adapters.keys.files import KeysError, read_private


def make_officer_key(path: Path) -> str:
    """
    Write a new private key (PEM, mode 0600) to *path*; returns the public half.

    The public half is what the register takes.  Raises `KeysError`.
    """
    key = X25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(pem)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise KeysError(
            f"{path} is there already, and nothing was changed; name another file."
        ) from None
    except OSError as error:
        raise KeysError(
            f"{path} cannot be written ({error.strerror}); name a file in a directory "
            "you may write to."
        ) from None
    return base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")


def read_officer_key(path: Path) -> X25519PrivateKey:
    """Read the private key that the officer hands over; raises `KeysError`."""
    try:
        key = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError):
        # The library's text may quote the file, so it is not passed on.
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise KeysError(
            f"{path} is not an unencrypted X25519 private key in PEM form, as "
            "`erasure keys dpo --to FILE` writes it."
        )
    return key
