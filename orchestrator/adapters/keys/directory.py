"""
The key directory: the secrets that live outside the database.

`kek.key` wraps every data key, `pseudonym.key` makes the references of people,
`signing-<keyid8>.pem` signs statements and `test-signing-<keyid8>.pem` those of tests
and dry runs, so that nobody takes one for the other.  `next-…` is prepared and not in
use yet; `retired-…` still opens, or verifies, what was sealed or signed before.  How
keys are exchanged is in `rotation`; keys held by a KMS are not here yet.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
)
from pydantic import SecretBytes

from orchestrator.adapters.keys.files import (
    KEY_BYTES,
    OTHERS,
    KeysError,
    as_text,
    key_id_of,
    load_public_key,
    name_of_key,
    public_pem,
    read_secret,
    read_signing_key,
    sync_directory,
    write_new,
)

__all__ = ["CreatedKeys", "KeyRing", "KeysError", "key_id_of", "name_of_key"]

# Never change: the names by which an existing directory is found again.
KEK_FILE = "kek.key"
PSEUDONYM_FILE = "pseudonym.key"
SIGNING, TEST_SIGNING = "signing", "test-signing"
NEXT_KEK = "next-kek.key"
RETIRED_KEKS = "retired-kek-*.key"
NEXT_SIGNING = f"next-{SIGNING}"
RETIRED_SIGNING = f"retired-{SIGNING}"

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


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
    retired_signing: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)

    @property
    def public_signing(self) -> Mapping[str, Ed25519PublicKey]:
        """The public keys that sign receipts and the log, or did, by id."""
        now = {self.signing_key_id: self.signing_key.public_key()}
        return {**self.retired_signing, **now}

    def __repr__(self) -> str:
        return f"KeyRing(signing_key_id={self.signing_key_id[:8]!r}, keys hidden)"

    def export_public(self, path: Path, *, of_tests: bool = False) -> None:
        """Write a public key as PEM (SubjectPublicKeyInfo), as openssl reads it."""
        key = self.test_signing_key if of_tests else self.signing_key
        try:
            path.write_bytes(public_pem(key.public_key()))
        except OSError as error:
            raise KeysError(
                f"The public key cannot be written to {path} ({error.strerror}); "
                "name a file in a directory you may write to."
            ) from None


def create_keys(directory: Path) -> CreatedKeys:
    """
    Make a new set of keys in *directory*; raises `KeysError` if it holds any already.

    The directory is made with mode 0700, each file with 0600; all is on disk before
    this returns.
    """
    _prepare(directory)
    key_id, pem = new_signing_key()
    test_key_id, test_pem = new_signing_key()
    contents = {
        KEK_FILE: as_text(urandom(KEY_BYTES)),
        PSEUDONYM_FILE: as_text(urandom(KEY_BYTES)),
        signing_file(SIGNING, key_id): pem,
        signing_file(TEST_SIGNING, test_key_id): test_pem,
    }
    for name, content in contents.items():
        write_new(directory / name, content)
    sync_directory(directory)
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
    key_id, pem = new_signing_key()
    path = directory / signing_file(TEST_SIGNING, key_id)
    write_new(path, pem)
    sync_directory(directory)
    return path


def new_signing_key() -> tuple[str, bytes]:
    """Make a key; returns its fingerprint and its file's content."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key_id_of(key.public_key()), pem


def signing_file(purpose: str, key_id: str) -> str:
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
    kek = read_keks(directory)[0]
    pseudonym_key = read_secret(directory / PSEUDONYM_FILE)
    signing_key = _read_signing_key(directory, SIGNING)
    test_key = _read_signing_key(directory, TEST_SIGNING)
    return KeyRing(
        kek=kek,
        pseudonym_key=SecretBytes(pseudonym_key),
        signing_key=signing_key,
        signing_key_id=key_id_of(signing_key.public_key()),
        test_signing_key=test_key,
        test_signing_key_id=key_id_of(test_key.public_key()),
        retired_signing=_retired_signing(directory),
    )


def read_keks(directory: Path) -> Sequence[SecretBytes]:
    """
    Read every key-encryption key: the current one first, then next and retired ones.

    Raises `KeysError`.
    """
    paths = [directory / KEK_FILE]
    paths += (path for path in [directory / NEXT_KEK] if path.exists())
    paths += sorted(directory.glob(RETIRED_KEKS))
    return [SecretBytes(raw) for raw in dict.fromkeys(map(read_secret, paths))]


def name_of_kek(kek: bytes) -> str:
    """Name a key-encryption key by 8 digits that give nothing of it away."""
    return hmac.digest(kek, b"erasure/kek-name/1", "sha256").hex()[:8]


def _retired_signing(directory: Path) -> Mapping[str, Ed25519PublicKey]:
    """Return the public keys that signed before, by id."""
    paths = sorted(directory.glob(f"{RETIRED_SIGNING}-*.pem"))
    keys = [load_public_key(path) for path in paths]
    return {key_id_of(key): key for key in keys}


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
    if mode & OTHERS:
        raise KeysError(
            f"Others may enter {directory}, and nothing was made: run "
            f"`chmod 700 {directory}` first."
        )


def _key_files(directory: Path) -> Iterable[Path]:
    for purpose in (SIGNING, TEST_SIGNING, NEXT_SIGNING, RETIRED_SIGNING):
        yield from directory.glob(f"{purpose}-*.pem")
    yield from directory.glob("*-kek*.key")
    for name in (KEK_FILE, PSEUDONYM_FILE):
        if os.path.lexists(directory / name):
            yield directory / name


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
        # An exchange that was cut short: the retired one is about to go.
        found = [it for it in found if not (directory / f"retired-{it.name}").exists()]
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise KeysError(
            f"{directory} holds {len(found)} signing keys ({names}); "
            "keep the one that signs and move the others away."
        )
    path = found[0]
    key = read_signing_key(path)
    if path.name != signing_file(purpose, key_id_of(key.public_key())):
        raise KeysError(
            f"{path} holds another key than its name says; restore it from your backup."
        )
    return key
