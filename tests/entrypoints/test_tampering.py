"""
Every way of tampering with receipts, and which of an auditor's commands notices it.

The table of `docs/receipts.md` ("Who notices what") is this one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Executable, delete, select, update

from orchestrator.adapters.keys.files import key_id_of
from orchestrator.adapters.keys.signing import DsseSigner
from orchestrator.adapters.receipts.notes import Checkpoint, read_checkpoint, sign_note
from orchestrator.adapters.sql import tables as t
from orchestrator.core.words import CaseId
from orchestrator.ports import PutStatement, SignedStatement
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.support.installation import ROOT, AnInstallation

SCRIPT = ROOT / "examples" / "verify_receipt" / "verify_receipt.py"
LOG = "erasure-orchestrator/receipts"
T0 = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOREIGN = Ed25519PrivateKey.generate()


class Audited:
    """An installation with four receipts in two batches, and what an auditor kept."""

    def __init__(self, installation: AnInstallation) -> None:
        self.installation = installation
        self.parts = installation.parts
        self.folder = installation.folder / "auditor"
        self.folder.mkdir()
        self.key = self.folder / "public.pem"
        self.parts.keys.export_public(self.key)
        for batch in ((0, 1), (2, 3)):
            self.log(*(self.statement(number) for number in batch))
        self.receipt = self.folder / "c-1-1.dsse.json"
        installation("receipt", "download", "c-1", "--to", self.folder)
        self.proof = self.folder / "c-1-1.tlog-proof"
        installation("log", "prove", "c-1", "--to", self.proof)
        self.kept = self.folder / "kept.note"
        self.kept.write_text(installation("log", "checkpoint").out, "utf-8")

    def statement(
        self,
        number: int,
        *,
        at: datetime | None = None,
        result: str = "complete",
        key: Ed25519PrivateKey | None = None,
    ) -> SignedStatement:
        """Sign a case's final statement, *number* hours after the beginning."""
        at = at or T0 + number * HOUR
        said = {
            "statement_id": f"c-{number}-1",
            "result": result,
            "times": {"signed_at": at.isoformat()},
            "lines": [],
        }
        key = key or self.parts.keys_now().signing_key
        signer = DsseSigner(key, key_id_of(key.public_key()))
        envelope = signer.sign(RECEIPT_MEDIA_TYPE, json.dumps(said).encode())
        return SignedStatement(
            id=f"c-{number}-1",
            case=CaseId(f"c-{number}"),
            number=1,
            kind="final",
            signed_at=at,
            key_id=signer.key_id,
            sha256=sha256(envelope).hexdigest(),
            envelope=envelope,
        )

    def log(self, *statements: SignedStatement) -> None:
        """Store statements as seal does, and append them an hour after the last one."""
        at = statements[-1].signed_at + HOUR
        with self.parts.store.transaction() as transaction:
            transaction.write([PutStatement(one) for one in statements], at)
        assert self.parts.statement_log.append(at) == len(statements)

    def execute(self, *statements: Executable) -> None:
        """Change the database, as whoever can write to it."""
        with self.parts.database.writing() as connection:
            for statement in statements:
                connection.execute(statement)

    def note(self) -> str:
        """Return the newest head that the database has."""
        return self.installation("log", "checkpoint").out

    # --- the auditor's commands ---------------------------------------------------

    def check(self, *args: object) -> set[str]:
        """Return the faults that `erasure log check` finds; exit 1 if there are any."""
        ran = self.installation("log", "check", "--json", *args)
        found = {one["code"] for one in ran.data["faults"]}
        assert ran.code == int(bool(found))
        return found

    def against(self) -> set[str]:
        """Return what the kept checkpoint adds."""
        return self.check("--against", self.kept) - self.check()

    def files(self, receipt: Path, proof: Path, key: Path) -> list[int]:
        """Return the exit codes of all that verify a receipt's files offline."""
        ours = [
            self.installation("receipt", "verify", receipt, "--key", key),
            self.installation(
                *("log", "verify", receipt, "--key", key, "--proof", proof)
            ),
        ]
        theirs = subprocess.run(
            [sys.executable, SCRIPT, receipt, key, proof, LOG],
            capture_output=True,
            check=False,
        )
        return [*(ran.code for ran in ours), theirs.returncode]


