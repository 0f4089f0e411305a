"""What is owed is known with where its records were found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestrator.adapters.cases.obligation_rows import OwedThere, owed_there
from orchestrator.core.afterwards.owed import Obligation, ObligationKind
from orchestrator.core.cases import Case
from schemas.connecting import ItemId
from tests.core.builders import MAIL, T0, a_plan, an_account, an_opening
from tests.stages.an_office import Office, an_office

FIRST, LAST = date(2031, 12, 31), date(2034, 12, 31)


def _owing(office: Office, *days: date) -> Case:
    """Open a case at a known installation and let it owe something on these days."""
    office.claims.register([MAIL])
    office.claims.note_ping(MAIL, "hub-1", T0)
    office.open([an_opening()], a_plan(an_account(MAIL, connector="klaviyo")))
    before = office.case("case-1")
    owed = tuple(
        Obligation(MAIL, "order", "fr-orders", day, (ItemId("i1"),)) for day in days
    )
    _save(office, before, replace(before, obligations=owed))
    return replace(before, obligations=owed)


def _save(office: Office, before: Case, after: Case) -> None:
    with office.store.transaction() as transaction:
        transaction.save_cases([(before, after)])


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Lend an office on SQLite."""
    return an_office(f"sqlite:///{tmp_path / 'office.db'}")


def test_owed_is_counted_by_account_connector_and_installation(office: Office) -> None:
    """Whoever may not go is known with the last day until which."""
    _owing(office, FIRST, LAST)

    assert owed_there(office.database) == [OwedThere(MAIL, "klaviyo", "hub-1", 2, LAST)]


def test_row_stays_as_it_was_made(office: Office) -> None:
    """What is carried out goes; the rest still says where its records were found."""
    before = _owing(office, FIRST, LAST)
    office.claims.note_ping(MAIL, "hub-2", T0)

    _save(office, before, replace(before, obligations=before.obligations[:1]))

    assert owed_there(office.database) == [
        OwedThere(MAIL, "klaviyo", "hub-1", 1, FIRST)
    ]


def test_looks_keep_no_account_in_the_register(office: Office) -> None:
    """They end by themselves; only what must be erased there holds it."""
    before = _owing(office, FIRST)
    look = Obligation(MAIL, "", "read_back", LAST, (), ObligationKind.READ_BACK)

    _save(office, before, replace(before, obligations=(look,)))

    assert owed_there(office.database) == []


def test_open_order_is_owed_until_it_expires(office: Office) -> None:
    """Not only until the next day, on which it is looked at again."""
    before = _owing(office, FIRST)
    kind = ObligationKind.LOOK_AGAIN
    order = Obligation(MAIL, "order", "order_open", FIRST, (ItemId("i"),), kind, LAST)

    _save(office, before, replace(before, obligations=(order,)))

    assert [one.last_due_on for one in owed_there(office.database)] == [LAST]
