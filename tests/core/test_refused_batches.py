"""After a batch was refused as a whole: half the company, and at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.cases import ItemState, Step, TaskStatus
from orchestrator.core.events import BatchRefused
from schemas.connecting import Action, Done, Evidence, Failed, Retry
from tests.core.builders import MAIL, T0, a_case, after, ready_to_erase, task_of


@pytest.mark.parametrize(("size", "half"), [(50, 25), (25, 13), (3, 2), (2, 1)])
def test_task_goes_out_at_once_in_half_the_company(size: int, half: int) -> None:
    """It is ready without a pause, and nothing counts as tried in vain."""
    case = after(ready_to_erase("i1"), MAIL, BatchRefused(size))

    task = task_of(case, MAIL)

    assert (task.status, task.step, task.at_most) == (
        *(TaskStatus.READY, Step.ACT),
        half,
    )
    assert (task.attempts, task.answers_lost) == (0, 0)
    assert [item.state for item in task.items] == [ItemState.OPEN]


def test_search_goes_out_in_half_the_company() -> None:
    """A search that was refused with others is asked for again at once."""
    case = after(a_case(), MAIL, BatchRefused(8), Action.LOCATE)

    task = task_of(case, MAIL, Action.LOCATE)
    assert (task.status, task.at_most) == (TaskStatus.READY, 4)


def test_look_stays_a_look() -> None:
    """What was to be looked at is looked at again, and not erased anew."""
    case = after(ready_to_erase("i1"), MAIL, Done("deleted", Evidence.E2))
    assert task_of(case, MAIL).step is Step.LOOK

    task = task_of(after(case, MAIL, BatchRefused(8)), MAIL)

    assert (task.status, task.step, task.at_most) == (
        *(TaskStatus.WAITING, Step.LOOK),
        4,
    )
    assert task.wake_at == T0


def test_setback_in_between_keeps_the_half() -> None:
    """A retry of a half is a retry in that half."""
    case = after(ready_to_erase("i1"), MAIL, BatchRefused(8))
    case = after(case, MAIL, Retry("throttled", timedelta(seconds=9)))

    assert task_of(case, MAIL).at_most == 4


def test_result_ends_the_division() -> None:
    """Once something was learned, the next call is as large as any."""
    case = after(ready_to_erase("i1"), MAIL, BatchRefused(8))
    case = after(case, MAIL, Done("deleted", Evidence.E2))

    assert task_of(case, MAIL).at_most is None


def test_whoever_is_refused_alone_goes_to_a_person() -> None:
    """The end of the division is the refusal itself, with its code and hint."""
    case = after(ready_to_erase("i1"), MAIL, BatchRefused(2))
    case = after(case, MAIL, Failed("refused_400", "Ask."))

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "refused_400")


def test_batch_of_one_is_never_divided() -> None:
    """A report that could be repeated for ever goes to a person instead."""
    case = after(ready_to_erase("i1"), MAIL, BatchRefused(1))

    assert task_of(case, MAIL).status is TaskStatus.NEEDS_HUMAN
