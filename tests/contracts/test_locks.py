"""What happens when two transactions want the same row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import CaseId, SubjectRef
from orchestrator.errors import Conflict
from orchestrator.ports import Transaction
from tests.contracts.stored import (
    LEASE,
    OTHER,
    OWNER,
    Stored,
    claimed_ids,
    no_calls,
    numbered,
    only_erasure,
)
from tests.core.builders import MAIL, SECOND, T0
from tests.support.patience import PATIENCE
from tests.support.postgres import wait_until_somebody_waits

CASE = CaseId("case-1")
TIMES = 12


def _together(stored: Stored, step: Callable[[Stored], None]) -> None:
    """Let three processes take *step* twelve times each, at the same time."""
    ready = threading.Barrier(3)

    def run(mine: Stored) -> None:
        ready.wait()
        for _ in range(TIMES):
            step(mine)

    processes = [Stored(stored.url) for _ in range(3)]
    with ThreadPoolExecutor() as threads:
        for done in [threads.submit(run, one) for one in processes]:
            done.result()
    for one in processes:
        one.close()


def test_no_step_of_a_case_is_lost(stored: Stored) -> None:
    """Processes that load, decide and save one case take turns."""
    stored.open(numbered(1))

    def step(mine: Stored) -> None:
        with mine.store.transaction() as transaction:
            case = transaction.load_cases([CASE])[CASE]
            transaction.save_cases([(case, replace(case, version=case.version + 1))])

    _together(stored, step)

    assert stored.load(CASE)[CASE].version == 1 + 3 * TIMES


def test_no_record_is_taken_twice(stored: Stored) -> None:
    """A consumer that lost its partition waits for the other's offset, and sees it."""

    def step(mine: Stored) -> None:
        with mine.store.transaction() as transaction:
            at = transaction.lock_offset("topic", 0)
            transaction.move_offset("topic", 0, at + 1)

    with stored.store.transaction() as transaction:
        transaction.lock_offset("topic", 0)
    _together(stored, step)

    assert stored.store.stored_offsets() == {("topic", 0): 3 * TIMES}


def test_account_is_acquired_once(stored: Stored) -> None:
    """However many ask at the same time, each epoch has one owner."""
    stored.claims.register([MAIL])
    epochs: list[int] = []

    def step(mine: Stored) -> None:
        me = str(id(mine))
        taken = mine.claims.acquire([MAIL], me, T0, T0 + LEASE)
        epochs.extend(taken.values())
        mine.claims.release(taken, me)

    _together(stored, step)

    assert epochs
    assert sorted(epochs) == list(range(1, len(epochs) + 1))


def test_task_is_claimed_once(stored: Stored) -> None:
    """An owner that claims from two threads gets each task in one of them."""
    numbers = range(1, 2 * TIMES + 1)
    stored.open(*(only_erasure(n, TaskStatus.READY) for n in numbers))
    epochs = stored.own(MAIL)
    claimed: list[str] = []

    def step(mine: Stored) -> None:
        found = mine.claims.claim({MAIL: 2}, epochs, OWNER, T0, no_calls, {})
        claimed.extend(claimed_ids(found))

    _together(stored, step)

    assert sorted(claimed) == sorted(f"case-{n}" for n in numbers)


# --- PostgreSQL, where several write at the same time ---------------------------------


@contextmanager
def _locked(stored: Stored) -> Iterator[Transaction]:
    """Hold the first case's lock in a transaction of another process."""
    with stored.again() as other, other.store.transaction() as transaction:
        transaction.load_cases([CASE])
        yield transaction


def test_claim_skips_a_locked_case(on_postgres: Stored) -> None:
    """It does not wait for a case that is being decided; it takes the others."""
    on_postgres.open(*(only_erasure(n, TaskStatus.READY) for n in (1, 2, 3)))
    epochs = on_postgres.own(MAIL)

    with _locked(on_postgres):
        others = on_postgres.claims.claim({MAIL: 9}, epochs, OWNER, T0, no_calls, {})
    rest = on_postgres.claims.claim({MAIL: 9}, epochs, OWNER, T0, no_calls, {})

    assert sorted(claimed_ids(others)) == ["case-2", "case-3"]
    assert claimed_ids(rest) == ["case-1"]