@pytest.fixture
def audited(installation: AnInstallation) -> Audited:
    """Lend an installation whose log an auditor knows."""
    return Audited(installation)


def _mine() -> ColumnElement[bool]:
    return t.statements.c.id == "c-1-1"


def _replaced(audited: Audited, result: str) -> None:
    """Put another receipt of the same case, with the true key, in its place."""
    other = audited.statement(1, result=result)
    values = {"envelope": other.envelope, "sha256": other.sha256}
    audited.execute(update(t.statements).where(_mine()).values(**values))


def _altered(audited: Audited) -> None:
    """Change one letter of what was signed."""
    with audited.parts.database.reading() as connection:
        (envelope,) = connection.execute(
            select(t.statements.c.envelope).where(_mine())
        ).one()
    changed = envelope.replace(b'"payload":"e', b'"payload":"f', 1)
    assert changed != envelope
    audited.execute(update(t.statements).where(_mine()).values(envelope=changed))


def _signed_afresh(audited: Audited) -> None:
    """Say something else, with the true key."""
    _replaced(audited, "partial")


def _deleted(audited: Audited) -> None:
    """Delete the receipt alone."""
    audited.execute(delete(t.statements).where(_mine()))


def _deleted_with_its_place(audited: Audited) -> None:
    """Delete the receipt and its entry in the log."""
    _deleted(audited)
    audited.execute(delete(t.log_entries).where(t.log_entries.c.number == 1))


def _exchanged(audited: Audited) -> None:
    """Let two receipts change places."""
    number = t.log_entries.c.number
    audited.execute(
        *(
            update(t.log_entries).where(number == before).values(number=after)
            for before, after in ((0, 9), (2, 0), (9, 2))
        )
    )


def _dated_back(audited: Audited) -> None:
    """Put in a receipt that says a time long ago."""
    audited.log(audited.statement(9, at=T0 + HOUR / 2))


def _row_dated_back(audited: Audited) -> None:
    """Change the time of the row, not of what was signed."""
    audited.execute(update(t.statements).where(_mine()).values(signed_at=T0 - HOUR))


def _taken_out(audited: Audited) -> None:
    """Sign a receipt and keep it out of the log."""
    with audited.parts.store.transaction() as transaction:
        transaction.write([PutStatement(audited.statement(9))], T0)
    audited.execute(update(t.statements).values(to_log=None))


def _foreign_receipt(audited: Audited) -> None:
    """Let the log take a receipt that a stranger signed."""
    audited.log(audited.statement(9, key=FOREIGN))


def _foreign_checkpoint(audited: Audited) -> None:
    """Sign the same head with a stranger's key."""
    text = read_checkpoint(audited.note()).text
    values = {
        "note": sign_note(text, LOG, FOREIGN),
        "key_id": key_id_of(FOREIGN.public_key()),
    }
    newest = t.log_checkpoints.c.size == 4
    audited.execute(update(t.log_checkpoints).where(newest).values(**values))


def _changed_checkpoint(audited: Audited) -> None:
    """Change what a head says."""
    note = audited.note().replace("\n4\n", "\n5\n")
    newest = t.log_checkpoints.c.size == 4
    audited.execute(update(t.log_checkpoints).where(newest).values(note=note))


def _rolled_back(audited: Audited) -> None:
    """Cut off the end of the log, with its head."""
    ids = ("c-2-1", "c-3-1")
    audited.execute(
        delete(t.statements).where(t.statements.c.id.in_(ids)),
        delete(t.log_entries).where(t.log_entries.c.number >= 2),
        delete(t.log_checkpoints).where(t.log_checkpoints.c.size == 4),
    )


def _forked(audited: Audited) -> None:
    """Write the whole log afresh with the true key, with one receipt exchanged."""
    _signed_afresh(audited)
    audited.execute(
        delete(t.log_entries),
        delete(t.log_checkpoints),
        update(t.statements).values(to_log=1),
    )
    audited.parts.statement_log.append(T0 + 9 * HOUR)


def _rotated(audited: Audited) -> None:
    """Exchange the signing key, and go on."""
    assert audited.installation("keys", "rotate", "--signing").code == 0
    audited.log(audited.statement(9))


