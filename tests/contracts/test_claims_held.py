"""What may be claimed while a restored backup is held."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.adapters.receipts.log_standing import Compared, Standing
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Step, TaskStatus
from orchestrator.core.words import AccountId
from schemas.connecting import Action
from tests.contracts.stored import OWNER, Stored, no_calls, only_erasure
from tests.core.builders import HOUR, MAIL, T0

READY, WAITING = TaskStatus.READY, TaskStatus.WAITING


@pytest.fixture
def epochs(stored: Stored) -> dict[AccountId, int]:
    """Own the mail account."""
    return stored.own(MAIL)


def _claimed(stored: Stored, epochs: Mapping[AccountId, int]) -> bool:
    """Claim at T0, without calls; tells whether anything could be."""
    rooms = dict.fromkeys(epochs, 9)
    return bool(stored.claims.claim(rooms, epochs, OWNER, T0, no_calls, {}))


def _behind(ours: int) -> Compared:
    """Say that three statements were published, and so many are here."""
    return Compared(Standing.BEHIND if ours < 3 else Standing.EVEN, ours, 3)


@pytest.mark.parametrize(
    ("action", "step", "goes_on"),
    [
        (Action.LOCATE, Step.ACT, True),
        (Action.SUPPRESS, Step.ACT, True),
        (Action.RESTRICT, Step.POLL, True),
        (Action.ERASE, Step.LOOK, True),
        (Action.ERASE, Step.ACT, False),
        (Action.ERASE, Step.POLL, False),
        (Action.ERASE, Step.CANCEL, False),
        (Action.NOTIFY, Step.ACT, False),
        (Action.RECTIFY, Step.ACT, False),
        (Action.EXPORT, Step.ACT, False),
        (Action.LIFT, Step.ACT, False),
    ],
)
@pytest.mark.parametrize("status", [READY, WAITING])
def test_restored_backup_lets_only_the_harmless_go_on(
    stored: Stored,
    epochs: dict[AccountId, int],
    action: Action,
    step: Step,
    goes_on: bool,  # noqa: FBT001 (a table)
    status: TaskStatus,
) -> None:
    """What cannot be undone waits until the published log is back, then it goes on."""
    hold = SqlRestoreHold(stored.database)
    stored.open(only_erasure(1, status, wake_at=T0 - HOUR))
    with stored.database.writing() as connection:
        mine = t.tasks.c.status == str(status)
        values = {"action": str(action), "step": str(step)}
        connection.execute(t.tasks.update().where(mine).values(**values))

    hold.follow(_behind(1), T0)
    due = stored.claims.next_due([MAIL])
    held = _claimed(stored, epochs)
    hold.follow(_behind(3), T0)
    freed = _claimed(stored, epochs)

    assert (held, freed) == (goes_on, not goes_on)
    assert (due is not None) == (goes_on and status is WAITING)
