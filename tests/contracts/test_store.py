"""Cases, subjects, history and input: what both databases promise the engine."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, select

from orchestrator.adapters.sql import tables as t
from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.cases import CaseStatus, TaskStatus, Wants
from orchestrator.core.events import TimePassed
from orchestrator.core.words import CaseId, RegisterVersion, SubjectRef
from orchestrator.errors import CannotStore, Conflict
from schemas.connecting import ItemId, TaskId
from tests.contracts.stored import Stored, numbered, with_erasure
from tests.core.builders import (
    CRM,
    DAY,
    HOUR,
    MAIL,
    MINUTE,
    SECOND,
    T0,
    a_plan,
    an_account,
)

RECEIPT = date(2034, 12, 31)

# --- cases ----------------------------------------------------------------------------


def test_unknown_cases_are_absent(stored: Stored) -> None:
    """Asked for cases of which one was never stored, the others are returned."""
    stored.open(numbered(1))

    found = stored.load(CaseId("case-1"), CaseId("case-never"))

    assert found == {"case-1": numbered(1)}


def test_no_ids_load_no_cases(stored: Stored) -> None:
    """An empty question has an empty answer."""
    stored.open(numbered(1))

    assert stored.load() == {}


def test_cases_come_in_the_order_of_their_ids(stored: Stored) -> None:
    """They are locked in that order too, so that two batches never wait in a ring."""
    stored.open(numbered(2), numbered(3), numbered(1))

    found = stored.load(*(CaseId(f"case-{n}") for n in (3, 1, 2)))

    assert list(found) == ["case-1", "case-2", "case-3"]


def test_step_is_read_as_it_was_written(stored: Stored) -> None:
    """What a step changed in the case and in one task is what the next one sees."""
    before = numbered(1)
    stored.open(before)
    after = replace(
        with_erasure(before, TaskStatus.WAITING, wake_at=T0 + HOUR, attempts=2),
        version=2,
        wake_at=T0 + DAY,
    )

    stored.save(before, after)

    with stored.again() as other:
        assert other.load(after.id) == {after.id: after}


def test_unchanged_task_is_not_written(stored: Stored) -> None:
    """A step leaves the rows of the tasks alone that it did not change."""
    before = numbered(1)
    stored.open(before)
    written = _writes_to(stored, "tasks")

    stored.save(before, replace(before, version=2))
    of_the_case_alone = len(written)
    stored.save(before, replace(with_erasure(before, TaskStatus.READY), version=3))

    assert of_the_case_alone == 0
    assert len(written) == 1


def test_claim_survives_a_step_about_another_task(stored: Stored) -> None:
    """A claim lives in the row alone; a step that does not change it keeps it."""
    before = with_erasure(numbered(1), TaskStatus.READY)
    stored.open(before)
    epochs = stored.own(MAIL)
    claims = stored.claims.claim({MAIL: 9}, epochs, "worker-1", T0, lambda _: (), {})

    stored.save(before, replace(before, version=2))

    (case,) = stored.load(before.id).values()
    assert {claim.task.id for claim in claims} == {
        task.id for task in case.all_tasks.values() if task.status is TaskStatus.CALLED
    }
    assert {task.epoch for task in case.all_tasks.values()} == {1}


def _writes_to(stored: Stored, table: str) -> list[object]:
    """Collect the parameters of every row that is updated in *table* from now on."""
    rows: list[object] = []

    def note(*seen: Any) -> None:  # noqa: ANN401 (SQLAlchemy's)
        _, _, statement, parameters, _, is_many = seen
        if statement.startswith(f"UPDATE {table} "):
            rows.extend(parameters if is_many else [parameters])

    event.listen(stored.database.engine, "before_cursor_execute", note)
    return rows


def test_second_case_of_a_request_is_a_conflict(stored: Stored) -> None:
    """Whoever opens a case for a request that has one decides again, and nothing is."""
    stored.open(numbered(1))
    twin = replace(numbered(2), request_id="request-1")

    with pytest.raises(Conflict):
        stored.open(twin)

    assert stored.count(t.cases) == 1
    assert stored.count(t.subjects) == 1


def test_failed_transaction_leaves_nothing(stored: Stored) -> None:
    """An error inside of a transaction takes all of it back."""

    def fail_late() -> None:
        with stored.store.transaction() as transaction:
            transaction.lock_subjects({SubjectRef("subject-1")}, T0)
            transaction.keep_plans([a_plan()], T0)
            transaction.insert_cases([numbered(1)])
            transaction.lock_offset("topic", 0)
            raise LookupError

    with pytest.raises(LookupError):
        fail_late()

    tables = (t.subjects, t.registers, t.cases, t.tasks, t.offsets)
    assert [stored.count(table) for table in tables] == [0] * 5


# --- what is due ----------------------------------------------------------------------


def test_due_cases_are_those_whose_moment_has_come(stored: Stored) -> None:
    """The oldest moment first; a moment that is now has come; a limit is kept."""
    stored.open(
        replace(numbered(1), wake_at=T0),
        replace(numbered(2), wake_at=T0 - DAY),
        replace(numbered(3), wake_at=T0 + SECOND),
        replace(numbered(4), wake_at=None),
    )

    assert stored.store.due_cases(T0, 10) == ["case-2", "case-1"]
    assert stored.store.due_cases(T0, 1) == ["case-2"]


def test_closed_case_is_never_due(stored: Stored) -> None:
    """Whatever moment it still carries, nobody wakes it."""
    stored.open(replace(numbered(1), wake_at=T0, status=CaseStatus.CLOSED))

    assert stored.store.due_cases(T0 + DAY, 10) == []


def test_cases_that_want_something_come_by_urgency(stored: Stored) -> None:
    """The earliest deadline first, whole, and only what wants just that."""
    urgent, later = (
        replace(numbered(n), status=CaseStatus.ANSWERED, due_at=T0 - n * DAY)
        for n in (2, 1)
    )
    stored.open(later, urgent, numbered(3))

    assert stored.store.cases_wanting(Wants.FORGET_IDENTITY, 10) == [urgent, later]
    assert stored.store.cases_wanting(Wants.FORGET_IDENTITY, 1) == [urgent]
    assert stored.store.cases_wanting(Wants.SEAL_EXPORT, 10) == []


def test_what_is_wanted_is_told_without_reading_cases(stored: Stored) -> None:
    """Of what was asked about, and nothing beside it."""
    stored.open(replace(numbered(1), status=CaseStatus.ANSWERED), numbered(2))
    both = frozenset({Wants.FORGET_IDENTITY, Wants.SEAL_EXPORT})

    assert stored.store.wanted(both) == {Wants.FORGET_IDENTITY}
    assert stored.store.wanted(frozenset({Wants.SEAL_EXPORT})) == frozenset()


def test_open_cases_of_a_subject_are_those_not_answered(stored: Stored) -> None:
    """Neither answered nor closed, of each subject asked for and no other."""
    one, other = SubjectRef("subject-1"), SubjectRef("subject-2")
    for number, status in enumerate(CaseStatus, start=1):
        stored.open(replace(numbered(number), subject=one, status=status))
    stored.open(replace(numbered(9), subject=other))

    with stored.store.transaction() as transaction:
        found = transaction.open_cases_of({one, SubjectRef("subject-never")})
        both = transaction.subjects_of([CaseId("case-1"), CaseId("case-9")])

    over = {CaseStatus.ANSWERED, CaseStatus.CLOSED}
    still_open = [
        f"case-{number}"
        for number, status in enumerate(CaseStatus, start=1)
        if status not in over
    ]
    assert {ref: sorted(ids) for ref, ids in found.items()} == {one: still_open}
    assert both == {"case-1": one, "case-9": other}


# --- plans ----------------------------------------------------------------------------


def test_plan_is_kept_as_it_was_first(stored: Stored) -> None:
    """A register version never changes once a case may stand on it."""
    first = a_plan(an_account(MAIL), an_account(CRM))
    with stored.store.transaction() as transaction:
        transaction.keep_plans([first], T0)
        transaction.keep_plans([replace(first, country="FR")], T0)

    with stored.again() as other:
        assert other.store.plan(first.version, first.controller) == first


def test_plan_of_a_transaction_that_failed_is_kept_by_the_next(stored: Stored) -> None:
    """What is remembered as kept was committed."""
    plan = a_plan()
    with suppress(ZeroDivisionError), stored.store.transaction() as transaction:
        transaction.keep_plans([plan], T0)
        _ = 1 // 0

    for _ in range(2):
        with stored.store.transaction() as transaction:
            transaction.keep_plans([plan], T0)

    with stored.again() as other:
        assert other.store.plan(plan.version, plan.controller) == plan


def test_plan_that_was_never_kept_is_a_key_error(stored: Stored) -> None:
    """Neither an unknown version nor another controller's is made up."""
    stored.open(numbered(1))

    for version, controller in (("register-9", "maison"), ("register-1", "other")):
        with pytest.raises(KeyError):
            stored.store.plan(RegisterVersion(version), controller)


