"""`erasure report`: what it prints for people, programs and a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.support.installation import AnInstallation
from tests.support.people import Human


@pytest.fixture
def asked(installation: AnInstallation) -> AnInstallation:
    """Let two people ask: one to be erased, one for both."""
    installation.a_case(Human(1), "erasure")
    installation.a_case(Human(2), "erasure", "access")
    return installation


def test_open_requests_are_counted_by_right(asked: AnInstallation) -> None:
    """What nobody has answered is neither complied with nor denied."""
    found = json.loads(asked("report", "--json").out)

    rows = {row["name"]: row["cells"] for row in found["by_right"]}
    assert (rows["erasure"]["received"], rows["erasure"]["open"]) == (2, 2)
    assert (rows["access"]["received"], rows["portability"]["received"]) == (1, 0)
    assert rows["erasure"]["median_days"] is None
    assert {line["open"] for line in found["by_account"]} >= {2}


def test_what_cannot_be_counted_is_said_and_not_zero(asked: AnInstallation) -> None:
    """California also wants opt-outs, limits and corrections."""
    found = json.loads(asked("report", "--json").out)

    assert {*found["california_not_counted"]} == {"correct", "opt_out", "limit"}
    assert {row["name"] for row in found["california"]} == {"delete", "know"}
    printed = asked("report").out
    assert "CCPA, 11 CCR § 7102 (US-CA)" in printed
    assert "opt out of sale or sharing do not pass" in printed


def test_everybody_can_be_counted_for_california(asked: AnInstallation) -> None:
    """Section 7102(b) lets a business count all individuals, if it says so."""
    found = json.loads(asked("report", "--everybody", "--json").out)

    delete, know = found["california"]
    assert found["california_counts"] == "everybody"
    assert (delete["cells"]["received"], know["cells"]["received"]) == (2, 1)


def test_csv_has_every_table_under_one_head(asked: AnInstallation) -> None:
    """A spreadsheet filters by table."""
    rows = list(csv.DictReader(io.StringIO(asked("report", "--csv").out)))

    by_table = {row["table"] for row in rows}
    assert by_table == {"california", "right", "jurisdiction", "account"}
    (erasure,) = [r for r in rows if (r["table"], r["name"]) == ("right", "erasure")]
    assert (erasure["received"], erasure["median_days"]) == ("2", "")


def test_small_numbers_are_withheld_when_asked(asked: AnInstallation) -> None:
    """Two people are too few to publish, and accounts are nobody's concern."""
    found = json.loads(asked("report", "--at-least", 5, "--json").out)

    rows = {row["name"]: row["cells"] for row in found["by_right"]}
    assert rows["erasure"]["received"] is None
    assert found["by_account"] == []
    assert "*" in asked("report", "--at-least", 5).out


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        pytest.param(("--year", 2026, "--from", "2026-01-01"), "not both", id="two"),
        pytest.param(
            ("--from", "2026-02-01", "--to", "2026-01-01"),
            "before it begins",
            id="ends",
        ),
        pytest.param(("--json", "--csv"), "not both", id="twice"),
        pytest.param(("--controller", "x"), "has no controller x", id="stranger"),
    ],
)
def test_wrong_use_is_told(
    installation: AnInstallation, args: tuple[object, ...], sentence: str
) -> None:
    """One sentence, exit code 2."""
    ran = installation("report", *args)

    assert ran.code == 2
    assert sentence in ran.err


def test_another_year_has_its_own_requests(asked: AnInstallation) -> None:
    """Nobody asked in 2019."""
    found = json.loads(asked("report", "--year", 2019, "--json").out)

    assert (found["since"], found["until"]) == ("2019-01-01", "2019-12-31")
    assert all(row["cells"]["received"] == 0 for row in found["by_right"])
