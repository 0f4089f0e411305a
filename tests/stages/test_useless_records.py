"""The embedded log keeps no request that nobody would ever forget."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import SecretBytes
from sqlalchemy import select

from orchestrator.adapters import tables as t
from orchestrator.adapters.embedded_log import EmbeddedLog, Sealing
from orchestrator.adapters.pseudonyms import Pseudonyms
from orchestrator.adapters.vault_cipher import Cipher
from orchestrator.event_log import Message
from orchestrator.stages.ingest import Ingest, IngestParts
from schemas.intake import RequestFile, read_request_file
from schemas.topics import REQUESTS
from tests.core.builders import a_plan
from tests.stages.an_office import an_office

EXAMPLE = Path(__file__).parents[2] / "examples" / "requests" / "erasure.json"


def test_repeats_and_rejected_records_are_deleted_at_once(sqlite_url: str) -> None:
    """Only what opened a case stays, until the case is forgotten."""
    office = an_office(sqlite_url)
    cipher = Cipher(SecretBytes(bytes(32)))
    sealing = Sealing(frozenset({REQUESTS}), cipher.derived("log"))
    log = EmbeddedLog(office.database, office.clock, sealing)
    parts = IngestParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        pseudonyms=Pseudonyms(SecretBytes(bytes(32))),
        plan_for=lambda controller, *, on: a_plan(),  # noqa: ARG005 (the protocol's)
        seal_quarantined=cipher.derived("quarantine").seal,
        clock=office.clock,
        quarantine_for=timedelta(days=1),
        on_applied=lambda: None,
        owns_log=True,
    )
    ingest = Ingest(log.consumer([REQUESTS], lambda _: {}), parts)
    read = read_request_file(EXAMPLE.read_bytes())
    assert isinstance(read, RequestFile)
    good = read.message
    request = Message(REQUESTS, good.key or b"", good.headers, good.value)
    broken = Message(REQUESTS, b"r-broken", good.headers, b"{")

    log.publish([request, request, broken])
    ingest.turn(0)
    log.publish([request])
    ingest.turn(0)

    with office.database.reading() as connection:
        left = connection.execute(select(t.log_records.c.offset)).all()
        cases = connection.execute(select(t.cases.c.id)).all()
        quarantined = connection.execute(select(t.quarantine.c.code)).all()
    assert [row.offset for row in left] == [1]
    assert (len(cases), len(quarantined)) == (1, 1)
    office.database.close()
