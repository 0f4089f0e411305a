"""Proofs as files: a receipt is in the log, verified offline with public keys alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.keys.files import load_public_key
from orchestrator.adapters.keys.signing import LARGEST_ENVELOPE
from orchestrator.adapters.receipts.growth import read_growth, verify_growth
from orchestrator.adapters.receipts.notes import (
    Checkpoint,
    NoteRejected,
    read_checkpoint,
    read_proof,
    verify_proof,
)
from orchestrator.core.answer.merkle import leaf_hash
from orchestrator.errors import SetUpError

_LARGEST_PROOF = 65536  # bytes: sixty hashes and sixty signatures


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a receipt stands in the log of a verified checkpoint."""

    number: int
    checkpoint: Checkpoint


def verify_logged(
    receipt: Path, proof: Path, key_path: Path, *, name: str | None = None
) -> Logged:
    """
    Verify that the file *receipt* is in the log whose head *proof* carries.

    Without *name* it is the log that the proof names itself, signed by that key.  Says
    nothing of the receipt's own signature.  Raises `NoteRejected`, `KeysError`, or
    `SetUpError` if a file cannot be read.
    """
    key = load_public_key(key_path)
    leaf = leaf_hash(_content(receipt, LARGEST_ENVELOPE))
    found = read_proof(_proof_text(proof))
    said = name or read_checkpoint(found.note).origin
    return Logged(found.index, verify_proof(found, leaf, said, key))


def stamp_and_note(stamp: Path, proof: Path) -> tuple[bytes, str]:
    """Return a time stamp's bytes, and the head of the proof that it is to be of."""
    return _content(stamp, _LARGEST_PROOF), read_proof(_proof_text(proof)).note


def kept_checkpoints(path: Path) -> tuple[Checkpoint, ...]:
    """Return the checkpoint of a note, or of a proof, that somebody kept in a file."""
    try:
        text = _content(path, _LARGEST_PROOF).decode()
    except UnicodeDecodeError:
        raise NoteRejected(f"{path} is not a checkpoint.") from None
    if text.startswith("c2sp.org/tlog-proof@v1\n"):
        text = read_proof(text).note
    return (read_checkpoint(text),)


def verify_grown(proof: Path, kept: Path, key_path: Path) -> tuple[int, Checkpoint]:
    """
    Verify that a log begins with all of a kept checkpoint; return both ends.

    Raises `NoteRejected`, `KeysError`, or `SetUpError` if a file cannot be read.
    """
    growth = read_growth(_proof_text(proof))
    (before,) = kept_checkpoints(kept)
    newer = verify_growth(growth, before, load_public_key(key_path))
    return before.size, newer


def _proof_text(path: Path) -> str:
    """Read a proof; raises `NoteRejected` if it is not a text."""
    try:
        return _content(path, _LARGEST_PROOF).decode()
    except UnicodeDecodeError:
        raise NoteRejected("The proof is not a text.") from None


def _content(path: Path, most: int) -> bytes:
    """Read a file, no more than could be one of ours."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise SetUpError(
            f"{path} cannot be read ({error.strerror}); name a receipt's file, or the"
            " file that `erasure log` wrote."
        ) from None