Tampering = Callable[[Audited], None]
IN_THE_DATABASE: dict[Tampering, tuple[set[str], set[str]]] = {
    _altered: ({"statement_altered", "root_differs"}, {"other_history"}),
    _signed_afresh: ({"statement_altered", "root_differs"}, {"other_history"}),
    _deleted: ({"statement_deleted"}, set()),
    _deleted_with_its_place: (
        {"entry_missing", "root_differs", "entries_missing"},
        {"behind"},
    ),
    _exchanged: ({"root_differs", "back_dated"}, {"other_history"}),
    _dated_back: ({"back_dated"}, set()),
    _row_dated_back: ({"time_altered"}, set()),
    _taken_out: ({"not_logged"}, set()),
    _foreign_receipt: ({"foreign_key"}, set()),
    _foreign_checkpoint: ({"note_changed"}, set()),
    _changed_checkpoint: ({"note_changed"}, set()),
    _rolled_back: (set(), {"behind"}),
    _forked: (set(), {"other_history"}),
    _rotated: (set(), set()),
}


@pytest.mark.parametrize("tampering", IN_THE_DATABASE)
def test_check_notices(audited: Audited, tampering: Tampering) -> None:
    """In the database alone, or against the checkpoint that the auditor kept."""
    before = (audited.check(), audited.against())

    tampering(audited)

    assert before == (set(), set())
    assert (audited.check(), audited.against()) == IN_THE_DATABASE[tampering]


@pytest.mark.parametrize("tampering", IN_THE_DATABASE)
def test_receipt_and_proof_in_hand_stay_good(
    audited: Audited, tampering: Tampering
) -> None:
    """Whatever happens to the database: they are verified without it."""
    tampering(audited)

    assert audited.files(audited.receipt, audited.proof, audited.key) == [0, 0, 0]


def test_altered_file_is_refused(audited: Audited) -> None:
    """By every verifier."""
    content = audited.receipt.read_bytes()
    audited.receipt.write_bytes(content.replace(b'"payload":"e', b'"payload":"f', 1))

    assert audited.files(audited.receipt, audited.proof, audited.key) == [1, 1, 1]


def test_file_signed_afresh_is_not_the_one_in_the_log(audited: Audited) -> None:
    """The key alone would be believed; the proof of the first one is not its proof."""
    audited.receipt.write_bytes(audited.statement(1, result="partial").envelope)

    assert audited.files(audited.receipt, audited.proof, audited.key) == [0, 1, 1]


def test_file_signed_by_a_foreign_key_is_refused(audited: Audited) -> None:
    """By every verifier, even where it is in the log."""
    audited.log(foreign := audited.statement(9, key=FOREIGN))
    audited.receipt.write_bytes(foreign.envelope)
    audited.installation("log", "prove", "c-9", "--to", audited.proof)

    assert audited.files(audited.receipt, audited.proof, audited.key) == [1, 1, 1]


@pytest.mark.parametrize("by", ["foreign", "changed"])
def test_proof_under_a_forged_head_is_refused(audited: Audited, by: str) -> None:
    """By both that look at proofs; the receipt alone stays genuine."""
    head, _, note = audited.proof.read_text("utf-8").partition("\n\n")
    said = read_checkpoint(note)
    larger = Checkpoint(said.origin, said.size + 1, said.root)
    forged = {
        "foreign": sign_note(said.text, LOG, FOREIGN),
        "changed": note.replace(said.text, larger.text),
    }[by]
    audited.proof.write_text(f"{head}\n\n{forged}", "utf-8")

    assert audited.files(audited.receipt, audited.proof, audited.key) == [0, 1, 1]


def test_retired_key_is_told_from_the_next_one(audited: Audited) -> None:
    """What it signed stays good with it, and is refused with the other."""
    _rotated(audited)
    new = audited.folder / "new.pem"
    audited.installation("keys", "export-public", "--to", new)
    proof = audited.folder / "again.tlog-proof"
    audited.installation("log", "prove", "c-1", "--to", proof)

    assert audited.files(audited.receipt, proof, audited.key) == [0, 0, 0]
    assert audited.files(audited.receipt, proof, new) == [1, 1, 1]
