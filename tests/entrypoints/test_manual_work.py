"""Manual work by the command: listed, assigned, briefed."""

from __future__ import annotations

import json

import pytest

from tests.entrypoints.desk_fixtures import copying, desk, installation
from tests.support.desk import ADA, WORDS, Desk
from tests.support.installation import AnInstallation

__all__ = ["copying", "desk", "installation"]


def test_work_is_listed_with_its_due_date(
    installation: AnInstallation, desk: Desk
) -> None:
    """The list shows who has it and until when."""
    (line,) = installation("task", "list", "--needs-human", "--json").data

    assert line["id"] == desk.task
    assert (line["status"], line["assignee"]) == ("with_person", "returns-team")
    assert line["due_at"] is not None
    assert "returns-team" in installation("task", "list").out


def test_assignee_is_shown_whom_it_is_about(desk: Desk) -> None:
    """The brief has the words of the DPO's language and the accepted identifiers."""
    ran = desk("brief", "--by", "returns-team")

    assert ran.code == 0
    assert WORDS in ran.out
    assert "Lager GmbH" in ran.out
    assert ADA.email in ran.out
    assert ADA.customer_id not in ran.out, "the register accepts no such type there"


def test_showing_stands_in_the_history_without_a_value(desk: Desk) -> None:
    """Who saw which types is written down; what they saw is not."""
    desk("brief", "--by", "returns-team")

    line = desk.history()[-1]
    assert (line["event"], line["by"]) == ("IdentifiersShown", "returns-team")
    assert line["detail"] == "email, phone"
    assert ADA.email not in json.dumps(desk.history())


def test_nobody_else_is_shown_identifiers(desk: Desk) -> None:
    """Whoever is not the assignee is told how to become it, and nothing more."""
    before = desk.history()

    ran = desk("brief", "--by", "dpo-2")

    assert ran.code == 1
    assert "assigned to returns-team" in ran.err
    assert ADA.email not in ran.out + ran.err
    assert desk.history() == before


def test_work_goes_to_another_assignee(desk: Desk) -> None:
    """Whoever has the work now is shown the brief, and the one before is not."""
    assert desk("assign", "--to", "anna-k", "--by", "dpo-2").code == 0

    assert desk("brief", "--by", "anna-k").code == 0
    assert desk("brief", "--by", "returns-team").code == 1
    assert desk.shown()["assignee"] == "anna-k"


def test_same_assignee_again_is_said(desk: Desk) -> None:
    """Assigning to whoever has it changes nothing and says so."""
    ran = desk("assign", "--to", "returns-team", "--by", "dpo-2")

    assert ran.code == 1
    assert "has this work already" in ran.err


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["assign", "--to", "a@b.example", "--by", "dpo-2"], id="to"),
        pytest.param(["assign", "--to", "anna-k", "--by", "a@b.example"], id="by"),
        pytest.param(["brief", "--by", "a@b.example"], id="brief"),
        pytest.param(["attest", "--evidence", "f", "--by", "a@b.example"], id="attest"),
        pytest.param(["evidence", "--out", "f", "--by", "a@b.example"], id="evidence"),
    ],
)
def test_address_is_no_pseudonym(desk: Desk, args: list[str]) -> None:
    """An e-mail address would put a person into the history."""
    verb, *rest = args

    ran = desk(verb, *rest)

    assert ran.code == 2
    assert "identifies nobody outside" in " ".join(ran.err.split())
    assert "a@b.example" not in ran.err
