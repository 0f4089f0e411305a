"""What may move a deadline, and in which direction."""

from __future__ import annotations

from orchestrator.core.cases import Case
from orchestrator.core.events import CaseExtended, Event
from orchestrator.core.leading import LeadLost, RequestAttached


def check_moved(before: Case, case: Case, event: Event) -> None:
    """Check a deadline that moved: later by an extension, earlier by a duplicate."""
    if isinstance(event, RequestAttached | LeadLost):
        assert case.due_at < before.due_at, "a duplicate gives no time"
        return
    assert isinstance(event, CaseExtended), "only an extension moves a deadline"
    assert before.extension is None, "and that once"
    assert event.at < before.due_at < case.due_at