# --- history --------------------------------------------------------------------------


def test_history_has_one_row_a_version(stored: Stored) -> None:
    """Each applied event stands once; a second one for a version is a conflict."""
    stored.open(numbered(1))
    case = CaseId("case-1")
    with stored.store.transaction() as transaction:
        transaction.add_history([(case, n, T0, TimePassed(T0)) for n in (2, 3)])

    with (
        pytest.raises(Conflict),
        stored.store.transaction() as transaction,
    ):
        transaction.add_history([(case, 3, T0, TimePassed(T0 + DAY))])

    query = select(t.history).order_by(t.history.c.version)
    with stored.database.reading() as connection:
        rows = connection.execute(query).all()
    assert [(row.version, row.event, row.at) for row in rows] == [
        (2, "TimePassed", T0),
        (3, "TimePassed", T0),
    ]


# --- subjects -------------------------------------------------------------------------


def test_subject_is_kept_as_it_was_first_seen(stored: Stored) -> None:
    """Locking a subject again makes no second row and moves no time."""
    refs = {SubjectRef(f"subject-{n}") for n in (3, 1, 2)}
    for at in (T0, T0 + MINUTE):
        with stored.store.transaction() as transaction:
            transaction.lock_subjects(refs, at)

    with stored.database.reading() as connection:
        rows = connection.execute(select(t.subjects).order_by(t.subjects.c.ref)).all()
    assert [tuple(row) for row in rows] == [(f"subject-{n}", T0) for n in (1, 2, 3)]


