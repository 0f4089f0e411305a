"""What people see of accounts that stay silent."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.bootstrap.installation import Installation
from tests.support.clock import FrozenClock
from tests.support.installation import AnInstallation
from tests.support.people import Human


def test_silent_account_is_shown_with_whom_to_write_to(
    installation: AnInstallation,
) -> None:
    """`status`, the case and the task say how far it is, and the DPO finds a name."""
    case = installation.a_case(Human(1), "erasure")
    real = installation.parts.clock.now()
    later = FrozenClock(real + timedelta(days=7, seconds=1))
    parts = Installation(installation.parts.settings, later)
    parts.sweep(lambda: None).turn()
    parts.close()

    status = installation("status", "--json").data
    plain = installation("status").out
    shown = installation("case", "show", case, "--json").data
    task = installation("task", "show", f"{case}.commercetools.locate", "--json").data

    line = {"account": "commercetools", "rung": "processor", "tasks": 1}
    assert line in status["silent"]
    assert "commercetools processor 1" in plain
    assert {one["rung"] for one in shown["tasks"]} >= {"processor", None}
    assert [one["rung"] for one in task["rungs"]] == ["reminder", "processor"]
    assert task["write_to"] == "commercetools Ltd."
