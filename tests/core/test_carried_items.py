"""An answer speaks only of the records that its call carried."""

from __future__ import annotations

import pytest

from orchestrator.core.cases import Step, TaskStatus
from orchestrator.core.events import ItemsLookedAt
from schemas.connecting import Action, Done, Evidence, Exported, ItemId
from tests.core.builders import ACCESS, MAIL, after, ready_to_erase, task_of

A, B = ItemId("a"), ItemId("b")


def test_look_at_nothing_proves_nothing() -> None:
    """A look whose records were lost on our side is no proof that they are gone."""
    said_done = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E2))

    case = after(said_done, MAIL, ItemsLookedAt(frozenset()), items=())

    task = task_of(case, MAIL)
    assert (task.status, task.step) == (TaskStatus.WAITING, Step.LOOK)
    assert [item.evidence for item in task.items] == [Evidence.E2]


@pytest.mark.parametrize(
    ("carried", "status"),
    [
        pytest.param((A, B), TaskStatus.SETTLED, id="all"),
        pytest.param((A,), TaskStatus.NEEDS_HUMAN, id="some"),
        pytest.param((), TaskStatus.NEEDS_HUMAN, id="none"),
    ],
)
def test_copy_of_some_records_is_not_the_copy(
    carried: tuple[ItemId, ...], status: TaskStatus
) -> None:
    """A copy settles only if every record that was found was asked for."""
    case = ready_to_erase("a", "b", rights=ACCESS)

    exported = after(case, MAIL, Exported(1), Action.EXPORT, items=carried)

    assert task_of(exported, MAIL, Action.EXPORT).status is status
