"""Changed copies of frozen values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from orchestrator.core.changing import replace
from orchestrator.core.events import SiblingExportOpened
from orchestrator.core.tasks import TaskStatus
from orchestrator.core.words import CaseId
from tests.core.builders import a_case


@dataclass(frozen=True, slots=True)
class _Alone:
    """A value of one field."""

    field: str


@dataclass(frozen=True, slots=True)
class _Made:
    """A value that does something when it is made."""

    field: str

    def __post_init__(self) -> None:
        """Do it."""


def test_copy_equals_the_standard_librarys() -> None:
    """A case and a task are copied as `dataclasses.replace` copies them."""
    case = a_case()
    moment = case.due_at
    task = next(iter(case.all_tasks.values()))

    assert replace(case, version=9, wake_at=moment) == dataclasses.replace(
        case, version=9, wake_at=moment
    )
    assert replace(task, status=TaskStatus.SETTLED) == dataclasses.replace(
        task, status=TaskStatus.SETTLED
    )
    assert replace(case) == case


def test_copied_value_stays_as_it_was() -> None:
    """The value that is copied does not change with its copy."""
    event = SiblingExportOpened(a_case().opened_at, CaseId("c-1"))

    other = replace(event, case=CaseId("c-2"))

    assert (event.case, other.case) == ("c-1", "c-2")


def test_copy_is_frozen_too() -> None:
    """A copy can no more be changed than its original."""
    copy = replace(_Alone("a"), field="b")

    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.field = "c"  # type: ignore[misc]
    assert copy == _Alone("b")


def test_value_with_a_post_init_is_refused() -> None:
    """What a value does when it is made would be skipped, so it is not copied."""
    with pytest.raises(TypeError, match="more than its fields"):
        replace(_Made("a"), field="b")


def test_change_of_another_name_is_refused() -> None:
    """A field that a value has not, even a property of it, is not changed."""
    with pytest.raises(AttributeError):
        replace(a_case(), wants=None)  # type: ignore[call-arg]
