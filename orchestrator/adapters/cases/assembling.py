"""Cases out of their rows: the documents, the tasks, and the pinned plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from orchestrator.adapters.cases.claimable import TASK_COLUMNS
from orchestrator.adapters.cases.codec import TaskColumns, case_from_doc, task_from_row
from orchestrator.adapters.register.planning import plan_from_json
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Case, Task
from orchestrator.core.plan import Plan
from orchestrator.core.words import CaseId
from schemas.connecting import TaskId

_TASKS_OF = (
    select(*TASK_COLUMNS)
    .where(t.tasks.c.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(t.tasks.c.id)
)


class Assembling:
    """Puts cases together; plans never change once kept, so they are remembered."""

    def __init__(self) -> None:
        """Begin without plans."""
        self._plans: dict[tuple[str, str], Plan] = {}
        self._kept: set[tuple[str, str]] = set()

    def plan(self, connection: Connection, version: str, controller: str) -> Plan:
        """Return a kept plan; raises `KeyError` if it was never kept."""
        if (version, controller) not in self._plans:
            self._load_plan(connection, version, controller)
        return self._plans[version, controller]

    def keeps(self, plan: Plan) -> bool:
        """Tell whether a committed transaction of ours kept *plan*."""
        return (plan.version, plan.controller) in self._kept

    def keep(self, plans: Iterable[Plan]) -> None:
        """Remember what a transaction kept, once it is committed."""
        self._kept.update((plan.version, plan.controller) for plan in plans)

    def assembled(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> dict[CaseId, Case]:
        """Return the cases of these rows with their tasks and plans."""
        if not rows:
            return {}
        ids = [row.id for row in rows]
        tasks: dict[str, dict[TaskId, Task]] = defaultdict(dict)
        for one in connection.execute(_TASKS_OF, {"cases": ids}):
            columns = TaskColumns(
                one.status, one.step, one.wake_at, one.epoch, one.claimed_at
            )
            tasks[one.case_id][one.id] = task_from_row(one.id, one.doc, columns)
        cases = {}
        for row in rows:
            plan = self.plan(connection, row.register_version, row.controller)
            cases[CaseId(row.id)] = case_from_doc(row.id, row.doc, plan, tasks[row.id])
        return cases

    def _load_plan(self, connection: Connection, version: str, controller: str) -> None:
        """Read one kept plan into the cache."""
        query = select(t.registers.c.plan).where(
            t.registers.c.version == version, t.registers.c.controller == controller
        )
        doc = connection.execute(query).scalar()
        if doc is None:
            raise KeyError(version)
        self._plans[version, controller] = plan_from_json(doc)
