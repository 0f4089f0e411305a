"""
The files of the key directory, one by one: written whole, read strictly.

Nothing here knows which files there must be.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from orchestrator.errors import SetUpError

KEY_BYTES = 32
TEST = "test-"  # in the names of keys whose signatures are no receipts
_LARGEST_FILE = 4096  # bytes; each real file has less than 200
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeysError(SetUpError):
    """A key or the key directory cannot be used; the message says what to do."""


def key_id_of(public_key: Ed25519PublicKey) -> str:
    """
    Return the hex SHA-256 of the raw public key: 64 lower-case digits.

    Never change: receipts name their key by it.
    """
    return name_of_key(public_key.public_bytes_raw())


def name_of_key(raw: bytes) -> str:
    """Return the same name for any public key of 32 raw bytes."""
    return sha256(raw).hexdigest()


def write_new(path: Path, content: bytes) -> None:
    """Write a file that did not exist, readable by its owner only, and sync it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            os.fchmod(descriptor, 0o600)  # whatever the umask says
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise KeysError(
            f"{path} was made by somebody else at this moment and was not changed; use "
            "those keys."
        ) from None
    except OSError as error:
        raise KeysError(
            f"{path} cannot be written ({error.strerror}); the set in this directory "
            "is incomplete: delete its files and run `erasure keys init` again."
        ) from None


def put(path: Path, content: bytes) -> None:
    """
    Write a file whole or not at all, readable by its owner only; what was there goes.

    On disk when this returns.
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise KeysError(
            f"{path} cannot be written ({error.strerror}), and the keys in use are as"
            " they were; mend that and run the command again."
        ) from None


def sync_directory(directory: Path) -> None:
    """Bring a directory's names to the disk, and its own name."""
    for path in (directory, directory.parent):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read an Ed25519 public key in PEM form; raises `KeysError`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeysError(
            f"{path} cannot be read ({error.strerror}); name the PEM file of the "
            "public key, as `erasure keys export-public --to FILE` writes it."
        ) from None
    except ValueError:
        # The library's text may quote the file, so it is not passed on.
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeysError(
            f"{path} is not an Ed25519 public key in PEM form; write one with "
            "`erasure keys export-public --to FILE`."
        )
    return key


def public_keys_in(
    directory: Path, *, with_tests: bool = False
) -> Mapping[str, Ed25519PublicKey]:
    """
    Return every Ed25519 key among the PEM files of a directory, by its id.

    Those of tests and dry runs, told by their files' names, only *with_tests*: what
    they sign as a receipt is none.
    """
    paths = [
        it
        for it in sorted(directory.glob("*.pem"))
        if with_tests or not _is_of_tests(it)
    ]
    found = map(_public_key, paths)
    return {key_id_of(key): key for key in found if key is not None}


def _is_of_tests(path: Path) -> bool:
    """Tell whether a file is named as a key of tests and dry runs."""
    return TEST in path.name


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Spell a public key as PEM (SubjectPublicKeyInfo), as openssl reads it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _public_key(path: Path) -> Ed25519PublicKey | None:
    """Return the public key of a PEM file; other keys than ours do not matter."""
    try:
        content = path.read_bytes()[:_LARGEST_FILE]
    except OSError as error:
        raise KeysError(
            f"{path} cannot be read ({error.strerror}); give it to the user who runs"
            " this program."
        ) from None
    if b"PRIVATE KEY" in content:
        return read_signing_key(path).public_key()
    try:
        key = load_pem_public_key(content)
    except ValueError:
        key = None
    return key if isinstance(key, Ed25519PublicKey) else None


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key that only its owner may read; raises `KeysError`."""
    try:
        key = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError):
        # The library's text may quote the file, so it is not passed on.
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(
            f"{path} is not an unencrypted Ed25519 private key in PKCS8 PEM form; "
            "restore it from your backup."
        )
    return key


def read_secret(path: Path) -> bytes:
    """Read a secret of 32 bytes that only its owner may read; raises `KeysError`."""
    text = read_private(path).strip()
    try:
        secret = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES or as_text(secret).strip() != text:
        raise KeysError(
            f"{path} does not hold {KEY_BYTES} bytes in base64url; restore it from "
            "your backup."
        )
    return secret


def read_private(path: Path) -> bytes:
    """Read a file that nobody but its owner may read."""
    try:
        with path.open("rb") as file:
            # Of the open file, so that it cannot be exchanged in between.
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST_FILE)
    except FileNotFoundError:
        raise KeysError(
            f"{path} is missing; restore it from your backup (a new key would not open "
            "what the old one sealed), or run `erasure keys init` for a new directory."
        ) from None
    except OSError as error:
        raise KeysError(
            f"{path} cannot be read ({error.strerror}); give it to the user who runs "
            "this program, with mode 0600."
        ) from None
    if mode & OTHERS:
        raise KeysError(f"Others may read {path}; run `chmod 600 {path}`.")
    return content


def as_text(secret: bytes) -> bytes:
    """Spell a secret as its file does."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=") + b"\n"
