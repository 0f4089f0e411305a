"""A request that is withdrawn by the command."""

from __future__ import annotations

import pytest

from orchestrator.core.words import CaseId
from tests.support.installation import AnInstallation
from tests.support.people import Human


@pytest.fixture
def case(installation: AnInstallation) -> CaseId:
    """Open a case of which nobody has asked anything yet."""
    return installation.a_case(Human(1))


def test_withdrawn_case_says_when_and_on_whose_word(
    installation: AnInstallation, case: CaseId
) -> None:
    """The case shows the moment, and its history the reason and the name."""
    told = installation("case", "withdraw", case, "--by", "dpo-2")

    shown = installation("case", "show", case, "--json").data
    last = shown["history"][-1]
    assert told.code == 0
    assert shown["withdrawn_at"] is not None
    assert (last["event"], last["detail"], last["by"]) == (
        "RequestWithdrawn",
        "by_person",
        "dpo-2",
    )


def test_second_withdrawal_is_refused_with_a_sentence(
    installation: AnInstallation, case: CaseId
) -> None:
    """Whoever repeats it learns that it stands already."""
    installation("case", "withdraw", case, "--by", "dpo-2")

    again = installation("case", "withdraw", case, "--by", "dpo-2")

    assert again.code != 0
    assert "withdrawn already" in again.err


def test_reason_that_nobody_knows_is_refused(
    installation: AnInstallation, case: CaseId
) -> None:
    """The receipt prints codes, never free text."""
    told = installation(
        "case", "withdraw", case, "--by", "dpo-2", "--reason", "she called"
    )

    assert told.code == 2
    assert "by_person, duplicate, sent_in_error" in told.err
