"""Give back claims whose polls moved nothing, without a step of their cases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from orchestrator.adapters.cases.claimable import TASK_COLUMNS, as_claim
from orchestrator.adapters.cases.transaction import UPDATE_TASK, bound, task_row
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Task
from orchestrator.ports import Claimed
from schemas.connecting import TaskId

_WAIT_FOR_CASES = (
    select(t.cases.c.id)
    .where(t.cases.c.id.in_(bindparam("cases", expanding=True)))
    .order_by(t.cases.c.id)
    .with_for_update()
)
_ROWS = select(*TASK_COLUMNS).where(t.tasks.c.id.in_(bindparam("ids", expanding=True)))


def give_back(
    connection: Connection, polled: Sequence[tuple[Claimed, Task]]
) -> frozenset[TaskId]:
    """Store the tasks of claims whose rows are as they were; returns which."""
    if connection.dialect.name != "sqlite":
        # A step of the case may be about to write the task that it has read.
        cases = {"cases": sorted({claimed.case for claimed, _ in polled})}
        connection.execute(_WAIT_FOR_CASES, cases)
    found = connection.execute(_ROWS, {"ids": [one.task.id for one, _ in polled]})
    rows = {row.id: as_claim(row, row.epoch) for row in found}
    kept = [
        (claimed.case, after)
        for claimed, after in polled
        if rows.get(claimed.task.id) == claimed
    ]
    if kept:
        values = [bound(task_row(case, after)) for case, after in kept]
        connection.execute(UPDATE_TASK, values)
    return frozenset(after.id for _, after in kept)
