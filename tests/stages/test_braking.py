"""The brake at the door: what comes above a limit is held, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from orchestrator.adapters import tables as t
from orchestrator.core.brake import BrakeLimits
from orchestrator.core.cases import Case
from orchestrator.core.holds import HoldReason
from orchestrator.core.words import CaseId
from tests.stages.an_intake import Intake
from tests.stages.an_office import Office, an_office

NO_LIMIT = BrakeLimits(per_hour=10**9, factor=10, minimum=10**9)


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    """Open an office on SQLite."""
    office = an_office(sqlite_url)
    yield office
    office.database.close()


def _cases(office: Office) -> list[Case]:
    """Return every case in the order of opening."""
    with office.database.reading() as connection:
        ids = connection.execute(select(t.cases.c.id).order_by(t.cases.c.id)).scalars()
        names = [CaseId(id_) for id_ in ids]
    with office.store.transaction() as transaction:
        found = transaction.load_cases(names)
    return [found[id_] for id_ in names]


def _braked(office: Office) -> list[bool]:
    """Tell of each case, in the order of opening, whether the brake holds it."""
    return [
        any(hold.reason is HoldReason.BRAKE for hold in case.holds)
        for case in _cases(office)
    ]


def test_ten_thousand_forged_erasures_stop_at_the_cap(office: Office) -> None:
    """Exactly as many as the cap go on; every other is opened, and held."""
    intake = Intake(office, BrakeLimits(per_hour=500, factor=10, minimum=100))

    intake.send(10_000, at_once=700)

    braked = _braked(office)
    assert len(braked) == 10_000
    assert braked == [False] * 500 + [True] * 9_500
