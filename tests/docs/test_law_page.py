"""The page about the law says what the code says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.adapters.calendars import calendar_of
from orchestrator.core.deadlines import RULES, deadline
from orchestrator.core.grounds import PROVISIONS, Ground
from orchestrator.core.laws import Law
from tests.support.cli_doc import commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "law.md"
TEXT = PAGE.read_text(encoding="utf-8")
ZONES = {
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "FR": "Europe/Paris",
    "PT": "Europe/Lisbon",
}
NONE = "-"


def tables() -> list[list[list[str]]]:
    """Return the cells of every table of the page, without its line of dashes."""
    found: list[list[list[str]]] = [[]]
    for line in TEXT.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [[table[0], *table[2:]] for table in found if table]


def table_of(*heads: str) -> list[list[str]]:
    """Return the rows of the table whose first columns are called so."""
    (table,) = (one for one in tables() if tuple(one[0][: len(heads)]) == heads)
    return table[1:]


def _in_brackets(cell: str) -> list[str]:
    return cell.split("`")[1::2]


def test_every_ground_of_the_union_is_listed_with_its_provision() -> None:
    """The closed list of the page is the closed list of the code."""
    listed = {
        Ground(word): row[1]
        for row in table_of("ground", "provision")
        for word in _in_brackets(row[0])
    }

    assert listed == PROVISIONS[Law.EU]


@pytest.mark.parametrize(
    ("column", "law"),
    [(1, Law.CALIFORNIA), (2, Law.BRAZIL), (3, Law.CHINA)],
    ids=["california", "brazil", "china"],
)
def test_every_ground_of_another_law_is_listed_with_its_provision(
    column: int, law: Law
) -> None:
    """A ground that a law does not know has a dash."""
    listed = {
        Ground(word): row[column]
        for row in table_of("ground", "California")
        for word in _in_brackets(row[0])
        if row[column] != NONE
    }

    assert listed == PROVISIONS[law]


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id="-".join(row[:2])) for row in table_of("received (local)")],
)
def test_every_deadline_of_the_page_is_computed_so(row: list[str]) -> None:
    """Whoever reads the table can hold us to it."""
    day, country, due, extended, *_ = row
    zone = ZoneInfo(ZONES[country])
    received = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=zone)

    found = deadline(
        received, country, ZONES[country], calendar_of(country, received.year)
    )

    assert found.extended_at is not None
    moments = (found.due_at, found.extended_at)
    assert [at.astimezone(zone).date().isoformat() for at in moments] == [due, extended]


def test_every_command_of_the_page_exists() -> None:
    """No provision is answered by a command that nobody can run."""
    known = {" ".join(words[:3]) for words, _ in commands()}
    named = re.findall(r"`(erasure [a-z|-]+(?: [a-z|-]+)?)", TEXT)

    assert named
    for name in named:
        *words, last = name.split()
        for one in last.split("|"):
            assert " ".join((*words, one)) in known, name


def test_every_test_of_the_page_exists() -> None:
    """A rule is held by a test that is there."""
    named = re.findall(r"`(tests/[a-z_/]+\.py)`", TEXT)

    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_code_of_a_rule_is_on_the_page() -> None:
    """A rule that is stored with cases is explained."""
    assert [name for name, _ in RULES.values() if f"`{name}`" not in TEXT] == []
