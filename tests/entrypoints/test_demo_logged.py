"""The demo's claim that every receipt is in the log is false where one is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.receipts.receipt_files import ReceiptFiles
from orchestrator.core.words import CaseId
from orchestrator.entrypoints.demo.evidence import Evidence
from orchestrator.entrypoints.demo.fetching import FetchedReceipt
from orchestrator.entrypoints.demo.folder import Folder, make_folder
from orchestrator.entrypoints.demo.logged import logged, proof_beside
from orchestrator.entrypoints.demo.people import ADA
from orchestrator.ports import PutStatement, SignedStatement
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.core.builders import T0
from tests.support.demo_evidence import a_receipt, the_evidence
from tests.support.installation import AnInstallation

STATEMENT = "c-1-1"


@pytest.fixture
def folder(tmp_path: Path, installation: AnInstallation) -> Folder:
    """A demo's folder with the key that verifies."""
    made = make_folder(tmp_path / "demo-out")
    made.receipts.mkdir()
    installation.parts.keys.export_public(made.public_key)
    return made


@pytest.fixture
def seen(folder: Folder, installation: AnInstallation) -> Evidence:
    """What a demo brings together of one receipt that was signed a moment ago."""
    parts = installation.parts
    envelope = parts.signer.sign(RECEIPT_MEDIA_TYPE, b'{"number":1}')
    statement = SignedStatement(
        id=STATEMENT,
        case=CaseId("c-1"),
        number=1,
        kind="final",
        signed_at=T0,
        key_id=parts.signer.key_id,
        sha256="0" * 64,
        envelope=envelope,
    )
    with parts.store.transaction() as transaction:
        transaction.write([PutStatement(statement)], T0)
    path = folder.receipts / f"{STATEMENT}.dsse.json"
    path.write_bytes(envelope)
    receipt = a_receipt(ADA, statement_id=STATEMENT)
    files = ReceiptFiles(path, path, path, path)
    fetched = FetchedReceipt(receipt, files, None, None)
    return replace(the_evidence(), receipts=[fetched])


def test_logged_receipt_has_its_proof_beside_it(
    folder: Folder, seen: Evidence, installation: AnInstallation
) -> None:
    """What the log holds is proven by a file that lies beside the receipt."""
    installation.parts.sequencer(lambda: None).turn()

    fact = logged(installation.parts, folder, seen)

    assert fact.is_true, fact.against
    assert proof_beside(seen.receipts[0].files.envelope).is_file()


def test_receipt_that_is_not_logged_is_named(
    folder: Folder, seen: Evidence, installation: AnInstallation
) -> None:
    """A receipt that the log lacks makes the claim false."""
    fact = logged(installation.parts, folder, seen, patience=0)

    (against,) = fact.against
    assert "is not in the log" in against


def test_receipt_that_was_changed_is_not_in_the_log(
    folder: Folder, seen: Evidence, installation: AnInstallation
) -> None:
    """The proof is of the very bytes that were signed."""
    installation.parts.sequencer(lambda: None).turn()
    path = seen.receipts[0].files.envelope
    path.write_bytes(path.read_bytes() + b"\n")

    fact = logged(installation.parts, folder, seen)

    assert [path.name in against for against in fact.against] == [True]
