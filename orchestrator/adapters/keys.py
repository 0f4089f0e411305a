"""
The key directory: the secrets that live outside the database.

`kek.key` wraps every data key, `pseudonym.key` makes the references of people,
`signing-<keyid8>.pem` signs statements and `test-signing-<keyid8>.pem` those of tests
and dry runs, so that nobody takes one for the other.  They are created once, never
overwritten and read at start only.  Rotation and keys held by a KMS are not here yet.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from os import urandom
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import SecretBytes

from orchestrator.errors import SetUpError

# Never change: the names by which an existing directory is found again.
KEK_FILE = "kek.key"
PSEUDONYM_FILE = "pseudonym.key"
SIGNING, TEST_SIGNING = "signing", "test-signing"

_KEY_BYTES = 32
_LARGEST_FILE = 4096  # bytes; each real file has less than 200
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class KeysError(SetUpError):
    """A key or the key directory cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class CreatedKeys:
    """What `create_keys` made, and what a person must be told about it."""

    directory: Path
    files: tuple[Path, ...]
    signing_key_id: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """
    The keys of one installation; `repr` shows none of them.

    `signing_key_id` is the hex SHA-256 of the raw 32-byte public key: receipts carry it
    and anybody can compute it from the public key.
    """

    kek: SecretBytes
    pseudonym_key: SecretBytes
    signing_key: Ed25519PrivateKey
    signing_key_id: str
    test_signing_key: Ed25519PrivateKey
    test_signing_key_id: str

    def __repr__(self) -> str:
        return f"KeyRing(signing_key_id={self.signing_key_id[:8]!r}, keys hidden)"

    def export_public(self, path: Path, *, of_tests: bool = False) -> None:
        """Write a public key as PEM (SubjectPublicKeyInfo), as openssl reads it."""
        key = self.test_signing_key if of_tests else self.signing_key
        pem = key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        try:
            path.write_bytes(pem)
        except OSError as error:
            raise KeysError(
                f"The public key cannot be written to {path} ({error.strerror}); "
                "name a file in a directory you may write to."
            ) from None


def key_id_of(public_key: Ed25519PublicKey) -> str:
    """
    Return the hex SHA-256 of the raw public key: 64 lower-case digits.

    Never change: receipts name their key by it.
    """
    return name_of_key(public_key.public_bytes_raw())


def name_of_key(raw: bytes) -> str:
    """Return the same name for any public key of 32 raw bytes."""
    return sha256(raw).hexdigest()


def create_keys(directory: Path) -> CreatedKeys:
    """
    Make a new set of keys in *directory*; raises `KeysError` if it holds any already.

    The directory is made with mode 0700, each file with 0600; all is on disk before
    this returns.
    """
    _prepare(directory)
    key_id, pem = _new_signing_key()
    test_key_id, test_pem = _new_signing_key()
    contents = {
        KEK_FILE: _as_text(urandom(_KEY_BYTES)),
        PSEUDONYM_FILE: _as_text(urandom(_KEY_BYTES)),
        _signing_file(SIGNING, key_id): pem,
        _signing_file(TEST_SIGNING, test_key_id): test_pem,
    }
    for name, content in contents.items():
        _write_new(directory / name, content)
    _sync_directory(directory)
    return CreatedKeys(
        directory=directory,
        files=tuple(directory / name for name in contents),
        signing_key_id=key_id,
        sentences=_what_to_know(directory, contents),
    )


def add_test_key(directory: Path) -> Path:
    """Make the key of tests and dry runs where there is none; returns its file."""
    found = sorted(directory.glob(f"{TEST_SIGNING}-*.pem"))
    if found:
        raise KeysError(f"{found[0]} is there already, and nothing was changed.")
    key_id, pem = _new_signing_key()
    path = directory / _signing_file(TEST_SIGNING, key_id)
    _write_new(path, pem)
    _sync_directory(directory)
    return path


