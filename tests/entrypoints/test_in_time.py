"""What an operator sees of the time that a case has left."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestrator.core.words import CaseId
from tests.support.installation import AnInstallation
from tests.support.people import Human


@pytest.fixture
def case(installation: AnInstallation) -> CaseId:
    """Open a case of which nobody has asked anything yet."""
    return installation.a_case(Human(1))


def test_list_and_case_name_the_next_alarm(
    installation: AnInstallation, case: CaseId
) -> None:
    """Both say the same moment, which lies before the deadline."""
    (line,) = installation("case", "list", "--json").data
    shown = installation("case", "show", case, "--json").data

    assert line["next_alarm_at"] == shown["next_alarm_at"]
    alarm, due = (datetime.fromisoformat(line[k]) for k in ("next_alarm_at", "due_at"))
    assert alarm < due
    assert "next alarm" in installation("case", "list").out
    assert "next alarm" in installation("case", "show", case).out


def test_extension_moves_the_deadline_and_says_when_the_notice_leaves(
    installation: AnInstallation, case: CaseId
) -> None:
    """The list shows the new deadline, the sentence the old one."""
    (before,) = installation("case", "list", "--json").data

    told = installation(
        "case", "extend", case, "--reason", "complexity", "--by", "dpo-2"
    )

    (line,) = installation("case", "list", "--json").data
    shown = installation("case", "show", case, "--json").data
    assert told.code == 0, told.err
    assert datetime.fromisoformat(line["due_at"]) > datetime.fromisoformat(
        before["due_at"]
    )
    assert (shown["due_at"], shown["extended_because"]) == (
        line["due_at"],
        "complexity",
    )
    assert shown["history"][-1]["by"] == "dpo-2"


def test_second_extension_is_refused_with_a_sentence(
    installation: AnInstallation, case: CaseId
) -> None:
    """The law allows one."""
    extend = ("case", "extend", case, "--reason", "number", "--by", "dpo-2")
    installation(*extend)

    again = installation(*extend)

    assert again.code == 1
    assert "the law allows it once" in again.err


def test_reason_for_an_extension_is_one_of_two(
    installation: AnInstallation, case: CaseId
) -> None:
    """That a processor is slow is none."""
    told = installation("case", "extend", case, "--reason", "slow", "--by", "dpo-2")

    assert told.code == 2
    assert "complexity, number" in told.err


def test_doubt_is_shown_with_both_dates(
    installation: AnInstallation, case: CaseId
) -> None:
    """The deadline stays; the date without the wait stands beside it."""
    before = installation("case", "show", case, "--json").data
    asked = installation("case", "ask-identity", case, "--by", "dpo-2")
    received = installation("case", "identity-received", case, "--by", "dpo-2")
    again = installation("case", "identity-received", case, "--by", "dpo-2")

    shown = installation("case", "show", case, "--json").data
    assert (asked.code, received.code, again.code) == (0, 0, 1)
    assert shown["due_at"] == before["due_at"]
    assert shown["due_if_suspended"] > shown["due_at"]


@pytest.mark.parametrize(
    ("place", "rule", "days_of", "confirms"),
    [
        pytest.param("DE", "eu-1182-71.1", "FR", False, id="eu"),
        pytest.param("GB", "uk-12a.1", "GB", False, id="uk"),
        pytest.param("US-CA", "us-ca-7021.1", "US", True, id="california"),
        pytest.param("CN", "cn-pipl-15.1", "CN", False, id="china"),
    ],
)
def test_case_names_its_rule_and_whose_holidays_were_counted(
    installation: AnInstallation,
    place: str,
    rule: str,
    days_of: str,
    *,
    confirms: bool,
) -> None:
    """A French controller does not count Chinese working days by French holidays."""
    case = installation.a_case(Human(1), jurisdiction=place)

    shown = installation("case", "show", case, "--json").data

    assert shown["due_rule"] == rule
    assert shown["due_calendar"].endswith(f"-{days_of}")
    assert (shown["confirm_by"] is not None) is confirms
