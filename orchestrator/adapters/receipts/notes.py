"""
Signed notes, checkpoints and proofs of a log, as C2SP writes them.

A checkpoint says how long the log is and what its root is; a proof file says where in
it an entry stands and carries the checkpoint, so that both are verified offline with
the log's key alone.

Formats: c2sp.org/signed-note 1.0.0, c2sp.org/tlog-checkpoint 1.0.0 and
c2sp.org/tlog-proof@v1, read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from orchestrator.core.answer.merkle import Hash, ProofError, check_inclusion
from orchestrator.errors import OrchestratorError

_ED25519 = b"\x01"
_DASH = "— "
_PROOF = "c2sp.org/tlog-proof@v1"
_HASH_BYTES = 32
_MOST_SIGNATURES = 64
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_NAME = re.compile(r"[^\s+\x00-\x1f]+")


Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by fingerprint."""


class NoteRejected(OrchestratorError):  # noqa: N818 (a verdict, not a fault)
    """A note, checkpoint or proof is not what its key signed; the text says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its name, how many entries it has, and its root."""

    origin: str
    size: int
    root: Hash

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{spelled(self.root)}\n"


@dataclass(frozen=True, slots=True)
class LogSigner:
    """
    Signs the heads of the log *name*; *key_id* is the key's fingerprint.

    *retired* are the public keys that signed before, by fingerprint.
    """

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    key_id: str
    retired: Keys = field(default_factory=dict, repr=False)

    def sign(self, size: int, root: Hash) -> str:
        """Return the note over a log of *size* entries."""
        return sign_note(Checkpoint(self.name, size, root).text, self.name, self.key)

    @property
    def keys(self) -> Keys:
        """The public keys that sign, or did, by fingerprint."""
        return {**self.retired, self.key_id: self.key.public_key()}

    def read(self, note: str, key_id: str) -> Checkpoint:
        """Return what one of our keys signed; raises `NoteRejected` for any other."""
        said = read_checkpoint(note)
        keys = self.keys
        if key_id not in keys:
            raise NoteRejected(
                f"The checkpoint names the key {key_id[:8]}, which never was ours."
            )
        return open_checkpoint(note, said.origin, keys[key_id])


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands in the log of a checkpoint, which is kept as it was."""

    index: int
    path: tuple[Hash, ...]
    note: str

    @property
    def text(self) -> str:
        """The proof file."""
        lines = [_PROOF, f"index {self.index}", *map(spelled, self.path), "", ""]
        return "\n".join(lines) + self.note


def key_hint(name: str, key: Ed25519PublicKey) -> bytes:
    """Return the four bytes by which a signature line names its key."""
    hashed = name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()
    return sha256(hashed).digest()[:4]


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """Spell a key as verifiers of the ecosystem take it: `name+hint+key`."""
    raw = spelled(_ED25519 + key.public_bytes_raw())
    return f"{name}+{key_hint(name, key).hex()}+{raw}"


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return *text* as a note signed by *name*; both must be as the format wants."""
    if not _NAME.fullmatch(name) or not text.endswith("\n"):
        raise ValueError("A note ends with a newline, and its signer has a plain name.")
    hint = key_hint(name, key.public_key())
    signature = spelled(hint + key.sign(text.encode()))
    return f"{text}\n{_DASH}{name} {signature}\n"


def open_note(note: str, name: str, key: Ed25519PublicKey) -> str:
    """
    Return the text that *name* signed with *key*; raises `NoteRejected`.

    Other signatures, of witnesses, are let be; one of ours that fails rejects the note.
    """
    text, blank, lines = note.rpartition("\n\n")
    signatures = lines.removesuffix("\n").split("\n")
    if not blank or not lines.endswith("\n") or len(signatures) > _MOST_SIGNATURES:
        raise NoteRejected("This is not a signed note.")
    text += "\n"
    wanted, is_signed = key_hint(name, key), False
    for line in signatures:
        signer, signature = _signature(line)
        if signer == name and signature[:4] == wanted:
            _verify(key, signature[4:], text)
            is_signed = True
    if not is_signed:
        raise NoteRejected(f"The note is not signed with the given key of {name}.")
    return text


def open_checkpoint(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """Return the checkpoint that the log *origin* signed; raises `NoteRejected`."""
    found = _checkpoint(open_note(note, origin, key))
    if found.origin != origin:
        raise NoteRejected(f"The checkpoint is of another log than {origin}.")
    return found


def read_checkpoint(note: str) -> Checkpoint:
    """Return what a checkpoint says; verifies nothing.  Raises `NoteRejected`."""
    text, blank, _ = note.rpartition("\n\n")
    if not blank:
        raise NoteRejected("This is not a signed note.")
    return _checkpoint(f"{text}\n")


def _checkpoint(text: str) -> Checkpoint:
    """Take the text of a checkpoint apart."""
    lines = text.split("\n")
    if len(lines) < 4 or not _NUMBER.fullmatch(lines[1]):  # noqa: PLR2004 (3 and the end)
        raise NoteRejected("The note is signed, but it is not a checkpoint.")
    return Checkpoint(lines[0], int(lines[1]), hash_of(lines[2]))


def read_proof(text: str) -> LogProof:
    """Take a proof file apart; verifies nothing.  Raises `NoteRejected`."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != _PROOF or not blank:
        raise NoteRejected(f"The file is not a proof; it would begin with {_PROOF}.")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    word, _, number = rest[0].partition(" ") if rest else ("", "", "")
    if word != "index" or not _NUMBER.fullmatch(number):
        raise NoteRejected("The proof does not say where in the log its entry stands.")
    return LogProof(int(number), tuple(map(hash_of, rest[1:])), note)


def verify_proof(
    proof: LogProof, leaf: Hash, origin: str, key: Ed25519PublicKey
) -> Checkpoint:
    """Return the checkpoint under which *leaf* is in the log; else `NoteRejected`."""
    checkpoint = open_checkpoint(proof.note, origin, key)
    try:
        check_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
    except ProofError as error:
        raise NoteRejected(str(error)) from None
    return checkpoint


def number_of(text: str) -> int | None:
    """Read a size or place in its one spelling, if it is one."""
    return int(text) if _NUMBER.fullmatch(text) else None


def _verify(key: Ed25519PublicKey, signature: bytes, text: str) -> None:
    try:
        key.verify(signature, text.encode())
    except InvalidSignature:
        raise NoteRejected(
            "The signature does not match: the checkpoint was changed."
        ) from None


def _signature(line: str) -> tuple[str, bytes]:
    """Take a signature line apart."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise NoteRejected("A line of the note is not a signature.")
    return name, _bytes(encoded)


def hash_of(text: str) -> Hash:
    """Read a hash of a file; raises `NoteRejected`."""
    raw = _bytes(text)
    if len(raw) != _HASH_BYTES:
        raise NoteRejected("A hash of the file is not 32 bytes long.")
    return raw


def _bytes(text: str) -> bytes:
    """Read standard base64 in its one spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw or spelled(raw) != text:
        raise NoteRejected("A part of the file is not plain base64.")
    return raw


def spelled(raw: bytes) -> str:
    """Spell bytes as these formats do: standard base64, padded."""
    return base64.b64encode(raw).decode("ascii")
