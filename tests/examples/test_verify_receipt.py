"""The auditor's verifier says the same as ours, of good files and of forged ones."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orchestrator.adapters.keys.directory import key_id_of
from orchestrator.adapters.keys.signing import DsseSigner
from orchestrator.adapters.receipts.notes import Checkpoint, LogProof, sign_note
from orchestrator.core.answer.merkle import inclusion_proof, leaf_hash, root_of
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.support.patience import PATIENCE

SCRIPT = Path(__file__).parents[2] / "examples" / "verify_receipt" / "verify_receipt.py"
LOG = "maison.example/receipts"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STATEMENT = {
    "statement_id": "st-1",
    "result": "complete",
    "lines": [
        {"account": "crm", "action": "erase", "outcome": "done", "evidence": "E4"},
        {
            "account": "mail",
            "action": "erase",
            "outcome": "done",
            "evidence": "E1",
            "evidence_demanded": "E3",
        },
        {"account": "ads", "action": "notify", "outcome": "not_told"},
    ],
    "recipients": [
        {"legal_name": "CRM Ltd", "told": "instructed", "reasons": []},
        {"legal_name": "Ads Ltd", "told": "not_told", "reasons": ["no_identifier"]},
    ],
}
OTHERS = [leaf_hash(str(number).encode()) for number in range(10)]


def an_envelope(kind: str = RECEIPT_MEDIA_TYPE) -> bytes:
    """Return a signed receipt."""
    signer = DsseSigner(KEY, key_id_of(KEY.public_key()))
    return signer.sign(kind, json.dumps(STATEMENT).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a receipt, its proof and the public key."""
    envelope = an_envelope()
    leaves = [*OTHERS[:4], leaf_hash(envelope), *OTHERS[4:]]
    note = sign_note(Checkpoint(LOG, len(leaves), root_of(leaves)).text, LOG, KEY)
    proof = LogProof(4, tuple(inclusion_proof(leaves, 4)), note)
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "receipt.json").write_bytes(envelope)
    (tmp_path / "receipt.tlog-proof").write_text(proof.text, encoding="utf-8")
    return tmp_path


def judged(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script where the files lie, without anything of ours to import."""
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "receipt.json", "key.pem", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


WITH_PROOF = ("receipt.tlog-proof", LOG)


def test_it_is_short_and_imports_the_standard_library_only() -> None:
    """An auditor can read it whole."""
    text = SCRIPT.read_text(encoding="utf-8")
    names = {
        name.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert len(text.splitlines()) <= 80
    assert names <= sys.stdlib_module_names


def test_genuine_receipt_is_told_line_by_line(folder: Path) -> None:
    """What was asked of whom, how well it is proven, and who else had the data."""
    said = judged(folder)
    assert said.returncode == 0, said.stderr
    assert [line.rstrip() for line in said.stdout.splitlines()] == [
        "GENUINE st-1: complete",
        "  crm erase done E4",
        "  mail erase done E1 of E3",
        "  ads notify not_told",
        "  CRM Ltd instructed",
        "  Ads Ltd not_told no_identifier",
    ]


def test_receipt_is_found_in_the_log(folder: Path) -> None:
    """With the proof file it says how long the log was."""
    said = judged(folder, *WITH_PROOF)
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith(f"In the log {LOG}, which had 11 entries.\n")


@pytest.mark.parametrize("file", ["receipt.json", "receipt.tlog-proof"])
def test_no_altered_file_passes(folder: Path, file: str) -> None:
    """A letter exchanged in the middle or near the end of either file."""
    right = (folder / file).read_bytes()
    for place in (len(right) // 3, len(right) // 2, len(right) - 60):
        wrong = bytearray(right)
        wrong[place] = ord("A") if wrong[place] != ord("A") else ord("B")
        (folder / file).write_bytes(bytes(wrong))
        assert judged(folder, *WITH_PROOF).returncode != 0, place


def test_receipt_that_is_not_in_the_log_is_refused(folder: Path) -> None:
    """A genuine signature alone does not put it there."""
    signer = DsseSigner(KEY, key_id_of(KEY.public_key()))
    other = signer.sign(RECEIPT_MEDIA_TYPE, json.dumps(STATEMENT | {"x": 1}).encode())
    (folder / "receipt.json").write_bytes(other)
    assert judged(folder).returncode == 0
    said = judged(folder, *WITH_PROOF)
    assert said.returncode == 1
    assert "not in the log" in said.stderr
    assert said.stdout == ""


def test_other_document_of_the_same_key_is_refused(folder: Path) -> None:
    """A signature over another kind of payload is no receipt."""
    (folder / "receipt.json").write_bytes(an_envelope("application/json"))
    assert judged(folder).returncode == 1


def test_log_of_another_name_is_refused(folder: Path) -> None:
    """The auditor says whose log it must be."""
    said = judged(folder, "receipt.tlog-proof", "other.example/log")
    assert said.returncode == 1
