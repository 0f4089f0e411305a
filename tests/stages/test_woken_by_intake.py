"""Whom a request wakes, so that nothing waits for the next look at the database."""

from __future__ import annotations

import pytest

from orchestrator.core.plan import Plan
from orchestrator.engine import Stirred
from schemas.connecting import Mode
from tests.core.builders import a_plan, an_account
from tests.stages.an_intake import Intake
from tests.stages.an_office import Office


@pytest.mark.parametrize(
    ("plan", "woken"),
    [
        pytest.param(a_plan(), Stirred.WORK, id="something to ask"),
        pytest.param(a_plan(an_account(mode=Mode.OFF)), Stirred.SEAL, id="nothing"),
    ],
)
def test_request_wakes_who_goes_on_with_it(
    office: Office, plan: Plan, woken: Stirred
) -> None:
    """The worker where an account is to be asked, else whoever signs the answer."""
    told: list[frozenset[Stirred]] = []
    office.engine.listen(told.append)

    Intake(office, plan=plan).send(1)

    assert told == [{woken, Stirred.RELAY}]
