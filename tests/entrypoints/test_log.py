"""`erasure log`: heads, proofs, and what a check finds."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from orchestrator.adapters.receipts.log_standing import Compared, Standing
from orchestrator.adapters.sql import tables as t
from tests.core.builders import T0
from tests.support.installation import AnInstallation
from tests.support.logged_answers import log_answers

_CHECK = ("log", "check")
LOG = "erasure-orchestrator/receipts"


@pytest.fixture
def public_key(installation: AnInstallation) -> Path:
    """Export the public key."""
    path = installation.folder / "public.pem"
    installation.parts.keys.export_public(path)
    return path


def _receipt(installation: AnInstallation, number: int) -> Path:
    """Download a receipt."""
    ran = installation(
        "receipt", "download", f"c-{number}", "--to", installation.folder
    )
    return Path(ran.out.splitlines()[0])


def _proof(installation: AnInstallation, number: int) -> Path:
    """Prove that a receipt is in the log."""
    path = installation.folder / f"{number}.tlog-proof"
    ran = installation("log", "prove", f"c-{number}", "--to", path)
    assert (ran.code, ran.out) == (0, f"{path}\n"), ran.err
    return path


def test_empty_log_has_no_checkpoint(installation: AnInstallation) -> None:
    """One sentence, exit 1; and nothing is wrong with it."""
    ran = installation("log", "checkpoint")

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert installation("log", "check").out.endswith("The log holds together.\n")


def test_checkpoint_is_printed_as_it_was_signed(installation: AnInstallation) -> None:
    """Redirected into a file it is the note; JSON says the same."""
    log_answers(installation, 1, 2)

    note = installation("log", "checkpoint").out
    data = installation("log", "checkpoint", "--json").data

    assert note == data["note"]
    assert note.startswith(f"{LOG}\n2\n")
    assert (data["size"], data["key_id"]) == (2, installation.parts.signer.key_id)


def test_log_key_is_spelled_for_other_verifiers(installation: AnInstallation) -> None:
    """Name, hint and key, as C2SP's signed notes want them."""
    name, hint, key = installation("log", "key").out.strip().split("+", 2)

    raw = base64.b64decode(key)
    assert (name, len(hint), raw[:1]) == (LOG, 8, b"\x01")
    public = installation.parts.keys.signing_key.public_key()
    assert raw[1:] == public.public_bytes_raw()


def test_receipt_is_proven_to_be_in_the_log_offline(
    installation: AnInstallation, public_key: Path
) -> None:
    """The receipt, the proof and the public key are enough."""
    log_answers(installation, 1, 2)
    log_answers(installation, 3)
    receipt, proof = _receipt(installation, 2), _proof(installation, 2)

    args = ("log", "verify", receipt, "--key", public_key, "--proof", proof)
    ran = installation(*args, ERASURE_DATABASE_URL="sqlite:////nowhere/at.db")
    said = installation(*args, "--name", LOG, "--json").data

    assert (ran.code, ran.err) == (0, "")
    assert "it is in the log" in ran.out
    assert (said["log"], said["number"], said["size"]) == (LOG, 1, 3)


def test_proof_of_another_receipt_or_log_is_refused(
    installation: AnInstallation, public_key: Path
) -> None:
    """Exit 1 and one sentence."""
    log_answers(installation, 1, 2)
    receipt, others = _receipt(installation, 1), _proof(installation, 2)
    own = _proof(installation, 1)

    args = ("log", "verify", receipt, "--key", public_key, "--proof")
    runs = [installation(*args, others), installation(*args, own, "--name", "a/b")]

    assert [(ran.code, ran.out, len(ran.sentences)) for ran in runs] == [(1, "", 1)] * 2


def test_proof_outlives_the_key(installation: AnInstallation, public_key: Path) -> None:
    """After a rotation an old receipt is proven under a head of its own key."""
    log_answers(installation, 1)
    assert installation("keys", "rotate", "--signing").code == 0
    log_answers(installation, 2)
    new_key = installation.folder / "new.pem"
    installation("keys", "export-public", "--to", new_key)

    runs = [
        installation(
            *("log", "verify", _receipt(installation, number)),
            *("--key", key, "--proof", _proof(installation, number)),
        )
        for number, key in ((1, public_key), (2, new_key))
    ]

    assert [ran.code for ran in runs] == [0, 0], runs


def test_check_finds_what_was_tampered_with(installation: AnInstallation) -> None:
    """Exit 1, with each fault; JSON has them too."""
    log_answers(installation, 1, 2)
    with installation.parts.database.writing() as connection:
        mine = t.statements.c.id == "c-1-1"
        connection.execute(update(t.statements).where(mine).values(envelope=b"{}"))

    ran, data = installation("log", "check"), installation("log", "check", "--json")

    assert (ran.code, data.code) == (1, 1)
    assert "The receipt was altered." in ran.out
    codes = [fault["code"] for fault in data.data["faults"]]
    assert codes == ["statement_altered", "root_differs", "other_history"]


def test_check_compares_with_what_was_kept(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """The checkpoint file, a saved note and an old proof each refute a shorter log."""
    nowhere = str(tmp_path / "nothing-is-kept.jsonl")
    log_answers(installation, 1, 2)
    note = tmp_path / "kept.note"
    note.write_text(installation("log", "checkpoint").out, encoding="utf-8")
    proof = _proof(installation, 1)
    before = installation(*_CHECK)
    with installation.parts.database.writing() as connection:
        for table in (t.statements, t.log_entries, t.log_checkpoints):
            connection.execute(delete(table))

    silent = installation(*_CHECK, ERASURE_CHECKPOINT_FILE=nowhere)
    runs = [
        installation(*_CHECK, "--against", one, ERASURE_CHECKPOINT_FILE=nowhere)
        for one in (note, proof)
    ]
    runs.append(installation(*_CHECK))  # the file beside the keys

    assert (before.code, silent.code) == (0, 0)
    assert [ran.code for ran in runs] == [1, 1, 1]
    assert all("behind" in ran.out for ran in runs)


def test_new_database_beside_an_old_file_says_what_to_do(
    installation: AnInstallation,
) -> None:
    """It may have lost everything, or begin afresh: only people know."""
    log_answers(installation, 1, 2)
    with installation.parts.database.writing() as connection:
        for table in (t.statements, t.log_entries, t.log_checkpoints):
            connection.execute(delete(table))

    ran = installation("status")

    assert ran.code == 1
    assert "if you begin afresh, move the checkpoint file" in ran.err
    assert "erasure log recover" in ran.err


def test_stages_that_destroy_or_sign_wait(installation: AnInstallation) -> None:
    """`run` gives them no turn while the hold is there, and then every one."""
    parts, turns = installation.parts, [0]

    def turn() -> int:
        turns[0] += 1
        return 1

    guarded = parts.unless_held(turn)
    parts.restore_hold.follow(Compared(Standing.BEHIND, 0, 1), T0)
    held = (guarded(), turns[0])
    parts.restore_hold.follow(Compared(Standing.EVEN, 1, 1), T0)

    assert (held, guarded(), turns[0]) == ((0, 0), 1, 1)
