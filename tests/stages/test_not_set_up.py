"""A database that is set up wrongly is said; no case and no record pays for it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from orchestrator.core.events import TimePassed
from orchestrator.engine import Engine, Step
from orchestrator.errors import SetUpError
from schemas.connecting import Action
from tests.core.builders import (
    CASE,
    MAIL,
    T0,
    a_plan,
    an_account,
    an_opening,
    called,
    located,
    reported,
)
from tests.stages.an_office import Office


def _break(office: Office, table: str) -> None:
    """Take a table away, as a restore of half a backup would."""
    with office.database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO gone"))


def test_step_is_not_given_up_for_a_missing_table(office: Office) -> None:
    """The sentence says what to do; no task is handed to a person for it."""
    office.open([an_opening()], a_plan(an_account(MAIL)))
    given_up: list[Step] = []
    engine = Engine(
        office.store, office.clock.now, lambda step, _: given_up.append(step)
    )
    before = office.case(CASE)
    case = called(before, MAIL, Action.LOCATE)
    with office.store.transaction() as transaction:
        transaction.save_cases([(before, case)])
    _break(office, "history")
    report = reported(case, MAIL, Action.LOCATE, located("i1"))

    with pytest.raises(SetUpError, match="erasure db upgrade"):
        engine.apply([Step(CASE, report), Step(CASE, TimePassed(T0))])

    assert given_up == []
    assert office.case(CASE) == case
