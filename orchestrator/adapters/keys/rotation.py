"""
Exchange keys in the key directory, so that no moment of dying loses one.

    next-kek.key is written        -> prepared: opens, seals nothing yet
    retired-kek-<name>.key is a copy of kek.key
    next-kek.key becomes kek.key   -> in one step: exchanged

A signing key goes the same way, but of the retired one only the public half stays: to
verify takes no more, and what does not exist cannot be stolen.  Each step is on disk
before the next, and doing it all again goes on where it ended.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import urandom
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretBytes

from orchestrator.adapters.keys.directory import (
    KEK_FILE,
    NEXT_KEK,
    RETIRED_KEKS,
    SIGNING,
    TEST_SIGNING,
    KeyRing,
    load_keys,
    name_of_kek,
    new_signing_key,
    read_keks,
)
from orchestrator.adapters.keys.files import (
    KEY_BYTES,
    TEST,
    KeysError,
    as_text,
    key_id_of,
    public_keys_in,
    public_pem,
    put,
    read_secret,
    sync_directory,
)
from orchestrator.errors import NotPossible

# What a process that runs may still hold and store after an exchange.
SETTLED_AFTER = timedelta(days=1)


class KekFolder:
    """The key-encryption keys as the directory has them now, read when they change."""

    def __init__(self, directory: Path) -> None:
        """Read them once; raises `KeysError`."""
        self._directory = directory
        self._state = self._look()
        self._keks = tuple(read_keks(directory))

    def __call__(self) -> Sequence[SecretBytes]:
        """Return the keys, the current first: the same object until they change."""
        # A directory that is away or half written is looked at again: the keys in
        # memory go on meanwhile.
        with suppress(OSError, KeysError):
            state = self._look()
            if state != self._state:
                self._keks = tuple(read_keks(self._directory))
                self._state = state
        return self._keks

    def _look(self) -> tuple[int, int]:
        """Return what differs after each step of an exchange."""
        names = self._directory.stat().st_mtime_ns
        return names, (self._directory / KEK_FILE).stat().st_ino


class SigningFolder:
    """The keys of a directory, read again when its files change."""

    def __init__(self, directory: Path) -> None:
        """Read them once; raises `KeysError`."""
        self._directory = directory
        self._changed_at = directory.stat().st_mtime_ns if directory.is_dir() else 0
        self._ring = load_keys(directory)

    def __call__(self) -> KeyRing:
        """Return the keys as they are now: the same object until they change."""
        # As above: whatever cannot be read now is looked at again.
        with suppress(OSError, KeysError):
            changed_at = self._directory.stat().st_mtime_ns
            if changed_at != self._changed_at:
                self._ring = load_keys(self._directory)
                self._changed_at = changed_at
        return self._ring


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The names of a key and of the one before it."""

    current: str
    retired: str


def prepare_kek(directory: Path) -> Path:
    """Make the next key-encryption key; one that is there already stays."""
    with _alone(directory):
        load_keys(directory)
        return _prepared_kek(directory)


def is_kek_prepared(directory: Path) -> bool:
    """Tell whether a key-encryption key waits to be taken into use."""
    return (directory / NEXT_KEK).exists()


def exchange_kek(directory: Path) -> Exchanged:
    """Take the next key-encryption key into use; the old one still opens."""
    with _alone(directory):
        load_keys(directory)
        following = _prepared_kek(directory)
        current = directory / KEK_FILE
        old = read_secret(current)
        new = read_secret(following)
        put(directory / RETIRED_KEKS.replace("*", name_of_kek(old)), as_text(old))
        _renamed(following, current)
    return Exchanged(name_of_kek(new), name_of_kek(old))


def retired_keks(directory: Path) -> Sequence[Path]:
    """Return the files of key-encryption keys that only open."""
    current = read_secret(directory / KEK_FILE)
    retired = sorted(directory.glob(RETIRED_KEKS))
    return [path for path in retired if read_secret(path) != current]


