"""What came later is never printed as earlier, whichever clock was read when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.core.answer.moments import signing_time
from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case
from schemas.connecting import Action
from tests.core.builders import HOUR, MAIL, T0, task_of
from tests.core.ended import erased
from tests.core.timely import check_times

MOMENT = timedelta(milliseconds=3)


def _with_search(case: Case, **changes: datetime) -> Case:
    """Return *case* with other times of its search."""
    search = task_of(case, MAIL, Action.LOCATE)
    return case.with_task(replace(search, **changes))  # type: ignore[arg-type]


def test_request_never_leaves_before_its_case_is_opened() -> None:
    """The time of a claim is read before it waits for the case to be committed."""
    case = _with_search(erased(), first_called_at=T0 - MOMENT, settled_at=T0 - MOMENT)

    receipt = final_receipt(case, "statement-1", T0 + HOUR, "1.0.0")

    search = next(line for line in receipt.lines if line.action is Action.LOCATE)
    assert receipt.times.first_instruction_at == T0
    assert (search.asked_at, search.settled_at) == (T0, T0)
    check_times(receipt)


def test_withdrawal_never_comes_before_its_case_is_opened() -> None:
    """The clock of the machine that reads withdrawals may lag behind."""
    case = replace(erased(), withdrawn_at=T0 - MOMENT)

    receipt = final_receipt(case, "statement-1", T0 + HOUR, "1.0.0")

    assert receipt.times.withdrawn_at == T0


def test_statement_is_signed_after_all_that_it_tells() -> None:
    """A clock that was set back does not date it before what it says."""
    case = _with_search(erased(), settled_at=T0 + HOUR)

    late, early = (signing_time(case, T0 + at) for at in (2 * HOUR, MOMENT))

    assert (late, early) == (T0 + 2 * HOUR, T0 + HOUR)