def test_step_sees_the_step_it_waited_for(on_postgres: Stored) -> None:
    """Its tasks too are those that the other committed."""
    on_postgres.open(only_erasure(1, TaskStatus.READY))
    after = replace(only_erasure(1, TaskStatus.SETTLED), version=2)

    with ThreadPoolExecutor() as threads:
        with _locked(on_postgres) as transaction:
            late: Future[object] = threads.submit(on_postgres.load, CASE)
            wait_until_somebody_waits(on_postgres.database.engine)
            transaction.save_cases([(only_erasure(1, TaskStatus.READY), after)])
        loaded = late.result(PATIENCE)

    assert loaded == {CASE: after}


def test_case_is_not_claimed_while_its_owner_changes(on_postgres: Stored) -> None:
    """An acquisition waits for the claim that runs, and then ends its ownership."""
    on_postgres.open(only_erasure(1, TaskStatus.READY))
    epochs = on_postgres.own(MAIL)
    over = T0 + LEASE + SECOND

    with ThreadPoolExecutor() as threads:

        def meanwhile(_claimed: object) -> tuple[()]:
            taking = threads.submit(
                on_postgres.claims.acquire, [MAIL], OTHER, over, over + LEASE
            )
            wait_until_somebody_waits(on_postgres.database.engine)
            results.append(taking)
            return ()

        results: list[Future[Any]] = []
        on_postgres.claims.claim({MAIL: 1}, epochs, OWNER, T0, meanwhile, {})
        assert results[0].result(PATIENCE) == {MAIL: 2}

    (orphan,) = on_postgres.claims.orphans({MAIL: 2}, 9)
    assert (orphan.case, orphan.epoch) == (CASE, 1)


def test_openings_of_one_subject_take_turns(on_postgres: Stored) -> None:
    """The second sees the case that the first opened, also for a new subject."""
    subject = SubjectRef("subject-1")

    def open_cases() -> list[CaseId]:
        with on_postgres.store.transaction() as transaction:
            transaction.lock_subjects({subject}, T0)
            return list(transaction.open_cases_of({subject}).get(subject, ()))

    with ThreadPoolExecutor() as threads:
        with on_postgres.store.transaction() as transaction:
            transaction.lock_subjects({subject}, T0)
            late = threads.submit(open_cases)
            wait_until_somebody_waits(on_postgres.database.engine)
            transaction.keep_plans([numbered(1).plan], T0)
            transaction.insert_cases([numbered(1)])
        assert late.result(PATIENCE) == [CASE]


def test_transactions_in_a_ring_are_a_conflict(on_postgres: Stored) -> None:
    """If two wait for each other, one of them is told to decide again."""
    on_postgres.open(numbered(1), numbered(2))
    two = CaseId("case-2")

    def backwards(locked: threading.Event) -> None:
        with on_postgres.store.transaction() as transaction:
            transaction.load_cases([two])
            locked.set()
            transaction.load_cases([CASE])

    errors: list[object] = []
    locked = threading.Event()
    with ThreadPoolExecutor() as threads:
        try:
            with on_postgres.store.transaction() as transaction:
                transaction.load_cases([CASE])
                late = threads.submit(backwards, locked)
                locked.wait(PATIENCE)
                transaction.load_cases([two])
        except Conflict as error:
            errors.append(error)
        errors.append(late.exception(PATIENCE))

    assert [type(one) for one in errors if one is not None] == [Conflict]


def test_person_whose_records_go_is_known_again(on_postgres: Stored) -> None:
    """Who opens a case while the old records go finds the person's row, not a gap."""
    ada = SubjectRef("ada")
    with on_postgres.store.transaction() as transaction:
        transaction.lock_subjects([ada], T0)
    other = Stored(on_postgres.url)
    going = on_postgres.database.engine.connect()
    going.execute(text("SELECT ref FROM subjects FOR UPDATE"))

    def open_case() -> None:
        with other.store.transaction() as transaction:
            transaction.lock_subjects([ada], T0)
            transaction.insert_cases([replace(numbered(1), subject=ada)])

    with ThreadPoolExecutor() as threads:
        opened = threads.submit(open_case)
        wait_until_somebody_waits(on_postgres.database.engine)
        going.execute(text("DELETE FROM subjects"))
        going.commit()
        opened.result()
    going.close()
    other.close()

    assert on_postgres.count(t.cases) == 1
