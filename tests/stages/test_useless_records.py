"""The embedded log keeps no request that nobody would ever forget."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import SecretBytes
from sqlalchemy import select, text

from orchestrator.adapters.calendars import calendar_of
from orchestrator.adapters.embedded_log import EmbeddedLog, Sealing
from orchestrator.adapters.intake.signed_requests import SignedRequests
from orchestrator.adapters.keys.pseudonyms import Pseudonyms
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.core.intake.brake import BrakeLimits
from orchestrator.core.plan import Plan
from orchestrator.errors import SetUpError
from orchestrator.ports.event_log import Message
from orchestrator.stages.ingest import Ingest, IngestParts, PlanFor
from schemas.intake import RequestFile, read_request_file
from schemas.topics import REQUESTS
from tests.core.builders import a_plan
from tests.stages.an_office import Office, an_office

EXAMPLE = Path(__file__).parents[2] / "examples" / "requests" / "erasure.json"


def _a_log(office: Office) -> EmbeddedLog:
    sealer = Cipher(SecretBytes(bytes(32))).derived("log")
    return EmbeddedLog(
        office.database, office.clock, Sealing(frozenset({REQUESTS}), sealer)
    )


def _an_ingest(office: Office, log: EmbeddedLog, plan_for: PlanFor) -> Ingest:
    cipher = Cipher(SecretBytes(bytes(32)))
    office.clock.advance(timedelta(days=365))  # the example's request is of this year
    parts = IngestParts(
        store=office.store,
        engine=office.engine,
        vault=office.vault,
        pseudonyms=Pseudonyms(SecretBytes(bytes(32))),
        requests=SignedRequests({}, "here", str.encode, takes_unsigned=True),
        plan_for=plan_for,
        calendar_for=calendar_of,
        limits_for=lambda *_: BrakeLimits(per_hour=9, factor=9, minimum=9),
        seal_quarantined=cipher.derived("quarantine").seal,
        clock=office.clock,
        quarantine_for=timedelta(days=1),
        on_applied=lambda: None,
        owns_log=True,
    )
    return Ingest(log.consumer([REQUESTS], lambda _: {}), parts)


def _a_request() -> Message:
    read = read_request_file(EXAMPLE.read_bytes())
    assert isinstance(read, RequestFile)
    good = read.message
    return Message(REQUESTS, good.key or b"", good.headers, good.value)


def _left(office: Office) -> list[int]:
    with office.database.reading() as connection:
        rows = connection.execute(select(t.log_records.c.offset)).all()
    return [row.offset for row in rows]


def test_repeats_and_rejected_records_are_deleted_at_once(sqlite_url: str) -> None:
    """Only what opened a case stays, until the case is forgotten."""
    office = an_office(sqlite_url)
    log = _a_log(office)
    ingest = _an_ingest(office, log, lambda controller, *, on: a_plan())  # noqa: ARG005 (the protocol's)
    request = _a_request()
    broken = Message(REQUESTS, b"r-broken", request.headers, b"{")

    log.publish([request, request, broken])
    ingest.turn(0)
    log.publish([request])
    ingest.turn(0)

    with office.database.reading() as connection:
        cases = connection.execute(select(t.cases.c.id)).all()
        quarantined = connection.execute(select(t.quarantine.c.code)).all()
    assert _left(office) == [1]
    assert (len(cases), len(quarantined)) == (1, 1)
    office.database.close()


def test_poison_lies_in_quarantine_alone(sqlite_url: str) -> None:
    """A record that we could not handle is kept once, with a clock, not twice."""
    office = an_office(sqlite_url)
    log = _a_log(office)

    def broken_plan(controller: str, *, on: date) -> Plan:
        raise ZeroDivisionError(controller, on)

    ingest = _an_ingest(office, log, broken_plan)

    log.publish([_a_request()])
    ingest.turn(0)

    with office.database.reading() as connection:
        (kept,) = connection.execute(select(t.quarantine.c.state, t.quarantine.c.rule))
    assert kept.state == "waiting"
    assert "fault of ours" in kept.rule
    assert _left(office) == []
    office.database.close()


def test_missing_table_makes_no_record_poison(sqlite_url: str) -> None:
    """A database that is set up wrongly is said; the record is read once it is not."""
    office = an_office(sqlite_url)
    log = _a_log(office)
    ingest = _an_ingest(office, log, lambda controller, *, on: a_plan())  # noqa: ARG005 (the protocol's)
    log.publish([_a_request()])
    with office.database.writing() as connection:
        connection.execute(text("ALTER TABLE requests RENAME TO gone"))

    with pytest.raises(SetUpError, match="erasure db upgrade"):
        ingest.turn(0)
    with office.database.writing() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO requests"))
    ingest.turn(0)

    with office.database.reading() as connection:
        cases = connection.execute(select(t.cases.c.id)).all()
        quarantined = connection.execute(select(t.quarantine.c.code)).all()
    assert (len(cases), len(quarantined)) == (1, 0)
    office.database.close()
