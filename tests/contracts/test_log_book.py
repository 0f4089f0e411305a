"""What tampering with receipts looks like: each kind shows in the log."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.notes import (
    Checkpoint,
    NoteRejected,
    read_checkpoint,
    verify_proof,
)
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.adapters.sql import tables as t
from orchestrator.core.answer.merkle import (
    ProofError,
    check_consistency,
    consistency_proof,
    leaf_hash,
)
from orchestrator.errors import NotPossible
from tests.contracts.stored import Stored
from tests.core.builders import T0
from tests.support.logged import LOG, MINUTE, SIGNER, a_log, a_statement, sign
from tests.support.signed_receipts import PUBLIC_KEY


def _codes(stored: Stored, *elsewhere: Checkpoint) -> set[str]:
    """Return what a check of the log finds."""
    found = LogBook(stored.database).checked(SIGNER, elsewhere)
    return {fault.code for fault in found.faults}


def _kept(stored: Stored) -> Checkpoint:
    """Return the head of the log as somebody keeps it."""
    head = LogBook(stored.database).head()
    assert head is not None
    return read_checkpoint(head.note)


def _forged(stored: Stored) -> None:
    """Make a log afresh over what the database holds, with the true key."""
    with stored.database.writing() as connection:
        connection.execute(delete(t.log_entries))
        connection.execute(delete(t.log_checkpoints))
        connection.execute(update(t.statements).values(to_log=1))
    SqlStatementLog(stored.database, SIGNER).append(T0 + 10 * MINUTE)


def test_untouched_log_holds_together(stored: Stored) -> None:
    """Every checkpoint is seen, those kept elsewhere too."""
    a_log(stored.database, 2, 3, 2)

    found = LogBook(stored.database).checked(SIGNER, [_kept(stored)])

    assert (found.statements, found.checkpoints, found.waiting) == (7, 3, 0)
    assert found.faults == ()


def test_deleted_receipt_is_missed(stored: Stored) -> None:
    """Its entry stays and says that something is gone."""
    a_log(stored.database, 2, 2)

    with stored.database.writing() as connection:
        connection.execute(delete(t.statements).where(t.statements.c.id == "c-1-1"))

    assert _codes(stored) == {"statement_deleted"}


def test_receipt_deleted_with_its_entry_is_missed(stored: Stored) -> None:
    """The checkpoints over it sign another tree."""
    a_log(stored.database, 2, 2)

    with stored.database.writing() as connection:
        connection.execute(delete(t.statements).where(t.statements.c.id == "c-1-1"))
        connection.execute(delete(t.log_entries).where(t.log_entries.c.number == 1))

    assert _codes(stored) >= {"entry_missing", "root_differs", "entries_missing"}


def test_receipts_cut_off_at_the_end_show_elsewhere(stored: Stored) -> None:
    """With their checkpoints they are gone without a trace, but for the one kept."""
    a_log(stored.database, 2, 2)
    kept = _kept(stored)

    with stored.database.writing() as connection:
        ids = ("c-2-1", "c-3-1")
        connection.execute(delete(t.statements).where(t.statements.c.id.in_(ids)))
        connection.execute(delete(t.log_entries).where(t.log_entries.c.number >= 2))
        last = t.log_checkpoints.c.size == 4
        connection.execute(delete(t.log_checkpoints).where(last))

    assert _codes(stored) == set()
    assert _codes(stored, kept) == {"behind"}


def test_reordered_receipts_show(stored: Stored) -> None:
    """Two entries that changed places make another root."""
    a_log(stored.database, 3)

    with stored.database.writing() as connection:
        number = t.log_entries.c.number
        for before, after in ((0, 9), (2, 0), (9, 2)):
            connection.execute(
                update(t.log_entries).where(number == before).values(number=after)
            )

    assert _codes(stored) == {"root_differs"}


def test_altered_receipt_shows(stored: Stored) -> None:
    """Signed again with the true key, it is still not what the log holds."""
    a_log(stored.database, 2)
    other = a_statement(1, result="partial")

    with stored.database.writing() as connection:
        connection.execute(
            update(t.statements)
            .where(t.statements.c.id == other.id)
            .values(envelope=other.envelope, sha256=other.sha256)
        )

    assert _codes(stored) == {"statement_altered", "root_differs"}


def test_receipt_altered_with_its_entry_shows(stored: Stored) -> None:
    """The leaf was changed as well: the signed root speaks."""
    a_log(stored.database, 2)
    other = a_statement(1, result="partial")

    with stored.database.writing() as connection:
        mine = t.statements.c.id == other.id
        new = {"envelope": other.envelope, "sha256": other.sha256}
        connection.execute(update(t.statements).where(mine).values(**new))
        entry = t.log_entries.c.statement_id == other.id
        leaf = leaf_hash(other.envelope)
        connection.execute(update(t.log_entries).where(entry).values(leaf=leaf))

    assert _codes(stored) == {"root_differs"}


def test_back_dated_receipt_shows(stored: Stored) -> None:
    """What says a time before the checkpoint that it follows was put in later."""
    a_log(stored.database, 30)
    sign(stored.database, a_statement(99, T0))

    SqlStatementLog(stored.database, SIGNER).append(T0 + 40 * MINUTE)

    assert _codes(stored) == {"back_dated"}


def test_back_dated_row_shows(stored: Stored) -> None:
    """The receipt's own time is inside its signature."""
    a_log(stored.database, 2)

    with stored.database.writing() as connection:
        mine = t.statements.c.id == "c-1-1"
        earlier = T0 - 100 * MINUTE
        connection.execute(update(t.statements).where(mine).values(signed_at=earlier))

    assert _codes(stored) == {"time_altered"}


