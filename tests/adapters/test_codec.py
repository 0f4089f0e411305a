"""What is remembered of a document is what reading the document gives."""

from __future__ import annotations

from orchestrator.adapters.cases import codec
from orchestrator.adapters.cases.codec import Remembered, TaskColumns
from orchestrator.core.cases import TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.tasks import Task
from tests.core.builders import a_case


def _columns(task: Task, **changed: object) -> TaskColumns:
    """Return the columns of a task's row, some of them changed by a claim."""
    own: dict[str, object] = {
        "status": str(task.status),
        "step": str(task.step),
        "wake_at": task.wake_at,
        "epoch": task.epoch,
        "claimed_at": task.first_called_at,
    }
    return TaskColumns(**{**own, **changed})  # type: ignore[arg-type]


def test_every_task_is_read_as_it_was_written() -> None:
    """A document gives the same task whether it is remembered or parsed."""
    for task in a_case().all_tasks.values():
        doc = codec.task_to_doc(task)

        parsed = codec._TASK.validate_json(doc)  # noqa: SLF001 (past the memory)

        read = codec.task_from_row(task.id, doc, _columns(task))
        assert read == parsed == task


def test_a_claim_is_not_mistaken_for_the_task_it_claims() -> None:
    """The same document under other columns is another task, also the second time."""
    task = next(iter(a_case().all_tasks.values()))
    doc = codec.task_to_doc(task)
    columns = _columns(task, status=str(TaskStatus.CALLED), epoch=7)

    first, again = (codec.task_from_row(task.id, doc, columns) for _ in range(2))

    assert first == again
    assert (first.status, first.epoch) == (TaskStatus.CALLED, 7)
    assert codec.task_from_row(task.id, doc, _columns(task)) == task


def test_every_case_is_read_as_it_was_written() -> None:
    """A document gives the same case whether it is remembered or parsed."""
    case = a_case()
    doc = codec.case_to_doc(case)
    tasks = dict(case.all_tasks)

    remembered = codec.case_from_doc(case.id, doc, case.plan, tasks)
    parsed = codec.case_from_doc(case.id, f" {doc}", case.plan, tasks)

    assert remembered == parsed == case


def test_another_document_of_a_task_is_read_anew() -> None:
    """What another process wrote since is not mistaken for what is remembered."""
    task = next(iter(a_case().all_tasks.values()))
    older = codec.task_to_doc(task)
    codec.task_to_doc(replace(task, calls=3))

    assert codec.task_from_row(task.id, older, _columns(task)) == task


def test_memory_is_bounded() -> None:
    """The one that was kept longest ago is forgotten when there are too many."""
    memory: Remembered[int] = Remembered(2)
    for number in (0, 1, 0, 2):
        memory.keep(str(number), number)

    assert [memory.get(str(number)) for number in range(3)] == [0, None, 2]
