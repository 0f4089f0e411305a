"""The read side answers the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.reading.queries import Queries
from orchestrator.core.cases import TaskStatus
from orchestrator.core.words import CaseId
from orchestrator.errors import NotPossible
from orchestrator.ports.event_log import Message, Record
from orchestrator.stages.ingest import Ingest
from schemas.connecting import NeedsHuman
from tests.support.installation import AnInstallation
from tests.support.people import Human, a_submission
from tests.support.publisher import signed


@pytest.fixture
def installation(tmp_path: Path, any_database_url: str) -> Iterator[AnInstallation]:
    """Lend an installation on each database; requests reach it without a log."""
    made = AnInstallation(tmp_path, database_url=any_database_url)
    yield made
    made.close()


def _open(installation: AnInstallation, *messages: Message) -> None:
    """Open cases as if their records had been released."""
    ingest: Ingest = installation.parts.ingest(None, lambda: None)
    for offset, one in enumerate(map(signed, messages)):
        record = Record(one.topic, 0, offset, one.key, one.headers, one.value)
        assert ingest.read(record) is None


@pytest.fixture
def queries(installation: AnInstallation) -> Queries:
    """Ask a database with two cases, one of which asks for a copy too."""
    _open(
        installation,
        a_submission(Human(1)),
        a_submission(Human(2), "erasure", "access"),
    )
    return Queries(installation.parts.database)


def test_cases_are_listed_newest_first(
    installation: AnInstallation, queries: Queries
) -> None:
    """With their rights and counts; a limit and a status leave others out."""
    now = installation.parts.clock.now()

    lines = queries.cases(now)

    assert [one.rights for one in lines] == [("access", "erasure"), ("erasure",)]
    assert [one.request_id for one in lines] == [
        *(Human(2).request_id, Human(1).request_id),
    ]
    assert [one.tasks for one in lines] == [12, 8]
    assert [one.tasks_settled for one in lines] == [0, 0]
    assert queries.cases(now, limit=1) == lines[:1]
    assert queries.cases(now, status="closed") == []


def test_case_is_overdue_after_its_deadline(
    installation: AnInstallation, queries: Queries
) -> None:
    """Until then it is not."""
    now = installation.parts.clock.now()
    (_, line) = queries.cases(now)
    after = line.due_at + timedelta(seconds=1)

    assert not line.is_overdue
    assert all(one.is_overdue for one in queries.cases(after))
    assert queries.case(line.id, after).is_overdue
    assert queries.status(after, "kafka").overdue_cases == 2


def test_status_counts_everything(
    installation: AnInstallation, queries: Queries
) -> None:
    """Open cases, messages, tasks for people, paused accounts, deadlines."""
    now = installation.parts.clock.now()
    installation.hear_any("klaviyo", NeedsHuman("broken"))
    installation("account", "pause", "hubspot")

    status = queries.status(now, "kafka")

    assert (status.open_cases, status.unplanned_cases) == (2, 0)
    assert (status.tasks_needing_people, status.lag) == (2, None)
    assert status.paused_accounts == ("hubspot",)
    assert (status.unsent, status.quarantined) == (2, 0)
    assert status.oldest_unsent_at is not None
    assert status.next_due_at == min(one.due_at for one in queries.cases(now))


def test_tasks_are_listed_by_urgency(
    installation: AnInstallation, queries: Queries
) -> None:
    """All that are not settled, of one account, or those for people."""
    installation.hear_any("klaviyo", NeedsHuman("broken"))

    every = queries.tasks(needs_human=False)
    own = queries.tasks(needs_human=False, account="mixpanel")
    people = queries.tasks(needs_human=True)

    assert len(every) == 20
    assert [one.dispatch_by for one in every] == sorted(
        one.dispatch_by for one in every
    )
    assert {one.account for one in own} == {"mixpanel"}
    gated = {one.gate for one in every if one.status == "planned"}
    assert gated <= {"identifiers", "locate", "fed_locate", "export"} | {"others"}
    assert None not in gated
    assert {(one.account, one.reason) for one in people} == {("klaviyo", "broken")}
    counts = queries.tasks_by_account(TaskStatus.NEEDS_HUMAN)
    assert counts == {"klaviyo": 2}


def test_case_and_task_are_shown_whole(queries: Queries) -> None:
    """The case with its tasks; the task with its gate."""
    (task, *_) = queries.tasks(needs_human=False)

    view = queries.task_view(task.id)
    case = queries.case_now(task.case)

    assert (view.case, view.account, view.action) == (
        *(task.case, task.account),
        task.action,
    )
    assert CaseId(view.case) == case.id
    assert len(case.all_tasks) in {8, 12}


def test_strangers_are_not_possible(
    installation: AnInstallation, queries: Queries
) -> None:
    """Each sentence says which list to read."""
    now = installation.parts.clock.now()

    with pytest.raises(NotPossible, match="erasure case list"):
        queries.case("c-nobody", now)
    with pytest.raises(NotPossible, match="erasure task list"):
        queries.task("c-nobody.x.erase")
    with pytest.raises(NotPossible, match="erasure receipt list"):
        queries.statement("c-nobody-1")


def test_stored_key_is_found_if_there_is_one(queries: Queries) -> None:
    """The start-up check opens it."""
    stored = queries.a_wrapped_key()

    assert stored is not None
    assert stored[1] in {"identity", "export"}
