"""What must always hold of a case that came with too many others."""

from __future__ import annotations

from orchestrator.core.cases import Case, ExportStatus, TaskStatus
from orchestrator.core.holds import HoldReason
from schemas.connecting import Action


def check_brake(case: Case) -> None:
    """Check that what came with too many others waits for the word of two people."""
    rulings = [one for one in case.rulings if one.reason == HoldReason.BRAKE.value]
    if any(len(set(one.by)) > 1 for one in rulings):
        return
    for task in (*case.tasks_of(Action.ERASE), *case.tasks_of(Action.NOTIFY)):
        assert task.status is not TaskStatus.CALLED, "braked, and yet called"
        assert not task.has_begun, "braked, and yet begun"
        assert not task.calls, "braked, and yet asked of the processor"
    assert case.export is not ExportStatus.SEALED, "braked, and yet handed out"
