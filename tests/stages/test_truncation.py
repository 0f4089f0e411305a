"""Deleted text leaves the write-ahead log soon, and not at every writer's cost."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.core.words import CaseId
from tests.core.builders import an_opening
from tests.stages.an_office import Office


def _answer(office: Office, case: str) -> None:
    """Open a case that has nothing to do, and sign its receipt."""
    office.answer(an_opening(case=CaseId(case), request_id=case, subject=case))


def test_truncation_follows_a_burst_of_forgetting_once(office: Office) -> None:
    """Two cases forgotten within a second cost one truncation, some seconds later."""
    truncated: list[float] = []

    def truncate() -> bool:
        truncated.append(office.clock.monotonic())
        return True

    forget = office.forget(truncate)
    forget.turn()
    for case in ("c-1", "c-2"):
        _answer(office, case)
        assert forget.turn() == 1
    office.clock.advance(timedelta(seconds=5))
    forget.turn()
    forget.turn()

    assert truncated == [0.0, 5.0]


def test_no_deleted_text_is_left_at_the_end(office: Office) -> None:
    """A process that stops right after it forgot somebody still empties the log."""
    truncated: list[bool] = []

    def truncate() -> bool:
        truncated.append(True)
        return True

    forget = office.forget(truncate)
    forget.turn()
    _answer(office, "c-1")
    forget.turn()
    truncated.clear()

    forget.close()
    forget.close()

    assert truncated == [True]
