"""A person's word on manual work, with its evidence and its copies."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256

import pytest

from orchestrator.entrypoints.actions.attesting import MOST_COPY, MOST_EVIDENCE
from tests.entrypoints.desk_fixtures import copying, desk, installation
from tests.support.desk import ADA, Desk
from tests.support.installation import AnInstallation
from tests.support.people import Human

__all__ = ["copying", "desk", "installation"]


def test_attestation_settles_with_the_files_digest(desk: Desk) -> None:
    """The line is done at grade M, and the digest of the file stays."""
    digest = sha256(desk.file.read_bytes()).hexdigest()

    ran = desk.attest()

    assert (ran.code, ran.err) == (0, "")
    shown = desk.shown()
    assert (shown["status"], shown["outcome"]) == ("settled", "done")
    assert (shown["attested_by"], shown["evidence_sha256"]) == ("returns-team", digest)
    assert digest in ran.out


def test_nothing_found_is_a_persons_word(desk: Desk) -> None:
    """`--nothing-found` ends the work without an erasure."""
    desk.attest("--nothing-found")

    assert desk.shown()["outcome"] == "nothing_found"


def test_attested_twice_is_attested_once(desk: Desk) -> None:
    """Settled work is nobody's any more."""
    desk.attest()

    ran = desk.attest()

    assert ran.code == 1
    assert "the task is settled" in ran.err


def test_nobody_else_attests(desk: Desk) -> None:
    """Whoever is not the assignee is told who is, and how to take it over."""
    ran = desk("attest", "--by", "anna-k", "--evidence", desk.file)

    assert ran.code == 1
    assert "assigned to returns-team" in ran.err
    assert f"erasure task assign {desk.task} --to anna-k" in ran.err
    assert desk.shown()["status"] == "with_person"
    assert desk("assign", "--to", "anna-k", "--by", "dpo-2").code == 0
    taken = desk("attest", "--by", "anna-k", "--evidence", desk.file)
    assert (taken.code, desk.shown()["attested_by"]) == (0, "anna-k")


def test_work_that_nobody_has_is_not_attested(installation: AnInstallation) -> None:
    """A task that was never handed over wants something else."""
    case = installation.a_case(ADA)
    file = installation.folder / "proof.txt"
    file.write_text("x", encoding="utf-8")
    task = f"{case}.desk.erase"

    ran = installation(
        "task", "attest", task, "--by", "returns-team", "--evidence", file
    )

    assert ran.code == 1
    assert "Nobody has this work" in ran.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"x" * (MOST_EVIDENCE + 1), "larger than 25 MiB", id="too large"),
        pytest.param(None, "cannot be read", id="absent"),
    ],
)
def test_unusable_evidence_is_refused(
    desk: Desk, content: bytes | None, sentence: str
) -> None:
    """Without a file that shows something, the work stays open."""
    if content is None:
        desk.file.unlink()
    else:
        desk.file.write_bytes(content)

    ran = desk.attest()

    assert ran.code in {1, 2}
    assert sentence in ran.err
    assert str(desk.file) not in ran.err
    assert desk.shown()["status"] == "with_person"


def test_device_is_no_evidence(desk: Desk) -> None:
    """What may never end is not read at all."""
    ran = desk("attest", "--by", "returns-team", "--evidence", "/dev/zero")

    assert ran.code == 2
    assert "is no file" in ran.err


def test_evidence_is_listed_and_taken_out(desk: Desk) -> None:
    """Whoever takes it out stands in the history; the file is theirs alone."""
    desk.attest()
    out = desk.installation.folder / "out" / "proof"

    (line,) = desk("evidence", "--json").data
    ran = desk("evidence", "--out", out, "--by", "dpo-2")

    assert line["sha256"] == sha256(desk.file.read_bytes()).hexdigest()
    assert ran.code == 0
    assert out.read_bytes() == desk.file.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    last = desk.history()[-1]
    assert (last["event"], last["by"]) == ("EvidenceOpened", "dpo-2")


def test_evidence_is_shredded_when_its_time_is_up(desk: Desk) -> None:
    """After `keep_evidence` the key is gone, and with it the file."""
    desk.attest()
    parts = desk.installation.parts
    now = parts.clock.now()

    kept = parts.evidence.shred(now + timedelta(days=29))
    shredded = parts.evidence.shred(now + timedelta(days=31))

    assert (kept, shredded) == (0, 1)
    assert desk("evidence", "--json").data == []
    taken = desk("evidence", "--out", desk.installation.folder / "x", "--by", "dpo")
    assert taken.code == 1
    assert "No evidence is kept" in taken.err


def test_evidence_is_on_no_disk_in_clear(desk: Desk) -> None:
    """Neither the database nor its write-ahead log holds a word of the file."""
    desk.attest()

    for path in desk.installation.folder.glob("erasure.db*"):
        assert ADA.email.encode() not in path.read_bytes()


def test_evidence_outlives_the_copy(copying: Desk) -> None:
    """Sealing and shredding the person's copy leaves the evidence alone."""
    copying.attest("--nothing-found")
    parts = copying.installation.parts
    parts.seal(_nobody).turn()

    (line,) = copying("evidence", "--json").data

    assert line["task"] == copying.task


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        pytest.param("c.json", '[{"a": 1}, {"a": "ä"}]', 2, id="list"),
        pytest.param("c.json", '{"a": 1}', 1, id="object"),
        pytest.param("c.jsonl", '{"a": 1}\n\n{"a": 2}\n', 2, id="lines"),
        pytest.param("c.csv", "a,b\n1,2\n3,4\n", 2, id="csv"),
        pytest.param("c.CSV", '\ufeffa;b\n"x;y";2\n', 1, id="semicolons"),
    ],
)
def test_rows_of_a_copy_reach_the_package(
    copying: Desk, name: str, text: str, rows: int
) -> None:
    """Rows that a person brings are the person's data like any other."""
    copy = copying.installation.folder / name
    copy.write_text(text, encoding="utf-8")

    ran = copying.attest("--copy", copy)

    assert (ran.code, ran.err) == (0, "")
    package = _package(copying)
    (listed,) = json.loads(package["manifest.json"])["files"]
    assert (listed["account"], listed["rows"]) == ("desk", rows)
    assert len(json.loads(package[listed["path"]])["rows"]) == rows


