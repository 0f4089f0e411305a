"""What the command says of cases that were carried out, and what it never says."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.finished import COPIED, ERASED, KEPT, a_finished_installation
from tests.support.installation import AnInstallation
from tests.support.people import Human


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnInstallation]:
    """Lend an installation with three answered cases."""
    with a_finished_installation(tmp_path_factory.mktemp("finished")) as made:
        yield made


@pytest.fixture(scope="module")
def public_key(finished: AnInstallation) -> Path:
    """Export the public key."""
    path = finished.folder / "public.pem"
    ran = finished("keys", "export-public", "--to", path)
    assert ran.code == 0, ran.err
    return path


def _case_of(finished: AnInstallation, human: Human) -> dict[str, Any]:
    """Return the line of a human's case."""
    cases = finished("case", "list", "--json").data
    (found,) = [one for one in cases if one["request_id"] == human.request_id]
    return dict(found)


def _receipt_of(finished: AnInstallation, human: Human, to: Path) -> Path:
    """Download the receipt of a human's case."""
    case = _case_of(finished, human)["id"]
    ran = finished("receipt", "download", case, "--to", to)
    assert ran.code == 0, ran.err
    return Path(ran.out.splitlines()[0])


def test_cases_are_listed_with_their_results(finished: AnInstallation) -> None:
    """One is closed, one keeps its copy, one keeps what a law keeps."""
    lines = {human: _case_of(finished, human) for human in (ERASED, COPIED, KEPT)}

    said = {h: (line["status"], line["result"]) for h, line in lines.items()}
    assert said[ERASED] == ("closed", "complete")
    assert said[COPIED] == ("answered", "complete")
    assert said[KEPT] == ("answered", "complete_with_retention")
    assert lines[COPIED]["export"] == "sealed"


def test_case_shows_its_tasks_what_is_owed_and_its_history(
    finished: AnInstallation,
) -> None:
    """Everything that changed the case is there, in order."""
    case = _case_of(finished, KEPT)["id"]

    found = finished("case", "show", case, "--json").data

    assert {task["status"] for task in found["tasks"]} == {"settled"}
    assert [owed["rule"] for owed in found["obligations"]] == ["fr-orders"]
    events = [line["event"] for line in found["history"]]
    assert [line["version"] for line in found["history"]] == sorted(
        line["version"] for line in found["history"]
    )
    assert events[-1] == "IdentityForgotten"
    text = finished("case", "show", case).out
    assert "complete_with_retention" in text
    assert "fr-orders" in text


def test_status_is_quiet_when_all_is_done(finished: AnInstallation) -> None:
    """Nothing is open, nothing waits, nobody is needed."""
    found = finished("status", "--json").data

    quiet = ("lag", "unsent", "open_cases", "tasks_needing_people", "quarantined")
    assert {name: found[name] for name in quiet} == dict.fromkeys(quiet, 0)
    assert (found["workers"], found["paused_accounts"]) == (0, [])
    assert "requests to read     0" in finished("status").out


def test_receipt_is_genuine(
    finished: AnInstallation, public_key: Path, tmp_path: Path
) -> None:
    """What was downloaded verifies, and `show` says the same."""
    file = _receipt_of(finished, ERASED, tmp_path)

    verified = finished("receipt", "verify", file, "--key", public_key, "--json")
    shown = finished("receipt", "show", _case_of(finished, ERASED)["id"], "--json")

    assert (verified.code, verified.err) == (0, "")
    assert verified.data["statement"] == shown.data["statement"]
    assert verified.data["sha256"] == shown.data["receipt"]["sha256"]
    assert verified.data["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_receipts_are_listed_newest_first(finished: AnInstallation) -> None:
    """Each case has its final one."""
    receipts = finished("receipt", "list", "--json").data

    assert [one["kind"] for one in receipts] == ["final"] * 3
    times = [one["signed_at"] for one in receipts]
    assert times == sorted(times, reverse=True)
    case = _case_of(finished, KEPT)["id"]
    (own,) = finished("receipt", "list", "--case", case, "--json").data
    assert own["case"] == case


def test_changed_receipt_is_not_genuine(
    finished: AnInstallation, public_key: Path, tmp_path: Path
) -> None:
    """One changed byte is exit 1 and one sentence."""
    file = _receipt_of(finished, ERASED, tmp_path)
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(content)

    ran = finished("receipt", "verify", file, "--key", public_key)

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)


def test_unreadable_receipt_or_key_is_wrong_use(
    finished: AnInstallation, public_key: Path, tmp_path: Path
) -> None:
    """Nobody knows whether it is genuine: exit 2, not 1."""
    file = _receipt_of(finished, ERASED, tmp_path)

    no_file = finished("receipt", "verify", tmp_path / "no", "--key", public_key)
    no_key = finished("receipt", "verify", file, "--key", tmp_path / "no")
    bad_key = finished("receipt", "verify", file, "--key", file)

    assert [ran.code for ran in (no_file, no_key, bad_key)] == [2, 2, 2]
    assert [len(ran.sentences) for ran in (no_file, no_key, bad_key)] == [1, 1, 1]


