"""Two processes take two requests for the same at once, and one of both leads."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from orchestrator.core.cases import CaseStatus
from tests.contracts.stored import Stored
from tests.contracts.test_brakes import Named
from tests.stages.an_intake import Intake
from tests.stages.an_office import an_office

PEOPLE = 30


def test_two_requests_taken_at_once_find_one_another(stored: Stored) -> None:
    """Each process reads a partition of its own, with the same people in it."""
    offices = [replace(an_office(stored.url), clock=Named(name)) for name in "ab"]
    intakes = [
        Intake(one, partition=number, shares_people=True)
        for number, one in enumerate(offices)
    ]
    ready = threading.Barrier(2)

    def run(intake: Intake) -> None:
        ready.wait()
        intake.send(PEOPLE, at_once=3)

    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(run, one) for one in intakes]:
            done.result()

    cases = {case.id: case for case in offices[0].cases()}
    for one in offices:
        one.database.close()
    kinds = Counter((case.subject, case.status) for case in cases.values())
    assert len(kinds) == 2 * PEOPLE
    assert set(kinds.values()) == {1}
    for case in cases.values():
        if case.status is CaseStatus.ATTACHED:
            assert case.led_by is not None
            lead = cases[case.led_by]
            assert [led.case for led in lead.leads] == [case.id]
            assert lead.subject == case.subject