def prune_keks(
    directory: Path, now: datetime, settled_after: timedelta = SETTLED_AFTER
) -> Sequence[str]:
    """
    Delete the retired key-encryption keys; returns their files' names.

    Whoever asks has made sure that nothing needs them.  Raises `NotPossible` while a
    process may still store what it sealed before the exchange.
    """
    with _alone(directory):
        exchanged_ns = (directory / KEK_FILE).stat().st_ctime_ns
        exchanged_at = datetime.fromtimestamp(exchanged_ns / 10**9, UTC)
        if now < exchanged_at + settled_after:
            raise NotPossible(
                "The key was exchanged, or its file copied, too short a time ago:"
                " something sealed before may still be on its way; ask again after"
                f" {exchanged_at + settled_after:%Y-%m-%d %H:%M}Z."
            )
        found = retired_keks(directory)
        for path in found:
            path.unlink()
        sync_directory(directory)
    return [path.name for path in found]


def prepare_signing(directory: Path, *, of_tests: bool = False) -> Path:
    """Make the next signing key; one that is there already stays."""
    with _alone(directory):
        load_keys(directory)
        return _prepared_signing(directory, _purpose(of_tests=of_tests))


def exchange_signing(directory: Path, *, of_tests: bool = False) -> Exchanged:
    """
    Sign with the next key from now on; of the old one the public half stays.

    An exchange that was cut short is ended instead, and no further key made.
    """
    purpose = _purpose(of_tests=of_tests)
    with _alone(directory):
        key = _signing(load_keys(directory), of_tests=of_tests)
        name = key_id_of(key.public_key())[:8]
        leftover = [
            path
            for path in directory.glob(f"{purpose}-*.pem")
            if _is_retired(path) and name not in path.name
        ]
        if not leftover:
            old = directory / f"{purpose}-{name}.pem"
            following = _prepared_signing(directory, purpose)
            put(directory / f"retired-{old.name}", public_pem(key.public_key()))
            _renamed(following, directory / following.name.removeprefix("next-"))
            leftover = [old]
        for path in leftover:
            path.unlink()
        sync_directory(directory)
    retired = leftover[0].stem.removeprefix(f"{purpose}-")
    current = _signing(load_keys(directory), of_tests=of_tests)
    return Exchanged(key_id_of(current.public_key()), retired)


def _purpose(*, of_tests: bool) -> str:
    """Return what the files of a signing key are called."""
    return TEST_SIGNING if of_tests else SIGNING


def _signing(ring: KeyRing, *, of_tests: bool) -> Ed25519PrivateKey:
    """Return the key that signs receipts, or tests and dry runs."""
    return ring.test_signing_key if of_tests else ring.signing_key


def export_public_keys(directory: Path, to: Path) -> Sequence[Path]:
    """Write every public key there is, was or will be into a folder, by its name."""
    load_keys(directory)
    real = public_keys_in(directory)
    every = public_keys_in(directory, with_tests=True)
    paths = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for key_id, key in every.items():
            # So that a folder of these does not take a test's key for a receipt's.
            name = key_id[:8] if key_id in real else f"{TEST}{key_id[:8]}"
            paths.append(to / f"{name}.pem")
            paths[-1].write_bytes(public_pem(key))
    except OSError as error:
        raise KeysError(
            f"{to} cannot be written to ({error.strerror}); name a folder of yours."
        ) from None
    return paths


def _is_retired(path: Path) -> bool:
    """Tell whether the public half of a signing key is kept as a retired one."""
    return path.with_name(f"retired-{path.name}").exists()


def _prepared_kek(directory: Path) -> Path:
    """Return the file of the next key, made if there is none."""
    path = directory / NEXT_KEK
    if not path.exists():
        put(path, as_text(urandom(KEY_BYTES)))
    return path


def _prepared_signing(directory: Path, purpose: str) -> Path:
    """Return the file of the next signing key, made if there is none."""
    found = sorted(directory.glob(f"next-{purpose}-*.pem"))
    if found:
        return found[0]
    key_id, pem = new_signing_key()
    path = directory / f"next-{purpose}-{key_id[:8]}.pem"
    put(path, pem)
    return path


def _renamed(path: Path, to: Path) -> None:
    """Let a file take the place of another, in one step."""
    path.replace(to)
    sync_directory(to.parent)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let no other command exchange keys meanwhile."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeysError(
            f"The key directory {directory} cannot be opened ({error.strerror}); set"
            " ERASURE_KEYS_DIR to the directory that holds your keys."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
