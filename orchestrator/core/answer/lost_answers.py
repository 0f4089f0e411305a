"""
An answer that may have left: a statement of ours was published, and nobody has it.

After a restored backup, two people let the log go on without a statement that no
archive kept.  Whether it answered the case, nobody here knows; so the case does and
says nothing final by itself until a person has found out.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from orchestrator.core.answer.recovering import answered_before
from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.changing import replace
from orchestrator.core.doubts import in_doubt
from orchestrator.core.holds import Ruling, RulingKind
from orchestrator.core.ruled import (
    AnswerDoubted,
    AnswerRuled,
    AnswerRuling,
    StatementLost,
)

# An attached one has no statements of its own.
_OPEN = frozenset({CaseStatus.RECEIVED, CaseStatus.RUNNING})


def after_word_of_answer(case: Case, event: AnswerRuling) -> Case:
    """Doubt whether the case is answered, or end that doubt; twice changes nothing."""
    match event:
        case StatementLost(number=number):
            if number != case.next_number or case.status is CaseStatus.CLOSED:
                return case
            # The next statement must not take the number of the one that is lost.
            case = replace(case, lost_statements=(*case.lost_statements, number))
            return _doubted(case, event.at, event.by)
        case AnswerDoubted():
            return _doubted(case, event.at, event.by)
        case AnswerRuled():
            return _ruled(case, event)
        case _:
            assert_never(event)


def _doubted(case: Case, at: datetime, by: tuple[str, ...]) -> Case:
    """Wait for a person, if the answer is still to be given."""
    if case.status not in _OPEN or case.unsure_since or case.rehearsal:
        return case
    return in_doubt(case, at, by)


def _ruled(case: Case, event: AnswerRuled) -> Case:
    """Answer the case as it was answered before, or let it go on to its answer."""
    if case.unsure_since is None or case.status is not CaseStatus.RUNNING:
        return case
    kind = RulingKind.ANSWERED_ANEW if event.result is None else RulingKind.ANSWERED
    reason = None if event.result is None else event.result.value
    ruling = Ruling(kind, event.at, (event.by,), reason=reason)
    case = replace(case, unsure_since=None, rulings=(*case.rulings, ruling))
    if event.result is None:
        return case
    case = replace(case, leads=())  # each of these asks a person, too
    return answered_before(case, event.result, event.at, event.at)
