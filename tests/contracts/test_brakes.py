"""Counting erasures: exact, whoever counts at the same time, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.adapters.sql import brake_tables as b
from orchestrator.core.intake.brake import (
    ALL_SOURCES,
    Brake,
    BrakeLimits,
    hour_of,
    overrun,
)
from orchestrator.core.words import CaseId
from orchestrator.ports import Counted, Pull
from tests.contracts.stored import Stored
from tests.core.builders import DAY, HOUR, T0
from tests.stages.an_intake import Intake
from tests.stages.an_office import an_office
from tests.support.clock import FrozenClock

KEY = ("maison", "/portal")
EVERY = ("maison", ALL_SOURCES)
CAP = BrakeLimits(per_hour=50, factor=10, minimum=50)


def _brake(stored: Stored, at: datetime = T0) -> Brake:
    """Return what is counted at *KEY*."""
    with stored.store.transaction() as transaction:
        return transaction.lock_brakes([KEY], at)[KEY]


def _pass(stored: Stored, *hours: tuple[datetime, int]) -> None:
    """Count so many erasures in each of these hours."""
    for at, count in hours:
        with stored.store.transaction() as transaction:
            brake = transaction.lock_brakes([KEY], at)[KEY]
            for _ in range(count):
                brake = brake.let_pass()
            transaction.save_counted(Counted([brake], [], {}))


def test_source_never_seen_has_counted_nothing(stored: Stored) -> None:
    """And nothing is usual there."""
    assert _brake(stored) == Brake(*KEY, hour_of(T0))


def test_counts_add_up_by_hour_and_day(stored: Stored) -> None:
    """Of the current hour, of the last 24, and the usual of seven days."""
    days = [(T0 - day * DAY, day) for day in range(9, 0, -1)]
    _pass(stored, *days, (T0 - 2 * HOUR, 10), (T0 - 23 * HOUR, 5), (T0, 3), (T0, 1))

    brake = _brake(stored)

    assert (brake.passed, brake.fresh_hour) == (4, 4)
    assert brake.fresh_day == 10 + 5 + 4
    assert brake.usual == 5


def test_count_of_a_transaction_that_fails_is_gone(stored: Stored) -> None:
    """It goes with the cases that it would have opened."""
    _pass(stored, (T0, 2))

    def fail() -> None:
        with stored.store.transaction() as transaction:
            brake = transaction.lock_brakes([KEY], T0)[KEY]
            transaction.save_counted(Counted([brake.let_pass()], [], {}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert _brake(stored).passed == 2


def test_several_processes_together_stop_exactly_at_the_cap(stored: Stored) -> None:
    """Each counts in transactions of its own; the brake is pulled once."""
    ready, numbers = threading.Barrier(3), iter(range(10**6))

    def run(mine: Stored) -> None:
        ready.wait()
        for _ in range(10):
            _open_some(mine, [CaseId(f"c-{next(numbers)}") for _ in range(3)])

    processes = [Stored(stored.url) for _ in range(3)]
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(run, one) for one in processes]:
            done.result()
    for one in processes:
        one.close()

    brake = _brake(stored)
    assert (brake.passed, brake.held) == (50, 40)
    assert (stored.count(b.brake_pulls), stored.count(b.brake_held)) == (1, 40)


def _open_some(stored: Stored, cases: list[CaseId]) -> None:
    """Count some cases as ingest does, in one transaction."""
    with stored.store.transaction() as transaction:
        brakes = dict(transaction.lock_brakes([EVERY, KEY], T0))
        brake, pulls, held = brakes[KEY], [], {}
        for case in cases:
            found = None if brake.pull else overrun(brake, CAP)
            if found is not None:
                pull = Pull(f"b-{case}", *KEY, found, T0)
                pulls.append(pull)
                brake = replace(brake, pull=pull.id)
            if brake.pull:
                held[case] = brake.pull
            brake = brake.hold() if brake.pull else brake.let_pass()
        transaction.save_counted(Counted([brake], pulls, held))


class Named(FrozenClock):
    """A clock whose ids no other process gives."""

    def __init__(self, name: str) -> None:
        """Let time stand still, for every process at the same moment."""
        super().__init__(T0)
        self._name = name

    def new_id(self, prefix: str) -> str:
        """Return an id of this process."""
        return super().new_id(f"{prefix}-{self._name}")


def test_two_ingesting_processes_open_exactly_the_cap(on_postgres: Stored) -> None:
    """Each reads a partition of its own; what one opens, the other counts."""
    offices = [replace(an_office(on_postgres.url), clock=Named(n)) for n in "ab"]
    intakes = [Intake(one, CAP, partition=n) for n, one in enumerate(offices)]
    ready = threading.Barrier(2)

    def run(intake: Intake) -> None:
        ready.wait()
        intake.send(60, at_once=7)

    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(run, one) for one in intakes]:
            done.result()

    braked = [case.is_braked for case in offices[0].cases()]
    for one in offices:
        one.database.close()
    assert (len(braked), braked.count(False)) == (120, 50)