def test_no_subjects_lock_nothing(stored: Stored) -> None:
    """A batch without openings asks for nobody."""
    with stored.store.transaction() as transaction:
        transaction.lock_subjects(set(), T0)
        assert transaction.open_cases_of(set()) == {}

    assert stored.count(t.subjects) == 0


def test_case_of_an_unknown_subject_is_refused(stored: Stored) -> None:
    """A subject's row orders its cases, so there is none without it."""
    case = numbered(1)

    with (
        pytest.raises(CannotStore, match=r"23503|SQLITE_CONSTRAINT_FOREIGNKEY"),
        stored.store.transaction() as transaction,
    ):
        transaction.insert_cases([case])

    assert stored.count(t.cases) == 0


# --- what is owed ---------------------------------------------------------------------


def test_rows_of_what_is_owed_follow_the_case(stored: Stored) -> None:
    """They are findable by account and day, and gone once nothing is owed."""
    before = numbered(1)
    stored.open(before)
    invoices = Obligation(MAIL, "invoice", "de-invoices", RECEIPT, (ItemId("i1"),))
    owing = replace(before, obligations=(invoices,))

    with stored.store.transaction() as transaction:
        transaction.save_cases([(before, owing)])
    owed = _owed(stored)
    with stored.store.transaction() as transaction:
        transaction.save_cases([(owing, before)])

    assert owed == [("case-1", "retention", MAIL, "2034-12-31", 1)]
    assert _owed(stored) == []


def test_task_that_came_later_is_stored_with_its_case(stored: Stored) -> None:
    """A follow-up is not among the tasks that a case was opened with."""
    before = numbered(1)
    stored.open(before)
    later = replace(
        next(iter(before.all_tasks.values())),
        id=TaskId("case-1.mail.erase.2034-12-31"),
        sealed_under="obligation:mail:2034",
    )

    with stored.store.transaction() as transaction:
        transaction.save_cases([(before, before.with_task(later))])

    assert stored.load(before.id)[before.id].all_tasks[later.id] == later


def _owed(stored: Stored) -> list[tuple[object, ...]]:
    """Return the rows of what is owed."""
    columns = t.obligations.c
    query = select(
        columns.case_id, columns.kind, columns.account, columns.due_on, columns["items"]
    )
    with stored.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]
