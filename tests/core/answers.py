"""What must hold of an answer, and of a case that may have had one already."""

from __future__ import annotations

from orchestrator.core.answer.recovering import ANSWERED_BEFORE
from orchestrator.core.cases import Case, CaseStatus, Found, Task, Wants
from orchestrator.core.events import Event, StatementRecovered
from orchestrator.core.holds import RulingKind
from orchestrator.core.ruled import AnswerDoubted, AnswerRuled, StatementLost
from orchestrator.core.words import Result, StatementKind
from schemas.connecting import Done, Exported, NothingFound, Notified, Retained
from tests.core.owing import check_closed

RECOVERED = "ef" * 32  # the digest of every statement that came back


def check_unsure(before: Case, case: Case, event: Event) -> None:
    """Check that a person ends the doubt, or the receipt itself; never time."""
    if isinstance(event, StatementLost | AnswerDoubted):
        is_open = before.status is CaseStatus.RUNNING and not case.rehearsal
        assert case.unsure_since or not is_open, "nobody is asked"
    if case.unsure_since is not None:
        finals = {Wants.SEAL_STATEMENT, Wants.SEAL_EXPORT}
        assert case.wants not in finals, "a second answer of what may be answered"
        assert case.status not in {CaseStatus.ANSWERED, CaseStatus.CLOSED}
    elif before.unsure_since is not None:
        assert isinstance(event, AnswerRuled | StatementRecovered)


def _is_recovered(task: Task) -> bool:
    """Tell whether only the recovered receipt knows how a task ended."""
    return getattr(task.outcome, "reason", None) == ANSWERED_BEFORE.reason


def check_answer(case: Case) -> None:
    """Check that an answered case has nothing open and one final statement."""
    asked = [task for task in case.all_tasks.values() if not task.is_follow_up]
    assert all(task.is_settled for task in asked)
    assert asked, "a case that reaches nobody is never answered"
    assert case.result is not None
    kinds = [statement.kind for statement in case.statements]
    is_ruled = any(one.kind is RulingKind.ANSWERED for one in case.rulings)
    assert kinds.count(StatementKind.FINAL) == (0 if is_ruled else 1)
    numbers = [statement.number for statement in case.statements]
    assert numbers == sorted(numbers)
    every = sorted((*numbers, *case.lost_statements))
    assert every == list(range(1, len(every) + 1)), "a number stands for two"
    kept = any(task.retained for task in case.all_tasks.values())
    assert not (kept and case.result is Result.COMPLETE)
    ends = Done | NothingFound | Retained | Exported | Notified | Found
    closed_in_full = all(isinstance(task.outcome, ends) for task in asked)
    in_part = {Result.PARTIAL, Result.WITHDRAWN, Result.REFUSED}
    # What was found, or said by a person, tells of a case as it stood elsewhere.
    is_known = not is_ruled and not any(
        (
            *(_is_recovered(task) for task in case.all_tasks.values()),
            *(one.sha256 == RECOVERED for one in case.statements),
        )
    )
    is_in_part = case.result in in_part or not is_known
    assert closed_in_full or is_in_part, "not everything was done"
    check_closed(case)
