"""The page about the law says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.grounds import PROVISIONS, Ground
from orchestrator.core.laws import Law

PAGE = Path(__file__).parents[2] / "docs" / "law.md"
NONE = "-"


def tables() -> list[list[list[str]]]:
    """Return the cells of every table of the page, without its line of dashes."""
    found: list[list[list[str]]] = [[]]
    for line in PAGE.read_text(encoding="utf-8").splitlines():
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
