"""Signed statements in a database, and the log over them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256

from orchestrator.adapters.cases.riding import put_statement
from orchestrator.adapters.receipts.notes import LogSigner
from orchestrator.adapters.receipts.statement_log import SqlStatementLog
from orchestrator.adapters.sql.database import Database
from orchestrator.core.words import CaseId
from orchestrator.ports import SignedStatement
from schemas.receipts import RECEIPT_MEDIA_TYPE, TEST_RECEIPT_MEDIA_TYPE
from tests.core.builders import T0
from tests.support.signed_receipts import KEY_ID, SIGNING_KEY, a_receipt

LOG = "maison.example/receipts"
SIGNER = LogSigner(LOG, SIGNING_KEY, KEY_ID)
MINUTE = timedelta(minutes=1)


def a_statement(
    number: int,
    at: datetime | None = None,
    *,
    case: str | None = None,
    is_rehearsal: bool = False,
    **said: object,
) -> SignedStatement:
    """Sign the final statement of case *number*, *number* minutes after T0."""
    signed_at = at or T0 + number * MINUTE
    case = case or f"c-{number}"
    payload = {
        "statement_id": f"{case}-1",
        "case_id": case,
        "request_id": f"r-{number}",
        "number": 1,
        "kind": "final",
        "result": "complete",
        "times": {"signed_at": signed_at.isoformat()},
        **said,
    }
    kind = TEST_RECEIPT_MEDIA_TYPE if is_rehearsal else RECEIPT_MEDIA_TYPE
    envelope = a_receipt(json.dumps(payload).encode(), kind)
    return SignedStatement(
        f"{case}-1",
        CaseId(case),
        1,
        "final",
        signed_at,
        KEY_ID,
        sha256(envelope).hexdigest(),
        envelope,
        is_rehearsal,
    )


def sign(database: Database, *statements: SignedStatement) -> None:
    """Store statements as seal does; the log has yet to take them."""
    with database.writing() as connection:
        for one in statements:
            put_statement(connection, one)


def a_log(database: Database, *sizes: int, signer: LogSigner = SIGNER) -> None:
    """Sign statements 0, 1, … and append them in batches of these sizes."""
    log, number = SqlStatementLog(database, signer), 0
    for size in sizes:
        batch = [a_statement(number + ordinal) for ordinal in range(size)]
        sign(database, *batch)
        number += size
        log.append(T0 + number * MINUTE)
