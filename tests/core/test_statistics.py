"""What is counted of a case, and that nothing of it names a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.core.answer.recovering import ANSWERED_BEFORE
from orchestrator.core.answer.statistics import (
    Answer,
    answer_to,
    figures_of,
    is_counted_anew,
)
from orchestrator.core.cases import Case, Extension
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import Ruling, RulingKind
from orchestrator.core.intake.opening import open_case
from orchestrator.core.settling import REFUSED, WITHDRAWN, settle
from orchestrator.core.words import CaseId, ExtensionReason, Rehearsal, Result, Right
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    Exported,
    Failed,
    NothingFound,
    Outcome,
)
from tests.core.builders import (
    BOTH,
    CRM,
    DAY,
    MAIL,
    T0,
    a_case,
    an_account,
    an_opening,
    task_of,
)
from tests.core.ended import keeping

DONE = Done("deleted", Evidence.E4)


def ended(case: Case, answered: datetime = T0, **outcomes: Outcome) -> Case:
    """Return *case* answered, its tasks ended as told, the others with nothing."""
    for task in case.all_tasks.values():
        its = outcomes.get(f"{task.account}_{task.action}", NothingFound(Evidence.E2))
        case = case.with_task(settle(task, its, answered))
    return replace(case, answered_at=answered)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param({"mail_erase": DONE, "crm_erase": DONE}, Answer.WHOLE, id="done"),
        pytest.param({}, Answer.WHOLE, id="nothing found anywhere"),
        pytest.param(
            {"mail_erase": DONE, "crm_erase": Failed("rejected", "Ask them.")},
            Answer.PART,
            id="one failed",
        ),
        pytest.param(
            {
                "mail_erase": Failed("rejected", "Ask them."),
                "crm_erase": Failed("rejected", "Ask them."),
            },
            Answer.NOTHING,
            id="all failed",
        ),
        pytest.param(
            {"mail_erase": WITHDRAWN, "crm_erase": DONE}, Answer.WITHDRAWN, id="stopped"
        ),
    ],
)
def test_answer_follows_from_the_lines(
    outcomes: dict[str, Outcome], expected: Answer
) -> None:
    """What nobody could do is no denial, and what failed is not complied with."""
    case = ended(a_case(an_account(MAIL), an_account(CRM)), T0, **outcomes)

    assert answer_to(case, Right.ERASURE) is expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(Result.COMPLETE, Answer.WHOLE, id="complete"),
        pytest.param(Result.COMPLETE_WITH_RETENTION, Answer.PART, id="kept"),
        pytest.param(Result.WITHDRAWN, Answer.WITHDRAWN, id="withdrawn"),
        pytest.param(Result.REFUSED, Answer.DENIED, id="refused"),
        pytest.param(None, Answer.NOTHING, id="nobody to ask"),
    ],
)
def test_answer_without_lines_is_that_of_the_result(
    result: Result | None, expected: Answer
) -> None:
    """Attached to an earlier request, it has no task; recovered, no task that tells."""
    attached = replace(
        a_case(), tasks=None, answered_at=T0, result=result, led_by=CaseId("case-0")
    )
    recovered = replace(ended(a_case(), mail_erase=ANSWERED_BEFORE), result=result)

    assert answer_to(attached, Right.ERASURE) is expected
    assert answer_to(recovered, Right.ERASURE) is expected
    figures = figures_of(attached)
    assert figures is not None
    assert figures.is_attached


def test_what_a_law_keeps_is_complied_with_in_part() -> None:
    """California counts it as denied for the records that an exception covers."""
    assert answer_to(replace(keeping(), answered_at=T0), Right.ERASURE) is Answer.PART


def test_refusal_is_a_denial_on_its_ground() -> None:
    """The ground is the one that the person was told."""
    case = ended(a_case(), mail_erase=REFUSED)
    case = replace(case, refused_for=Ground.EXCESSIVE)

    figures = figures_of(case)

    assert figures is not None
    assert figures.answers == {"erasure": Answer.DENIED}
    assert figures.ground == "excessive"


def test_ground_of_an_attached_request_is_that_of_its_lead() -> None:
    """It has the ruling of the request that it was refused with."""
    ruling = Ruling(RulingKind.REFUSED, T0, ("dpo-1",), reason="excessive")
    case = replace(a_case(), tasks=None, rulings=(ruling,), result=Result.REFUSED)

    figures = figures_of(replace(case, answered_at=T0))

    assert figures is not None
    assert figures.answers == {"erasure": Answer.DENIED}
    assert figures.ground == "excessive"


def test_copy_that_was_never_given_is_not_complied_with() -> None:
    """An account answered; the person received nothing."""
    case = ended(a_case(rights=BOTH), mail_export=Exported(1), mail_erase=DONE)

    assert answer_to(case, Right.ACCESS) is Answer.NOTHING
    assert answer_to(case, Right.ERASURE) is Answer.WHOLE
    given = replace(case, export_sha256="0" * 64)
    assert answer_to(given, Right.ACCESS) is Answer.WHOLE


def test_days_are_local_dates_of_the_controller() -> None:
    """Half past eleven in the evening UTC is the next day in Berlin."""
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    opening = an_opening(received_at=late, at=late)
    case = ended(open_case(opening, a_case().plan).case, answered=late + DAY)

    figures = figures_of(case)

    assert figures is not None
    assert figures.received_on == date(2026, 4, 1)
    assert figures.answered_on == date(2026, 4, 2)


def test_open_case_has_no_answer_and_no_lines() -> None:
    """It is counted from the day it was opened."""
    figures = figures_of(a_case(rights=BOTH))

    assert figures is not None
    assert figures.answers == {"access": None, "erasure": None}
    assert (figures.answered_on, figures.lines) == (None, ())


def test_rehearsal_is_not_counted() -> None:
    """Nobody asked for anything."""
    opening = an_opening(rehearsal=frozenset({Rehearsal.TEST}))

    assert figures_of(open_case(opening, a_case().plan).case) is None


def test_only_what_is_counted_moves_the_figures() -> None:
    """A call that was made does not; an extension and an answer do."""
    case = a_case()
    task = task_of(case, MAIL, Action.LOCATE)
    called = case.with_task(replace(task, calls=1))
    extension = Extension(T0, ExtensionReason.NUMBER, T0 + timedelta(days=1))

    assert not is_counted_anew(case, called)
    assert is_counted_anew(case, replace(case, extension=extension))
    assert is_counted_anew(case, replace(case, answered_at=T0))


def test_figures_name_nobody() -> None:
    """Neither the case nor the request nor the person can be read off them."""
    case = ended(a_case())

    shown = repr(figures_of(case))

    assert case.subject not in shown
    assert case.request_id not in shown
    assert case.id not in shown