def _new_signing_key() -> tuple[str, bytes]:
    """Make a key; returns its fingerprint and its file's content."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key_id_of(key.public_key()), pem


def _signing_file(purpose: str, key_id: str) -> str:
    """Name the file of a signing key."""
    return f"{purpose}-{key_id[:8]}.pem"


def load_keys(directory: Path) -> KeyRing:
    """Read the keys in *directory*; raises `KeysError` with one sentence what to do."""
    if not directory.is_dir():
        raise KeysError(
            f"The key directory {directory} does not exist; run `erasure keys init`, "
            "or set ERASURE_KEYS_DIR to the directory that holds your keys."
        )
    if directory.stat().st_mode & _OTHERS_WRITE:
        raise KeysError(
            f"Others may write into the key directory {directory} and so exchange keys;"
            f" run chmod go-w {directory}."
        )
    kek = _read_secret(directory / KEK_FILE)
    pseudonym_key = _read_secret(directory / PSEUDONYM_FILE)
    signing_key = _read_signing_key(directory, SIGNING)
    test_key = _read_signing_key(directory, TEST_SIGNING)
    return KeyRing(
        kek=SecretBytes(kek),
        pseudonym_key=SecretBytes(pseudonym_key),
        signing_key=signing_key,
        signing_key_id=key_id_of(signing_key.public_key()),
        test_signing_key=test_key,
        test_signing_key_id=key_id_of(test_key.public_key()),
    )


# --- creating ------------------------------------------------------------------


def _prepare(directory: Path) -> None:
    """Make the directory, or make sure that an existing one is safe to fill."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = directory.stat().st_mode
        present = sorted(path.name for path in _key_files(directory))
    except OSError as error:
        raise KeysError(
            f"The key directory {directory} cannot be made ({error.strerror}); set "
            "ERASURE_KEYS_DIR to a directory you may write to."
        ) from None
    if present:
        raise KeysError(
            f"{directory} already holds {', '.join(present)}, and nothing was changed: "
            "keys are never overwritten; name another directory, or move these files "
            "away if no database was ever used with them."
        )
    if mode & _OTHERS:
        raise KeysError(
            f"Others may enter {directory}, and nothing was made: run "
            f"`chmod 700 {directory}` first."
        )


def _key_files(directory: Path) -> Iterable[Path]:
    for purpose in (SIGNING, TEST_SIGNING):
        yield from directory.glob(f"{purpose}-*.pem")
    for name in (KEK_FILE, PSEUDONYM_FILE):
        if os.path.lexists(directory / name):
            yield directory / name


def _write_new(path: Path, content: bytes) -> None:
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


def _sync_directory(directory: Path) -> None:
    for path in (directory, directory.parent):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _what_to_know(directory: Path, names: Iterable[str]) -> tuple[str, ...]:
    kek, pseudonym, signing, test = names
    return (
        (
            f"Back up {directory} now, apart from the database: whoever holds both can "
            "read what the vault protects."
        ),
        (
            f"If {kek} is lost, nothing sealed in the vault can be read again: open "
            "cases cannot be finished and exports cannot be downloaded."
        ),
        (
            f"If {pseudonym} is lost, nobody is recognised any more: the cases of one "
            "person no longer wait for each other, and a repeated request looks new."
        ),
        (
            f"If {signing} is lost, issued receipts can still be verified with the "
            "public key, but no new ones signed under it; if it is stolen, others can."
        ),
        (
            f"If {test} is lost, nothing is: it signs tests and dry runs only, and "
            "`erasure keys add-test-key` makes another."
        ),
        (
            "Keep the public key where readers of receipts find it: "
            "`erasure keys export-public --to FILE`."
        ),
    )


# --- reading --------------------------------------------------------------------


def _read_signing_key(directory: Path, purpose: str) -> Ed25519PrivateKey:
    found = sorted(directory.glob(f"{purpose}-*.pem"))
    if not found and purpose == TEST_SIGNING:
        raise KeysError(
            f"{directory} holds no {purpose}-….pem, by which tests and dry runs are "
            "signed; run `erasure keys add-test-key`."
        )
    if not found:
        raise KeysError(
            f"{directory} holds no {purpose}-….pem; restore it from your backup, or run"
            " `erasure keys init` for a new directory."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise KeysError(
            f"{directory} holds {len(found)} signing keys ({names}); "
            "keep the one that signs and move the others away."
        )
    path = found[0]
    key = _parse_private(path)
    if path.name != _signing_file(purpose, key_id_of(key.public_key())):
        raise KeysError(
            f"{path} holds another key than its name says; restore it from your backup."
        )
    return key


def _parse_private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(_read_private(path), password=None)
    except (ValueError, TypeError):
        # The library's text may quote the file, so it is not passed on.
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(
            f"{path} is not an unencrypted Ed25519 private key in PKCS8 PEM form; "
            "restore it from your backup."
        )
    return key


def _read_secret(path: Path) -> bytes:
    text = _read_private(path).strip()
    try:
        secret = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != _KEY_BYTES or _as_text(secret).strip() != text:
        raise KeysError(
            f"{path} does not hold {_KEY_BYTES} bytes in base64url; restore it from "
            "your backup."
        )
    return secret


def _read_private(path: Path) -> bytes:
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
    if mode & _OTHERS:
        raise KeysError(f"Others may read {path}; run `chmod 600 {path}`.")
    return content


def _as_text(secret: bytes) -> bytes:
    return base64.urlsafe_b64encode(secret).rstrip(b"=") + b"\n"
