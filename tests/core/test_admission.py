"""Which requests may open a case, beyond the contract itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.core.intake.admission import CLOCK_SKEW, admitted
from orchestrator.core.words import Level, Right
from schemas.examples import example_file
from schemas.intake import RequestFile, SubmittedRequest, read_request_file
from schemas.rejections import Rejection
from schemas.requests import Right as LawRight
from tests.core.builders import a_plan, an_account

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _a_request(received_at: datetime = NOW) -> SubmittedRequest:
    content = example_file(
        [LawRight.ERASURE], request_id="r-1", event_id="e-1", at=received_at
    )
    file = read_request_file(content)
    assert isinstance(file, RequestFile)
    return file.submitted


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        pytest.param(-timedelta(days=30), None, id="a_month_ago"),
        pytest.param(CLOCK_SKEW, None, id="clocks_differ"),
        pytest.param(CLOCK_SKEW + timedelta(seconds=1), "invalid_value", id="later"),
    ],
)
def test_request_is_received_before_it_is_published(
    ahead: timedelta, code: str | None
) -> None:
    """A receipt in the future would move the deadline: it is refused by its place."""
    answer = admitted(_a_request(NOW + ahead), a_plan(an_account()), NOW)

    if code is None:
        assert answer == a_plan(an_account())
    else:
        assert isinstance(answer, Rejection)
        assert (answer.code, answer.pointer) == (code, "/received_at")


@pytest.mark.parametrize(
    ("ahead", "is_taken"),
    [
        pytest.param(CLOCK_SKEW, True, id="clocks_differ"),
        pytest.param(CLOCK_SKEW + timedelta(seconds=1), False, id="later"),
    ],
)
def test_person_is_verified_before_the_request_is_published(
    ahead: timedelta, *, is_taken: bool
) -> None:
    """The receipt prints when the person was verified: never a day to come."""
    submitted = _a_request()
    verification = submitted.request.verification.model_copy(
        update={"verified_at": NOW + ahead}
    )
    request = submitted.request.model_copy(update={"verification": verification})

    answer = admitted(replace(submitted, request=request), a_plan(an_account()), NOW)

    assert isinstance(answer, Rejection) is not is_taken
    assert getattr(answer, "pointer", "/verification/verified_at") == (
        "/verification/verified_at"
    )


def test_stranger_of_a_controller_is_refused() -> None:
    """Without a plan nobody answers to the person."""
    answer = admitted(_a_request(), None, NOW)

    assert isinstance(answer, Rejection)
    assert answer.code == "unknown_controller"


@pytest.mark.parametrize(
    ("demanded", "code"),
    [
        pytest.param(Level.SUBSTANTIAL, None, id="enough"),
        pytest.param(Level.HIGH, "verification_too_low", id="too_low"),
    ],
)
def test_verification_reaches_what_the_right_demands(
    demanded: Level, code: str | None
) -> None:
    """The controller says for each right how sure the portal must be."""
    plan = replace(a_plan(), min_verification={Right.ERASURE: demanded})

    answer = admitted(_a_request(), plan, NOW)

    assert getattr(answer, "code", None) == code
