"""Whatever a case can hold is read back as it was written, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import select

from orchestrator.adapters.sql import tables as t
from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.cases import Case, Found, Task
from orchestrator.core.events import Event
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    AccountId,
    CallId,
    CaseId,
    RegisterVersion,
    SubjectRef,
)
from schemas.connecting import Outcome, TaskId
from tests.contracts.drawing import any_of
from tests.contracts.stored import Stored
from tests.core.builders import CASE, MAIL, T0, a_case, a_plan, task_of

# A case with a task for every outcome is long to print; only one that fails is.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

OUTCOMES = (*get_args(Outcome), Found, type(None))
EVENTS = get_args(Event)
SOME = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # every case there has a name of its own
        HealthCheck.large_base_example,  # and a task for each kind of outcome
        HealthCheck.data_too_large,
        HealthCheck.too_slow,
    ],
)
# One task for every kind of outcome there is, so that none is left to chance.
TASKS = st.tuples(
    *(
        st.tuples(any_of(Task), any_of(outcome)).map(
            lambda drawn: replace(drawn[0], outcome=drawn[1])
        )
        for outcome in OUTCOMES
    )
)
_numbers = itertools.count(1)


def _under(task: Task, id_: TaskId, account: AccountId) -> Task:
    """Give a drawn task, and its jobs, names that columns can hold."""
    jobs = tuple(
        replace(job, id=CallId(f"{id_}-{n}")) for n, job in enumerate(task.open_calls)
    )
    return replace(task, id=id_, account=account, open_calls=jobs)


def _owed(drawn: Obligation) -> Obligation:
    """Give what a drawn case owes names that columns can hold, at a known account."""
    return replace(drawn, account=MAIL, record_class="invoice", rule="rule-1")


def _named(case: Case, plan: Plan, tasks: tuple[Task, ...]) -> Case:
    """Give a drawn case names that columns can hold and that nothing else has."""
    number = next(_numbers)
    id_ = CaseId(f"case-{number}")
    named = [
        _under(one, TaskId(f"{id_}.{n:02}"), AccountId(f"account-{n}"))
        for n, one in enumerate(tasks)
    ]
    return replace(
        case,
        id=id_,
        request_id=f"request-{number}",
        subject=SubjectRef(f"subject-{number}"),
        controller="maison",
        plan=replace(
            plan,
            version=RegisterVersion(f"v{number}"),
            controller="maison",
            time_zone="Europe/Berlin",
        ),
        tasks={one.id: one for one in named} or None,
        obligations=tuple(map(_owed, case.obligations[:1])),
    )


@SOME
@given(case=any_of(Case), plan=any_of(Plan), tasks=TASKS)
def test_every_case_is_read_as_it_was_written(
    stored: Stored, case: Case, plan: Plan, tasks: tuple[Task, ...]
) -> None:
    """Every state, outcome and plan there can be, by a process that never saw it."""
    written = _named(case, plan, tasks)

    stored.open(written)

    with stored.again() as other:
        assert other.load(written.id) == {written.id: written}


@SOME
@given(drawn=any_of(Case), tasks=TASKS)
def test_every_step_is_read_as_it_was_written(
    stored: Stored, drawn: Case, tasks: tuple[Task, ...]
) -> None:
    """A step may change anything but names: all of it replaces what was there."""
    before = _named(a_case(), a_plan(), tuple(task_of(a_case(), MAIL) for _ in tasks))
    after = replace(
        _named(drawn, a_plan(), tasks),
        id=before.id,
        request_id=before.request_id,
        subject=before.subject,
        plan=before.plan,
        tasks={
            old.id: _under(new, old.id, old.account)
            for old, new in zip(before.all_tasks.values(), tasks, strict=True)
        },
    )
    stored.open(before)

    stored.save(before, after)

    with stored.again() as other:
        assert other.load(after.id) == {after.id: after}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@SOME
@given(data=st.data())
def test_every_event_can_be_read_from_history(
    stored: Stored, kind: type[Any], data: st.DataObject
) -> None:
    """What was applied can be read again by the name of its type."""
    event = data.draw(any_of(kind))  # type: ignore[arg-type] # a class is hashable
    version = next(_numbers)

    with stored.store.transaction() as transaction:
        transaction.add_history([(CASE, version, T0, event)])

    with stored.database.reading() as connection:
        query = select(t.history).where(t.history.c.version == version)
        row = connection.execute(query).one()
    assert row.event == kind.__name__
    assert TypeAdapter(kind).validate_json(row.doc) == event
