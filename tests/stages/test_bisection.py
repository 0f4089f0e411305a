"""A batch that is refused for one bad member stops nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import (
    AccessRefused,
    CredentialsRefused,
    EgressRefused,
    Refused,
    TryLater,
)
from orchestrator.core.cases import TaskStatus
from schemas.connecting import Action
from tests.stages.a_workshop import SIZE, Refusal, Workshop, case_of
from tests.stages.an_office import Office, an_office

REFUSALS = [
    pytest.param(CredentialsRefused("unauthorised"), id="401"),
    pytest.param(AccessRefused("forbidden"), id="403"),
    pytest.param(TryLater("throttled"), id="429"),
    pytest.param(EgressRefused("dry_run"), id="egress"),
]


def _emails(count: int) -> list[str]:
    return [f"p{number:03}@shop.example" for number in range(count)]


def _states(workshop: Workshop, emails: Sequence[str]) -> dict[str, TaskStatus]:
    """Return where each person's task of the account stands that comes last."""
    found = {}
    for email in emails:
        case = workshop.office.case(case_of(email))
        (search,) = case.tasks_of(Action.LOCATE)
        (erasure,) = case.tasks_of(Action.ERASE)
        found[email] = erasure.status if search.is_settled else search.status
    return found


@pytest.mark.parametrize("action", [Action.LOCATE, Action.ERASE])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(bad=st.sets(st.integers(0, SIZE - 1), max_size=3), count=st.integers(2, SIZE))
def test_only_bad_members_stop(
    tmp_path: Path, action: Action, bad: set[int], count: int
) -> None:
    """Whoever is bad, all others are done, within a logarithm of the batch's size."""
    emails = _emails(count)
    wrong = {emails[number] for number in bad if number < count}

    def refusal(asked: Action, names: Sequence[str]) -> Exception | None:
        return Refused(400) if asked is action and wrong & set(names) else None

    workshop = Workshop(an_office(f"sqlite:///{tmp_path / uuid4().hex}.db"), refusal)
    workshop.open(*emails)

    rounds = workshop.rounds()

    assert _states(workshop, emails) == {
        email: TaskStatus.NEEDS_HUMAN if email in wrong else TaskStatus.SETTLED
        for email in emails
    }
    if action is Action.ERASE:
        assert workshop.connector.erased == set(emails) - wrong
    # The other action's round, the first try, and halves down to one.
    assert rounds <= 2 + ceil(log2(count)) + 1
    workshop.office.database.close()


def test_bad_member_costs_two_calls_a_round(office: Office) -> None:
    """One bad address among fifty is found with a dozen calls, not with fifty."""
    (bad, *_) = emails = _emails(SIZE)
    workshop = Workshop(office, _refusing(bad))
    workshop.open(*emails)

    workshop.rounds()

    assert workshop.connector.sizes(Action.ERASE)[:3] == [50, 25, 25]
    assert len(workshop.connector.sizes(Action.ERASE)) <= 1 + 2 * ceil(log2(SIZE))


def test_refused_batch_draws_in_nobody_else(office: Office) -> None:
    """Who comes later is not put together with those of a refused batch."""
    early, late = _emails(40)[:20], _emails(40)[20:]
    workshop = Workshop(office, _refusing(early[0]))
    workshop.open(*early)
    workshop.round()
    workshop.round()
    workshop.open(*late)

    workshop.rounds()

    together = [set(names) for _, names in workshop.connector.batches]
    assert not [names for names in together if names & set(early) and names & set(late)]


@pytest.mark.parametrize("error", REFUSALS)
def test_what_concerns_the_whole_account_is_no_ones_fault(
    error: Exception, office: Office
) -> None:
    """Credentials, rights, limits and our own rules never divide a batch."""
    emails = _emails(8)
    workshop = Workshop(office, lambda *_: error)
    workshop.open(*emails)

    workshop.round()
    again = workshop.round()

    assert again == 0 or workshop.account.paused_reason
    for email in emails:
        (search,) = office.case(case_of(email)).tasks_of(Action.LOCATE)
        assert search.at_most is None


def test_member_without_an_answer_is_never_done(office: Office) -> None:
    """Who is missing in an answer is asked for again; the others are done."""
    emails = _emails(6)
    workshop = Workshop(office)
    workshop.open(*emails)
    workshop.round()
    workshop.connector.silent_about = {emails[2]}

    workshop.round()

    states = _states(workshop, emails)
    assert states.pop(emails[2]) is TaskStatus.WAITING
    assert set(states.values()) == {TaskStatus.SETTLED}


def _refusing(bad: str) -> Refusal:
    """Refuse every erasure that *bad* is part of."""

    def refusal(asked: Action, names: Sequence[str]) -> Exception | None:
        return Refused(400) if asked is Action.ERASE and bad in names else None

    return refusal
