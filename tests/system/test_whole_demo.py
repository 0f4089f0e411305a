"""`erasure demo --all`: every connector at work, in one process."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from tests.support.demo_runs import ERASURE, PEOPLE, VERDICT, Ran, run, script

SYSTEMS = 15
UNNOTICED = """
    # Its people attest, with a file, and shred nothing.
    fakes["delivery"].erased = lambda values: 1
    # Somebody is told of who never asked.
    about = {"identifiers": [{"type": "email.sha256", "value": "0" * 64}]}
    fakes["ads"].data["notices"]["another"] = about
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the whole demo once for every test that only reads what it left."""
    where = tmp_path_factory.mktemp("whole-demo")
    return run(where, (ERASURE, "demo", "--all"))


def test_whole_demo_ends_well(demo: Ran) -> None:
    """Every connector does its part, and all that is claimed is true."""
    assert demo.status == 0, demo.said
    assert VERDICT in demo.said
    assert "✗" not in demo.said
    assert "All fourteen connectors are at work" in demo.said


def test_output_stays_within_eighty_columns(demo: Ran) -> None:
    """Fifteen systems are rows; nothing is cut off before the commands to paste."""
    tables, _, _ = demo.said.partition("Try it yourself")

    assert max(map(len, tables.splitlines())) <= 80
    assert "…" not in tables


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(r"^  Klaviyo +erased E4", id="looked-again"),
        pytest.param(r"^  mParticle +erased E3", id="called-back"),
        pytest.param(r"^  Returns +erased E3", id="by-topic"),
        pytest.param(r"^  Amplitude +erased E2", id="says-so"),
        pytest.param(r"^  Carrier +erased M", id="by-hand"),
        pytest.param(r"^  Ads Exchange +told E3", id="told"),
        pytest.param(r"^  sql +refund kept", id="kept-by-law"),
    ],
)
def test_receipts_show_how_well_each_is_proven(demo: Ran, line: str) -> None:
    """Each way of proving an erasure is in the table, at its system."""
    assert re.search(line, demo.said, re.MULTILINE), demo.said


def test_copies_bring_every_system_together(demo: Ran) -> None:
    """Each copy has a folder of every system that knows its person, and nobody else."""
    archives = sorted((demo.out / "copies").glob("*.zip"))
    folders = [_folders(path) for path in archives]

    # Advertising is only told, so there is nothing to copy.
    assert sorted(map(len, folders)) == [11, SYSTEMS - 1, SYSTEMS - 1]
    assert all(_people_in(path) == 1 for path in archives)


def test_nothing_but_the_copies_names_a_person(demo: Ran) -> None:
    """Not even the evidence that people brought, or the register's secrets."""
    files = [it for it in demo.out.rglob("*") if it.is_file() and it.suffix != ".zip"]
    holders = [
        file.name
        for file in files
        if any(f"{person}@".encode() in file.read_bytes() for person in PEOPLE)
    ]

    assert list((demo.out / "evidence").glob("*.txt"))
    assert holders == []


def test_whole_demo_fails_where_a_system_keeps_a_record(tmp_path: Path) -> None:
    """What a person attests and what a recipient has are looked up as well."""
    ran = run(tmp_path, script(UNNOTICED, "everything=True"))

    said = " ".join(ran.said.split())
    assert ran.status == 1, ran.said
    assert "Carrier: one of files of Ada Moreau is still there" in said
    assert "a notice names somebody else" in said
    assert VERDICT not in said


def _folders(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[0] for name in archive.namelist() if "/" in name}


def _people_in(path: Path) -> int:
    """Count the invented people whose address stands in a copy."""
    with zipfile.ZipFile(path) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    return sum(f"{person}@" in text for person in PEOPLE)