def test_receipt_taken_out_of_the_log_shows(stored: Stored) -> None:
    """It is neither in the log nor does it wait."""
    a_log(stored.database, 1)
    sign(stored.database, a_statement(1))

    with stored.database.writing() as connection:
        connection.execute(update(t.statements).values(to_log=None))

    assert _codes(stored) == {"not_logged"}


def test_altered_checkpoint_shows(stored: Stored) -> None:
    """A note that the key did not sign is none."""
    a_log(stored.database, 2)

    with stored.database.writing() as connection:
        rows = connection.execute(t.log_checkpoints.select()).all()
        note = rows[0].note.replace("\n2\n", "\n3\n")
        connection.execute(update(t.log_checkpoints).values(note=note))

    assert _codes(stored) == {"note_changed"}


@pytest.mark.parametrize("tampering", ["deleted", "altered", "back_dated"])
def test_log_rewritten_with_the_key_shows_elsewhere(
    stored: Stored, tampering: str
) -> None:
    """Whoever has the key can sign another history, and one kept head refutes it."""
    a_log(stored.database, 2, 2)
    kept = _kept(stored)
    with stored.database.writing() as connection:
        mine = t.statements.c.id == "c-1-1"
        connection.execute(delete(t.statements).where(mine))
    if tampering == "altered":
        sign(stored.database, a_statement(1, result="partial"))
    if tampering == "back_dated":
        sign(stored.database, a_statement(1, T0 + MINUTE / 2))

    _forged(stored)

    wanted = "behind" if tampering == "deleted" else "other_history"
    assert _codes(stored) == set()
    assert _codes(stored, kept) == {wanted}


def test_rewritten_log_has_no_consistency_proof(stored: Stored) -> None:
    """No proof leads from the head that was kept to the forged one."""
    a_log(stored.database, 3)
    kept = _kept(stored)
    with stored.database.writing() as connection:
        connection.execute(delete(t.statements).where(t.statements.c.id == "c-1-1"))
    sign(stored.database, *(a_statement(number) for number in (7, 8, 9)))

    _forged(stored)

    leaves = [leaf_hash(a_statement(n).envelope) for n in (0, 2, 7, 8, 9)]
    forged = _kept(stored)
    assert forged.size == len(leaves)
    path = consistency_proof(leaves, kept.size)
    with pytest.raises(ProofError):
        check_consistency(kept.size, forged.size, path, kept.root, forged.root)


def test_every_receipt_is_proven(stored: Stored) -> None:
    """Each under the newest head; another receipt's proof does not fit it."""
    a_log(stored.database, 2, 3)
    book = LogBook(stored.database)

    for number in range(5):
        proof = book.prove(f"c-{number}-1")
        leaf = leaf_hash(a_statement(number).envelope)
        assert verify_proof(proof, leaf, LOG, PUBLIC_KEY).size == 5
        with pytest.raises(NoteRejected):
            verify_proof(proof, leaf_hash(b"other"), LOG, PUBLIC_KEY)


def test_receipt_that_waits_has_no_proof_yet(stored: Stored) -> None:
    """One sentence says why."""
    sign(stored.database, a_statement(0))

    with pytest.raises(NotPossible, match="waits for its turn"):
        LogBook(stored.database).prove("c-0-1")
