"""
Proofs that a log only grew: what somebody kept of it is still how it begins.

A file is the request that witnesses of such logs take (c2sp.org/tlog-witness,
`add-checkpoint`, read 2026-11): the earlier size, the hashes of RFC 6962 section 2.1.2,
and the newer checkpoint.  Whoever kept an earlier checkpoint verifies it offline, with
the log's public key and none of the receipts.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from orchestrator.adapters.receipts.notes import (
    Checkpoint,
    NoteRejected,
    hash_of,
    number_of,
    open_checkpoint,
    spelled,
)
from orchestrator.core.answer.merkle import Hash, ProofError, check_consistency

_MOST_HASHES = 63  # the format's limit: a log of 2**63 entries needs no more


@dataclass(frozen=True, slots=True)
class Growth:
    """That the log of *note* begins with its first *earlier* entries as they were."""

    earlier: int
    path: tuple[Hash, ...]
    note: str

    @property
    def text(self) -> str:
        """The proof file."""
        lines = [f"old {self.earlier}", *map(spelled, self.path), "", ""]
        return "\n".join(lines) + self.note


def read_growth(text: str) -> Growth:
    """Take a proof file apart; verifies nothing.  Raises `NoteRejected`."""
    head, blank, note = text.partition("\n\n")
    first, *hashes = head.split("\n")
    word, _, said = first.partition(" ")
    earlier = number_of(said)
    if word != "old" or not blank or earlier is None or len(hashes) > _MOST_HASHES:
        raise NoteRejected(
            "The file is no proof of growth; `erasure log prove-growth` writes one,"
            " and it begins with the word old."
        )
    return Growth(earlier, tuple(map(hash_of, hashes)), note)


def verify_growth(
    growth: Growth, kept: Checkpoint, key: Ed25519PublicKey
) -> Checkpoint:
    """
    Return the newer checkpoint, whose log begins with all of the *kept* one.

    The newer one is signed with *key*; the kept one is taken as it was kept.  Raises
    `NoteRejected`: another key or log, an altered proof, or a log that was rewritten.
    """
    newer = open_checkpoint(growth.note, kept.origin, key)
    if growth.earlier != kept.size:
        raise NoteRejected(
            f"The proof is for a checkpoint of {growth.earlier} entries, and the kept"
            f" one has {kept.size}; ask for a proof from the kept one."
        )
    try:
        check_consistency(kept.size, newer.size, growth.path, kept.root, newer.root)
    except ProofError as error:
        raise NoteRejected(str(error)) from None
    return newer