def test_any_other_file_is_packed_as_it_is(copying: Desk) -> None:
    """A PDF stays a PDF, under a name that gives nothing away."""
    content = b"%PDF-1.7\n" + bytes(range(256)) * 4000
    copy = copying.installation.folder / f"{ADA.email}.pdf"
    copy.write_bytes(content)

    copying.attest("--copy", copy)

    package = _package(copying)
    assert package["desk/1-file.pdf"] == content
    (listed,) = json.loads(package["manifest.json"])["files"]
    assert listed["sha256"] == sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        pytest.param("c.json", "[1]", "must be a JSON object", id="no object"),
        pytest.param("c.json", "[]", "no rows", id="no rows"),
        pytest.param("c.json", '{"a": NaN}', "not JSON", id="NaN"),
        pytest.param("c.json", "[" * 100_000, "not JSON", id="deep"),
        pytest.param("c.jsonl", '{"a": 1}\n{secret\n', "line 2", id="broken line"),
        pytest.param("c.csv", "a,a\n1,2\n", "each once", id="column twice"),
        pytest.param("c.csv", "a,b\n1\n", "has 1 cells", id="ragged"),
        pytest.param("c.csv", 'a,b\n"1\n', "not CSV", id="open quote"),
        pytest.param("c.csv", "a,b\n", "no rows", id="header only"),
        pytest.param("c.csv", "", "no rows", id="empty"),
        pytest.param("c.pdf", "", "is empty", id="empty file"),
    ],
)
def test_unusable_copy_leaves_the_work_open(
    copying: Desk, name: str, text: str, sentence: str
) -> None:
    """A copy that is not what its name says is refused, without a word out of it."""
    copy = copying.installation.folder / name
    copy.write_text(text, encoding="utf-8")

    ran = copying.attest("--copy", copy)

    assert ran.code == 1
    assert sentence in ran.err
    assert "secret" not in ran.err
    assert copying.shown()["status"] == "with_person"


@pytest.mark.parametrize(
    ("name", "text", "is_taken"),
    [
        pytest.param("c.csv", "a,E-Mail\n1,{me}\n2,{it}\n", False, id="csv"),
        pytest.param("c.jsonl", '{{"email": "{it}"}}\n', False, id="lines"),
        pytest.param("c.json", '[{{"to": {{"email": ["{it}"]}}}}]', False, id="deep"),
        pytest.param("c.json", '{{"customerId": 77}}', False, id="a number"),
        pytest.param("c.json", '{{"phone": "+33 1 99 00 99 99"}}', False, id="phone"),
        pytest.param("c.csv", "email,phone\n {upper} ,{phone}\n", True, id="theirs"),
        pytest.param("c.csv", "phone\n{national}\n", True, id="national spelling"),
        pytest.param("c.json", '{{"email": null, "phone": ""}}', True, id="empty"),
        pytest.param("c.json", '{{"note": "{it}"}}', True, id="no such field"),
    ],
)
def test_rows_of_somebody_else_stay_out_of_a_copy(
    copying: Desk,
    name: str,
    text: str,
    is_taken: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """A field that is called like an identifier must hold one of the person's."""
    copy = copying.installation.folder / name
    stranger = Human(2).email
    values = {"me": ADA.email, "it": stranger, "upper": ADA.email.upper()}
    numbers = {"phone": ADA.phone, "national": f"0{ADA.phone[3:]}"}
    copy.write_text(text.format(**values, **numbers), encoding="utf-8")

    ran = copying.attest("--copy", copy)

    assert (ran.code == 0) is is_taken
    assert stranger not in ran.out + ran.err
    assert is_taken or "Record " in ran.err
    if not is_taken:
        assert copying.attest("--copy", copy, "--contains-others").code == 0


@pytest.mark.parametrize("name", ["c.csv", "c.jsonl", "c.json", "c.pdf"])
def test_copy_is_not_too_large(copying: Desk, name: str) -> None:
    """Rows have a limit as any other file has."""
    copy = copying.installation.folder / name
    with copy.open("wb") as file:
        file.truncate(MOST_COPY + 1)

    ran = copying.attest("--copy", copy)

    assert ran.code == 1
    assert "larger than 256 MiB" in ran.err


def test_copy_needs_its_file(copying: Desk) -> None:
    """An export is not attested without the copy itself."""
    ran = copying.attest()

    assert ran.code == 1
    assert "--copy FILE" in ran.err


def test_erasure_brings_no_copy(desk: Desk) -> None:
    """A file that nobody asked for is not taken."""
    ran = desk.attest("--copy", desk.file)

    assert ran.code == 1
    assert "Only a copy" in ran.err


def _package(desk: Desk) -> Mapping[str, bytes]:
    """Seal the case's copy and return its entries."""
    desk.installation.parts.seal(_nobody).turn()
    folder = desk.installation.folder / "copies"
    ran = desk.installation("export", "download", desk.case, "--to", folder)
    assert ran.code == 0, ran.err
    with zipfile.ZipFile(folder / f"{desk.case}.zip") as package:
        return {name: package.read(name) for name in package.namelist()}


def _nobody() -> None:
    """Wake nobody: no stage runs here."""
