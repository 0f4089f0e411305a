"""A store with all that reads and writes the same database, and what to put in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from sqlalchemy import Table, func, select

from orchestrator.adapters.cases import codec
from orchestrator.adapters.cases.claims import SqlClaims
from orchestrator.adapters.cases.codec import CaseRead, Remembered, TaskRead
from orchestrator.adapters.cases.outbox import SqlOutbox
from orchestrator.adapters.cases.store import SqlStore
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.vault.artifacts import SqlArtifacts
from orchestrator.core.cases import Case, TaskStatus
from orchestrator.core.intake.opening import open_case
from orchestrator.core.words import AccountId, CaseId, SubjectRef
from orchestrator.ports import Call, Claimed, Write
from schemas.connecting import Action
from tests.core.builders import MAIL, T0, a_plan, an_opening, task_of

OWNER = "worker-1"
OTHER = "worker-2"
LEASE = timedelta(seconds=30)


class Stored:
    """One database and everything that speaks with it; `again` opens it anew."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url)
        self.store = SqlStore(self.database)
        self.claims = SqlClaims(self.database)
        self.outbox = SqlOutbox(self.database)
        self.artifacts = SqlArtifacts(self.database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @contextmanager
    def again(self) -> Iterator[Stored]:
        """Open the same database as another process would, with nothing remembered."""
        other = Stored(self.url)
        tasks: Remembered[TaskRead] = Remembered(100)
        cases: Remembered[CaseRead] = Remembered(100)
        with patch.object(codec, "_TASKS", tasks), patch.object(codec, "_CASES", cases):
            yield other
        other.close()

    def open(self, *cases: Case) -> None:
        """Store new cases with their subjects and plans."""
        with self.store.transaction() as transaction:
            transaction.lock_subjects({case.subject for case in cases}, T0)
            transaction.keep_plans([case.plan for case in cases], T0)
            transaction.insert_cases(cases)

    def save(self, before: Case, after: Case) -> None:
        """Store one step of one case."""
        with self.store.transaction() as transaction:
            transaction.save_cases([(before, after)])

    def load(self, *ids: CaseId) -> dict[CaseId, Case]:
        """Return cases as they stand."""
        with self.store.transaction() as transaction:
            return transaction.load_cases(ids)

    def write(self, *writes: Write) -> None:
        """Store what rides along with events."""
        with self.store.transaction() as transaction:
            transaction.write(writes, T0)

    def own(self, *accounts: AccountId, owner: str = OWNER) -> dict[AccountId, int]:
        """Register accounts and take them for *owner*."""
        self.claims.register(accounts)
        return dict(self.claims.acquire(accounts, owner, T0, T0 + LEASE))

    def count(self, table: Table) -> int:
        """Count a table's rows."""
        with self.database.reading() as connection:
            query = select(func.count()).select_from(table)
            found: int = connection.execute(query).scalar_one()
        return found


def no_calls(_claimed: Sequence[Claimed]) -> Sequence[Call]:
    """Make no durable calls, as for reads."""
    return ()


def numbered(number: int, case: Case | None = None) -> Case:
    """Build a case that differs from its siblings by every name that must be unique."""
    id_ = CaseId(f"case-{number}")
    made = case or open_case(an_opening(), a_plan()).case
    tasks = {
        f"{id_}.{task.account}.{task.action}": task for task in made.all_tasks.values()
    }
    return replace(
        made,
        id=id_,
        request_id=f"request-{number}",
        subject=SubjectRef(f"subject-{number}"),
        tasks={new: replace(task, id=new) for new, task in tasks.items()},  # type: ignore[arg-type, misc] # a NewType
    )


def with_erasure(case: Case, status: TaskStatus, **changes: object) -> Case:
    """Return the case with its mail account's erasure in *status*."""
    task = task_of(case, MAIL, Action.ERASE)
    changed = replace(task, status=status, **changes)  # type: ignore[arg-type]
    return case.with_task(changed)


def only_erasure(number: int, status: TaskStatus, **changes: object) -> Case:
    """Build a case whose mail erasure stands in *status* and whose search is over."""
    case = numbered(number)
    located = task_of(case, MAIL, Action.LOCATE)
    case = case.with_task(replace(located, status=TaskStatus.SETTLED, wake_at=None))
    return with_erasure(case, status, **changes)


def claimed_ids(claimed: Collection[Claimed]) -> list[str]:
    """Return the cases of what was claimed, in order."""
    return [one.case for one in claimed]
