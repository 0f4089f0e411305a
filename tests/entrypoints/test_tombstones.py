"""`erasure tombstones check`: which lines of a restored system it prints."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from orchestrator.entrypoints.actions.restored import Restored
from orchestrator.ports import PutTombstone
from tests.support.command import Ran
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA, BOB = Human(1), Human(2)
HOUSE = "maison-exemple"


@pytest.fixture
def erased(installation: AnInstallation) -> AnInstallation:
    """Remember that Ada was erased, and a part of Bob."""
    parts = installation.parts
    now = parts.clock.now()
    stones = [
        PutTombstone(
            parts.pseudonyms.tombstone(HOUSE, "email", human.email),
            "whole" if human is ADA else "part",
            now,
            now + timedelta(days=9),
        )
        for human in (ADA, BOB)
    ]
    with parts.store.transaction() as transaction:
        transaction.write(stones, now)
    return installation


@pytest.fixture
def check(erased: AnInstallation, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Lend a call of the command with lines on its standard input."""
    return Check(erased, monkeypatch)


class Check:
    """Calls the command."""

    def __init__(
        self, installation: AnInstallation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.installation = installation
        self.monkeypatch = monkeypatch

    def __call__(self, text: str, *args: str, of_type: str = "email") -> Ran:
        """Ask about these lines."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return self.installation("tombstones", "check", "--type", of_type, *args)


def test_lines_that_must_be_erased_again_are_printed_as_they_came(check: Check) -> None:
    """They go on to the next program; the exit code says that there are some."""
    ran = check(f"{ADA.email.upper()}\r\n\nsomebody@example.com\n{BOB.email}\n")

    assert (ran.code, ran.out) == (1, f"{ADA.email.upper()}\n{BOB.email}\n")
    assert ran.err.splitlines() == [
        "1 had asked for a part of their data; --json says which.",
        (
            "2 must be erased again; 0 came back after their erasure;"
            " 0 could not be compared."
        ),
    ]


def test_nobody_to_erase_again_is_exit_zero(check: Check) -> None:
    """Nothing is printed but the count."""
    ran = check("somebody@example.com\n")

    assert (ran.code, ran.out) == (0, "")


def test_json_says_line_date_and_extent(check: Check) -> None:
    """A program needs more than the line."""
    ran = check(f"x@example.com\n{BOB.email}\n", "--json")

    (one,) = ran.data
    assert (one["number"], one["line"], one["is_whole"]) == (2, BOB.email, False)
    assert one["erased_at"]


def test_who_was_erased_before_the_backup_came_back(check: Check) -> None:
    """Such a line is a returning customer's: nobody erases it again."""
    ran = check(f"{ADA.email}\n", "--taken-at", "2999-01-01T00:00")

    assert (ran.code, ran.out) == (0, "")
    assert "1 came back after their erasure" in ran.err


def test_line_of_another_type_is_named_by_its_number(check: Check) -> None:
    """What was not compared is not clear, and its text is not repeated."""
    ran = check("x@example.com\nC-00001\n")

    assert ran.code == 1
    assert ran.sentences[0] == "Line 2 is not of the type, and was not compared."
    assert "C-00001" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("args", "of_type", "sentence"),
    [
        pytest.param((), "emial", "There is no identifier type emial", id="type"),
        pytest.param(
            ("--controller", "x"), "email", "Name the controller", id="controller"
        ),
        pytest.param(
            ("--taken-at", "monday"), "email", "--taken-at takes a time", id="time"
        ),
    ],
)
def test_wrong_use_is_one_sentence(
    check: Check, args: tuple[str, ...], of_type: str, sentence: str
) -> None:
    """A misspelt type would else say of everybody that they are clear."""
    ran = check(f"{ADA.email}\n", *args, of_type=of_type)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(sentence)


def test_repr_of_a_finding_hides_its_line() -> None:
    """It may end up in an error's text."""
    assert ADA.email not in repr(Restored(1, ADA.email, "again"))
