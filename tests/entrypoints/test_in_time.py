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