def test_copy_is_handed_out_and_stays_until_its_time(
    finished: AnInstallation, tmp_path: Path
) -> None:
    """Only its owner reads the file; who took it is written down; again is allowed."""
    case = _case_of(finished, COPIED)["id"]

    first = finished("export", "download", case, "--to", tmp_path, "--by", "dpo-2")
    again = finished("export", "download", case, "--to", tmp_path / "again")

    assert (first.code, again.code) == (0, 0)
    path = Path(first.out.strip())
    assert (path.name, path.stat().st_mode & 0o777) == (f"{case}.zip", 0o600)
    found = finished("case", "show", case, "--json").data
    assert hashlib.sha256(path.read_bytes()).hexdigest() == found["export_sha256"]
    assert found["export"] == "sealed"
    taken = [line for line in found["history"] if line["event"] == "ExportDownloaded"]
    assert [line["by"] for line in taken] == ["dpo-2", "operator"]
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [path.name]


def test_copy_holds_the_person_and_nobody_else(
    finished: AnInstallation, tmp_path: Path
) -> None:
    """Rows of every account are in it, of this person only."""
    case = _case_of(finished, COPIED)["id"]
    ran = finished("export", "download", case, "--to", tmp_path)

    with zipfile.ZipFile(ran.out.strip()) as package:
        content = b"".join(package.read(name) for name in package.namelist())
        accounts = {
            file["account"]
            for file in json.loads(package.read("manifest.json"))["files"]
        }

    assert accounts == {"hubspot", "klaviyo", "mixpanel", "commercetools"}
    assert COPIED.email.encode() in content
    assert ERASED.email.encode() not in content


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        pytest.param(ERASED, "This case asks for no copy", id="none asked"),
        pytest.param(None, "There is no case", id="stranger"),
    ],
)
def test_copy_that_is_not_there_is_refused(
    finished: AnInstallation, tmp_path: Path, of: Human | None, sentence: str
) -> None:
    """Exit 1, one sentence, no file."""
    case = "c-nobody" if of is None else _case_of(finished, of)["id"]

    ran = finished("export", "download", case, "--to", tmp_path)

    assert (ran.code, len(ran.sentences)) == (1, 1)
    assert ran.err.startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def test_copy_that_was_changed_is_not_handed_out(
    finished: AnInstallation, tmp_path: Path
) -> None:
    """A package that does not open leaves no half of itself behind."""
    case = _case_of(finished, COPIED)["id"]
    with finished.parts.database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM chunks")
        connection.exec_driver_sql("UPDATE chunks SET sealed = zeroblob(99)")
    try:
        ran = finished("export", "download", case, "--to", tmp_path)
    finally:
        with finished.parts.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM chunks")
            connection.exec_driver_sql("INSERT INTO chunks SELECT * FROM kept")
            connection.exec_driver_sql("DROP TABLE kept")

    assert (ran.code, len(ran.sentences)) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_table_on_a_terminal_is_richs(finished: AnInstallation) -> None:
    """On a terminal a list has lines around it, elsewhere plain columns."""
    assert "┃" in finished("case", "list", on_terminal=True).out
    assert "┃" not in finished("case", "list").out


def test_nothing_that_is_said_names_a_person(
    finished: AnInstallation, tmp_path: Path
) -> None:
    """No read, in text or JSON, no receipt and no log holds a trait of anybody."""
    reads: list[list[object]] = [["status"], ["config", "show"], ["account", "list"]]
    reads += [["case", "list"], ["task", "list"], ["receipt", "list"]]
    reads += [["quarantine", "list"], ["topics", "list"], ["register", "check"]]
    for human in (ERASED, COPIED, KEPT):
        case = _case_of(finished, human)["id"]
        reads += [["case", "show", case], ["receipt", "show", case]]
        tasks = finished("case", "show", case, "--json").data["tasks"]
        reads += [["task", "show", task["id"]] for task in tasks]
        _receipt_of(finished, human, tmp_path)

    said = [finished(*read, *extra) for read in reads for extra in ([], ["--json"])]
    texts = [ran.out + ran.err for ran in said]
    texts += [path.read_text() for path in tmp_path.glob("*.json")]
    texts.append((finished.folder / "process.log").read_text())

    assert len(texts) > 60
    for human in (ERASED, COPIED, KEPT):
        for name, trait in human.traits.items():
            assert not any(trait in text for text in texts), name


def test_restored_ids_of_erased_people_are_found(
    finished: AnInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that an account taught is known as well as the portal's own."""
    for of_type, trait in (("email", "email"), ("mixpanel.distinct_id", "distinct_id")):
        ids = [getattr(human, trait) for human in (ERASED, Human(99))]
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(ids)))

        ran = finished("tombstones", "check", "--type", of_type)

        assert (ran.code, ran.out.splitlines()) == (1, ids[:1]), ran.err
