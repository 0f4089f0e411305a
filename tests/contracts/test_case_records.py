"""Closed cases go after whole calendar years; what is not closed never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Table, insert, select

from orchestrator.adapters.cases import case_records
from orchestrator.adapters.cases.case_records import SqlCaseRecords
from orchestrator.adapters.receipts.log_retention import SqlLogRetention
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import CaseStatus
from orchestrator.core.events import TimePassed
from orchestrator.core.words import SubjectRef
from orchestrator.ports import KnownRequest, PutStatement, SignedStatement
from schemas.topics import CASE_EVENTS, REQUESTS, instructions_topic
from tests.contracts.stored import Stored, numbered
from tests.core.builders import DAY, T0

CLOSED_AT = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
KEPT_UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
LAST_MOMENT = KEPT_UNTIL - timedelta(seconds=1)


def _close(
    stored: Stored,
    number: int,
    at: datetime = CLOSED_AT,
    status: CaseStatus = CaseStatus.CLOSED,
    subject: str | None = None,
) -> None:
    """Store a case with everything that hangs on one; its last step was then."""
    case = replace(numbered(number), status=status)
    if subject is not None:
        case = replace(case, subject=SubjectRef(subject))
    stored.open(case)
    known = KnownRequest(case.request_id, "portal", f"event-{number}", "d", case.id)
    with stored.store.transaction() as transaction:
        transaction.add_history([(case.id, 1, at, TimePassed(at))])
        transaction.remember_requests([known], T0)
        signed = SignedStatement(
            id=f"s-{number}",
            case=case.id,
            number=1,
            kind="final",
            signed_at=at,
            key_id="k",
            sha256="d",
            envelope=b"e",
        )
        transaction.write([PutStatement(signed)], at)
    with stored.database.writing() as connection:
        connection.execute(t.statements.update().values(to_log=None))


def _counts(stored: Stored) -> dict[str, int]:
    """Count what hangs on cases."""
    tables: tuple[Table, ...] = (t.cases, t.tasks, t.history, t.requests)
    tables += (t.statements, t.subjects)
    return {table.name: stored.count(table) for table in tables}


def test_records_of_a_closed_case_go_whole(stored: Stored) -> None:
    """After the third whole calendar year since the closing nothing is left."""
    _close(stored, 1)
    records = SqlCaseRecords(stored.database, years=3)

    assert records.drop(LAST_MOMENT) == 0
    assert min(_counts(stored).values()) > 0
    assert records.drop(KEPT_UNTIL) == 1
    assert set(_counts(stored).values()) == {0}


def test_receipt_in_the_log_stays(stored: Stored) -> None:
    """The log shows that no receipt was taken away, so none is."""
    _close(stored, 1)
    entry = {"number": 0, "statement_id": "s-1", "leaf": b"l"}
    with stored.database.writing() as connection:
        connection.execute(insert(t.log_entries), [entry])

    assert SqlCaseRecords(stored.database, years=3).drop(KEPT_UNTIL) == 1
    assert stored.count(t.statements) == 1
    assert stored.count(t.cases) == 0


@pytest.mark.parametrize(
    "status", [one for one in CaseStatus if one is not CaseStatus.CLOSED]
)
def test_case_that_is_not_closed_stays(on_sqlite: Stored, status: CaseStatus) -> None:
    """However old: something is still owed, or nobody has answered."""
    _close(on_sqlite, 1, status=status)
    before = _counts(on_sqlite)

    assert SqlCaseRecords(on_sqlite.database, years=3).drop(KEPT_UNTIL + 999 * DAY) == 0
    assert _counts(on_sqlite) == before


def test_statement_that_is_not_logged_keeps_its_case(on_sqlite: Stored) -> None:
    """The receipts' log must not lose a leaf."""
    _close(on_sqlite, 1)
    with on_sqlite.database.writing() as connection:
        connection.execute(t.statements.update().values(to_log=1))

    assert SqlCaseRecords(on_sqlite.database, years=3).drop(KEPT_UNTIL) == 0


def test_key_that_is_left_keeps_its_case(on_sqlite: Stored) -> None:
    """What it seals could else never be found by its case again."""
    _close(on_sqlite, 1)
    row = {"owner": "case-1", "purpose": "x", "wrapped": b"", "made_at": T0}
    with on_sqlite.database.writing() as connection:
        connection.execute(insert(t.data_keys), [row])

    assert SqlCaseRecords(on_sqlite.database, years=3).drop(KEPT_UNTIL) == 0


def test_person_with_another_case_stays_known(stored: Stored) -> None:
    """Their cases go on waiting for one another."""
    _close(stored, 1, subject="ada")
    _close(stored, 2, subject="ada", at=KEPT_UNTIL)

    assert SqlCaseRecords(stored.database, years=3).drop(KEPT_UNTIL) == 1
    with stored.database.reading() as connection:
        assert connection.execute(select(t.cases.c.id)).scalars().all() == ["case-2"]
        assert connection.execute(select(t.subjects.c.ref)).scalars().all() == ["ada"]


def test_much_goes_some_at_a_time(
    on_sqlite: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction is long."""
    monkeypatch.setattr(case_records, "AT_ONCE", 2)
    for number in (1, 2, 3):
        _close(on_sqlite, number)
    records = SqlCaseRecords(on_sqlite.database, years=3)

    assert [records.drop(KEPT_UNTIL) for _ in range(3)] == [2, 1, 0]


def test_what_is_left_of_a_refusal_goes_as_well(on_sqlite: Stored) -> None:
    """One that still waits for a person stays."""
    row = {
        **dict.fromkeys(("code", "pointer", "rule", "hint", "topic"), "x"),
        "partition": 0,
        "heard": 0,
        "size": 1,
        "seen_at": T0,
        "expires_at": T0,
    }
    ended = {"id": "a", "state": "dropped", "ended_at": CLOSED_AT, "offset": 1}
    waiting = {"id": "b", "state": "waiting", "ended_at": None, "offset": 2}
    with on_sqlite.database.writing() as connection:
        connection.execute(insert(t.quarantine), [row | ended, row | waiting])

    assert SqlCaseRecords(on_sqlite.database, years=3).drop(KEPT_UNTIL) == 1
    with on_sqlite.database.reading() as connection:
        assert connection.execute(select(t.quarantine.c.id)).scalars().all() == ["b"]


def test_embedded_log_keeps_what_kafka_would(stored: Stored) -> None:
    """A request that nobody has read stays, however old."""
    ages = {
        "event-30": (CASE_EVENTS, 31),
        "event-29": (CASE_EVENTS, 29),
        "instruction": (instructions_topic("club"), 15),
        "read": (REQUESTS, 8),
        "fresh": (REQUESTS, 6),
        "unread": (REQUESTS, 999),
    }
    rows = [
        {"topic": topic, "key": b"", "headers": name, "appended_at": T0 - days * DAY}
        for name, (topic, days) in ages.items()
    ]
    with stored.database.writing() as connection:
        connection.execute(insert(t.log_records), rows)
        query = select(t.log_records.c.offset).order_by(t.log_records.c.offset)
        last = connection.execute(query).scalars().all()[-1]
        at = {"topic": REQUESTS, "partition": 0, "next_offset": last}
        connection.execute(insert(t.offsets), [at])

    dropped = SqlLogRetention(stored.database).drop(T0)

    with stored.database.reading() as connection:
        left = set(connection.execute(select(t.log_records.c.headers)).scalars())
    assert (dropped, left) == (3, {"event-29", "fresh", "unread"})
