"""What people see of a task that waits for others."""

from __future__ import annotations

from orchestrator.adapters.reading.viewing import task_line, task_view
from schemas.connecting import Accepted, HandedOver
from tests.core.builders import DAY, HOUR, MAIL, T0, after, ready_to_erase, task_of


def test_open_job_shows_until_when_it_may_take() -> None:
    """Somebody who waits for a processor sees for how long, and when it is late."""
    case = after(ready_to_erase("a"), MAIL, Accepted(HOUR, 7 * DAY))
    late = after(case, MAIL, Accepted(HOUR, 7 * DAY), at=T0 + 8 * DAY)

    shown = [task_view(one.id, task_of(one, MAIL)) for one in (case, late)]

    assert [one.expected_by for one in shown] == [T0 + 7 * DAY] * 2
    assert [one.is_late for one in shown] == [False, True]


def test_work_of_a_person_shows_who_and_until_when() -> None:
    """The list and the task itself say it alike."""
    case = after(ready_to_erase("a"), MAIL, HandedOver("desk", 3 * DAY))
    task = task_of(case, MAIL)

    line, view = task_line(case.id, task), task_view(case.id, task)

    due_at = case.due_at - 3 * DAY
    assert (line.assignee, line.due_at) == ("desk", due_at)
    assert (view.assignee, view.due_at) == ("desk", due_at)
