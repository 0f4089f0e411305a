"""Receipts of cases in an installation's log, as `seal` and `sequence` leave them."""

from __future__ import annotations

from orchestrator.core.words import CaseId
from orchestrator.ports import PutStatement, SignedStatement
from schemas.receipts import RECEIPT_MEDIA_TYPE
from tests.core.builders import T0
from tests.support.installation import AnInstallation


def answer(installation: AnInstallation, number: int) -> None:
    """Sign the final statement of a case, as seal does."""
    parts = installation.parts
    envelope = parts.signer.sign(RECEIPT_MEDIA_TYPE, b'{"number":%d}' % number)
    statement = SignedStatement(
        id=f"c-{number}-1",
        case=CaseId(f"c-{number}"),
        number=1,
        kind="final",
        signed_at=T0,
        key_id=parts.signer.key_id,
        sha256="0" * 64,
        envelope=envelope,
    )
    with parts.store.transaction() as transaction:
        transaction.write([PutStatement(statement)], T0)


def log_answers(installation: AnInstallation, *numbers: int) -> None:
    """Answer these cases, and append their receipts."""
    for number in numbers:
        answer(installation, number)
    installation.parts.sequencer(lambda: None).turn()
