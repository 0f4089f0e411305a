"""Signed notes, checkpoints and proof files, as others write and read them."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from orchestrator.adapters.receipts.notes import (
    Checkpoint,
    LogProof,
    NoteRejected,
    open_checkpoint,
    open_note,
    read_proof,
    sign_note,
    verifier_key,
    verify_proof,
)
from orchestrator.core.answer.merkle import inclusion_proof, leaf_hash, root_of

ORIGIN = "maison.example/receipts"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
LEAVES = [leaf_hash(str(number).encode()) for number in range(7)]

# The example of Go's golang.org/x/mod/sumdb/note, which the format comes from.
GO_NAME = "PeterNeumann"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1"
    "FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def a_checkpoint() -> str:
    """Return the signed head of the log of seven."""
    checkpoint = Checkpoint(ORIGIN, len(LEAVES), root_of(LEAVES))
    return sign_note(checkpoint.text, ORIGIN, KEY)


def a_proof(index: int = 3) -> LogProof:
    """Return the proof of one of the seven."""
    return LogProof(index, tuple(inclusion_proof(LEAVES, index)), a_checkpoint())


def test_note_of_the_reference_implementation_opens() -> None:
    """Go's own example verifies with its key, which is spelled as Go spells it."""
    raw = base64.b64decode(GO_KEY.split("+", 2)[2])
    key = Ed25519PublicKey.from_public_bytes(raw[1:])
    assert verifier_key(GO_NAME, key) == GO_KEY
    assert open_note(GO_NOTE, GO_NAME, key) == GO_TEXT


def test_checkpoint_opens_with_the_key_that_signed_it() -> None:
    """Name, size and root come back."""
    found = open_checkpoint(a_checkpoint(), ORIGIN, PUBLIC)
    assert found == Checkpoint(ORIGIN, 7, root_of(LEAVES))


def test_witness_may_sign_beside_the_log() -> None:
    """A line of somebody else is let be."""
    witness = Ed25519PrivateKey.from_private_bytes(bytes(32))
    text = Checkpoint(ORIGIN, 7, root_of(LEAVES)).text
    line = sign_note(text, "witness.example/1", witness).rpartition("\n\n")[2]
    both = a_checkpoint() + line
    assert open_checkpoint(both, ORIGIN, PUBLIC).size == 7


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda note: note.replace("\n7\n", "\n8\n"), id="size"),
        pytest.param(lambda note: note.replace(ORIGIN, "other.example/log"), id="log"),
        pytest.param(lambda note: note.replace("\n\n", "\nmore\n\n"), id="a line more"),
        pytest.param(lambda note: note[:-1], id="cut"),
        pytest.param(lambda note: note + "a word\n", id="no signature"),
        pytest.param(lambda note: note.partition("\n\n")[0], id="unsigned"),
        pytest.param(lambda _: "", id="empty"),
    ],
)
def test_changed_checkpoint_is_rejected(change: Callable[[str], str]) -> None:
    """Whatever of it was changed."""
    with pytest.raises(NoteRejected):
        open_checkpoint(change(a_checkpoint()), ORIGIN, PUBLIC)


def test_every_bit_of_a_checkpoint_counts() -> None:
    """No byte can be flipped without being noticed."""
    note = a_checkpoint().encode()
    for place in range(len(note)):
        changed = bytearray(note)
        changed[place] ^= 1
        with pytest.raises(NoteRejected):
            open_checkpoint(changed.decode(errors="replace"), ORIGIN, PUBLIC)


def test_other_key_is_not_taken() -> None:
    """A stranger who signs under the name of the log proves nothing."""
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    text = Checkpoint(ORIGIN, 7, root_of(LEAVES)).text
    with pytest.raises(NoteRejected, match="not signed with the given key"):
        open_checkpoint(sign_note(text, ORIGIN, stranger), ORIGIN, PUBLIC)


def test_signed_text_that_is_no_checkpoint_is_rejected() -> None:
    """A good signature over something else is not enough."""
    for text in ("one line\n", f"{ORIGIN}\n07\nAAAA\n", f"{ORIGIN}\n7\nAAAA\n"):
        with pytest.raises(NoteRejected):
            open_checkpoint(sign_note(text, ORIGIN, KEY), ORIGIN, PUBLIC)


@pytest.mark.parametrize("index", range(7))
def test_proof_file_verifies_by_itself(index: int) -> None:
    """What is written is read again, and shows that the entry is in the log."""
    text = a_proof(index).text
    proof = read_proof(text)
    assert proof == a_proof(index)
    assert verify_proof(proof, LEAVES[index], ORIGIN, PUBLIC).size == 7


def test_proof_of_another_entry_is_rejected() -> None:
    """The path of one entry says nothing of its neighbour."""
    with pytest.raises(NoteRejected, match="not in the log"):
        verify_proof(a_proof(3), LEAVES[4], ORIGIN, PUBLIC)


def test_extra_data_of_a_proof_is_skipped() -> None:
    """The format allows a line of it, which nobody may trust."""
    text = a_proof().text.replace("index", "extra AAAA\nindex", 1)
    assert read_proof(text) == a_proof()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a proof"),
        ("c2sp.org/tlog-proof@v2\nindex 1\n\nnote", "not a proof"),
        ("c2sp.org/tlog-proof@v1\n\nnote", "does not say where"),
        ("c2sp.org/tlog-proof@v1\nindex 01\n\nnote", "does not say where"),
        ("c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote", "32 bytes"),
        ("c2sp.org/tlog-proof@v1\nindex 1\n?\n\nnote", "plain base64"),
    ],
)
def test_damaged_proof_file_is_refused_with_its_reason(text: str, said: str) -> None:
    """Somebody who holds the file learns what is wrong with it."""
    with pytest.raises(NoteRejected, match=said):
        read_proof(text)


def test_note_that_would_not_open_is_not_signed() -> None:
    """A text without its newline, a name with a space or a plus."""
    for text, name in (("text", ORIGIN), ("text\n", "a b"), ("text\n", "a+b")):
        with pytest.raises(ValueError, match="plain name"):
            sign_note(text, name, KEY)
