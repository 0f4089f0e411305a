"""A person says why somebody who was erased is found again, on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestrator.core.afterwards.owed import Obligation, ObligationKind
from orchestrator.core.cases import CaseStatus, Task, TaskStatus
from orchestrator.core.words import AccountId
from schemas.connecting import Action
from tests.core.builders import T0, an_item
from tests.support.installation import AnInstallation
from tests.support.people import Human

LOOK = Obligation(
    AccountId("klaviyo"),
    "",
    "read_back",
    date(2026, 11, 24),
    (),
    ObligationKind.READ_BACK,
)


@pytest.fixture
def found(tmp_path: Path) -> Iterator[tuple[AnInstallation, str]]:
    """Lend an installation whose look has found somebody again, and its task."""
    made = AnInstallation(tmp_path)
    id_ = made.a_case(Human(1))
    with made.parts.store.transaction() as transaction:
        before = transaction.load_cases([id_])[id_]
        look = Task(
            id=LOOK.task_id(id_),
            account=LOOK.account,
            action=Action.LOCATE,
            status=TaskStatus.NEEDS_HUMAN,
            dispatch_by=T0,
            reason="present_again",
            hint="Found again, created on 2026-11-24.",
            items=(an_item("new"),),
            sealed_under=LOOK.sealed_under,
            reads_only=True,
        )
        after = replace(
            before.with_task(look),
            status=CaseStatus.ANSWERED,
            identity_held=False,
            answered_at=made.parts.clock.now(),
            obligations=(LOOK,),
            sealed_apart=frozenset({LOOK.sealed_under}),
        )
        transaction.save_cases([(before, after)])
    yield made, look.id
    made.close()


def _tasks(made: AnInstallation, task: str) -> dict[str, str]:
    """Return the tasks of the account beside its first ones, with their status."""
    case = task.partition(".")[0]
    lines = made("case", "show", case, "--json").data["tasks"]
    first = {f"{case}.klaviyo.{action}" for action in ("locate", "erase")}
    return {
        one["id"].removeprefix(f"{case}.klaviyo."): one["status"]
        for one in lines
        if one["account"] == "klaviyo" and one["id"] not in first
    }


def test_returning_customer_is_left_alone(found: tuple[AnInstallation, str]) -> None:
    """The look is over, and nothing is erased."""
    made, task = found

    ran = made(
        "task", "returned", task, "--reason", "returning_customer", "--by", "dpo-1"
    )

    assert (ran.code, ran.out) == (0, "They are left alone.\n")
    assert _tasks(made, task) == {"locate.read_back-2026-11-24": "settled"}


def test_resurrection_becomes_an_erasure(found: tuple[AnInstallation, str]) -> None:
    """A follow-up of its own is ready for the worker."""
    made, task = found

    ran = made("task", "returned", task, "--reason", "restored", "--by", "dpo-1")

    assert (ran.code, ran.out) == (0, "They are erased again.\n")
    assert _tasks(made, task) == {
        "erase.again-2026-11-24": "ready",
        "locate.read_back-2026-11-24": "settled",
    }


def test_reason_is_one_of_four(found: tuple[AnInstallation, str]) -> None:
    """Never free text; and it is said once."""
    made, task = found

    free = made("task", "returned", task, "--reason", "dunno", "--by", "dpo-1")
    made("task", "returned", task, "--reason", "restored", "--by", "dpo-1")
    twice = made("task", "returned", task, "--reason", "restored", "--by", "dpo-1")

    assert free.code == 2
    assert "imported_again, never_erased, restored, returning_customer" in free.err
    assert twice.code == 1
    assert "Nobody was found again" in twice.err
