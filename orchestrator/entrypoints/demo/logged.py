"""The claim that every receipt is in the log, by a proof that anybody verifies."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_files import verify_logged
from orchestrator.adapters.receipts.notes import NoteRejected
from orchestrator.bootstrap.installation import Installation
from orchestrator.entrypoints.demo.evidence import Evidence, Fact
from orchestrator.entrypoints.demo.folder import Folder
from orchestrator.errors import NotPossible

_PATIENCE: Final = 60.0  # seconds for the last receipt to be appended
_LOOK_EVERY: Final = 0.1


def logged(
    installation: Installation,
    folder: Folder,
    seen: Evidence,
    patience: float = _PATIENCE,
) -> Fact:
    """Write a proof beside each receipt, and verify it by the files alone."""
    end = installation.clock.monotonic() + patience
    against = []
    for one in seen.receipts:
        receipt, proof = one.files.envelope, proof_beside(one.files.envelope)
        try:
            text = _proof(installation, one.receipt.statement_id, end)
            proof.write_text(text, encoding="utf-8")
            verify_logged(receipt, proof, folder.public_key)
        except (NotPossible, NoteRejected) as error:
            against.append(f"{receipt.name}: {error}")
    return Fact(
        f"Logged: all {len(seen.receipts)} receipts are in the signed log, each with a"
        " proof that verifies offline.",
        against,
    )


def proof_beside(receipt: Path) -> Path:
    """Return where the proof of a receipt's file lies."""
    return receipt.with_name(receipt.name.replace(".dsse.json", ".tlog-proof"))


def _proof(installation: Installation, statement: str, end: float) -> str:
    """Return a proof; what was signed a moment ago may still wait for its turn."""
    while True:
        try:
            return LogBook(installation.database).prove(statement).text
        except NotPossible:
            if installation.clock.monotonic() >= end:
                raise
            time.sleep(_LOOK_EVERY)
