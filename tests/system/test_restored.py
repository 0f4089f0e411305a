"""Our own restored backup: found out at start, and nobody is answered twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.statement_log import Adopting
from orchestrator.errors import Unavailable
from schemas.receipts import RECEIPT_SEALED
from schemas.topics import RECEIPTS
from tests.support.command import Ran, erasure
from tests.support.installation import ROOT
from tests.support.people import Human, a_submission, held_of, humans, settle_in
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite

# What the backup was made after: nothing was read yet, or cases are open.
MOMENTS = {
    "before_cases": "before commit: INSERT INTO cases #1",
    "with_open_cases": "after commit: INSERT INTO calls #1",
    "before_answers": "before commit: INSERT INTO statements #1",
}
ERASES = {"hubspot": "gdpr_delete", "commercetools": "erase_customers"}


_MAIN = "from orchestrator.entrypoints.cli import main; main()"


class Restored:
    """An installation that answered two people, and then lost that to a backup."""

    def __init__(self, site: Site, people: list[Human], moment: str) -> None:
        self.site, self.people = site, people
        elsewhere = site.folder / "elsewhere"
        self.archive = elsewhere / "archive"
        self.archive.mkdir(parents=True)
        self.file = elsewhere / "checkpoints.jsonl"
        site.env["ERASURE_CHECKPOINT_FILE"] = str(self.file)
        self._database = Path(str(site.database.url.database))
        settle_in(site.fakes, people)
        asking = people[:2]
        site.publish(*(a_submission(human) for human in asking))
        assert site.start(KILL_AT=moment).wait() == -SIGKILL
        backup = elsewhere / "backup.db"
        self._copy(self._database, backup)
        site.run_until_over(len(asking))
        self.receipts = site.receipts()
        self._keep_receipts()
        self.acted = {name: self._acted(name) for name in ERASES}
        site.leave_database()
        self._copy(backup, self._database)

    def __call__(self, *args: object, **env: str) -> Ran:
        """Run `erasure` on the restored installation."""
        return erasure(*args, env={**self.site.env, **env})

    def run(self) -> tuple[int, str]:
        """Start `erasure run`, which is to end by itself; returns what it said."""
        ran = subprocess.run(
            [sys.executable, "-c", _MAIN, "run"],
            env={**self.site.env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ran.returncode, ran.stderr

    def erased_since(self) -> set[int]:
        """Return how many people each processor has erased since the restore."""
        return {self._acted(name) - before for name, before in self.acted.items()}

    def _acted(self, name: str) -> int:
        return self.site.fakes[name].acted[ERASES[name]]

    def _keep_receipts(self) -> None:
        """Keep what the topic brings, as the archive does."""
        for headers, value in self.site.published(RECEIPTS):
            if headers["ce_type"] == RECEIPT_SEALED:
                name = f"{headers['ce_id']}.dsse.json"
                (self.archive / name).write_bytes(value)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        """Copy a database as `.backup` does, with nothing left of what was there."""
        for path in target.parent.glob(f"{target.name}*"):
            path.unlink()
        old, new = sqlite3.connect(source), sqlite3.connect(target)
        old.backup(new)
        old.close()
        new.close()


@pytest.fixture
def people() -> list[Human]:
    """Invent two who want to be erased, and one who asks after the restore."""
    return humans(3)


@pytest.fixture(params=MOMENTS)
def restored(
    request: pytest.FixtureRequest,
    embedded: Backend,
    new_site: NewSite,
    people: list[Human],
) -> Restored:
    """Lend an installation that was restored from each kind of backup."""
    return Restored(new_site(embedded), people, MOMENTS[request.param])


def test_restored_backup_answers_nobody_twice(restored: Restored) -> None:
    """It refuses to start until the archive gave back what was answered since."""
    site = restored.site

    code, said = restored.run()
    status = restored("status", "--json")
    recovered = restored("log", "recover", "--from", restored.archive, "--json")
    site.publish(a_submission(restored.people[2]))
    site.run_until_over(_known_cases(site) + 1)

    assert code == 2
    assert "restored from a backup" in said
    assert status.data["log_standing"] == "behind"
    assert "restored from a backup" in status.err
    assert (recovered.code, recovered.data["statements"]) == (0, 2)
    assert recovered.data["answered"] + recovered.data["unknown"] == 2
    assert restored.erased_since() == {1}
    assert site.count("SELECT count(*) FROM statements") == 3
    assert [held_of(site.fakes, human) for human in restored.people] == [[], [], []]
    assert set(site.receipts()) - set(restored.receipts) == {
        restored.people[2].request_id
    }
    assert site.count("SELECT count(*) FROM data_keys WHERE purpose = 'identity'") == 0
    assert site.count("SELECT count(*) FROM quarantine") == 0
    check = restored("log", "check", "--json")
    assert (check.code, check.data["statements"]) == (0, 3)
    assert restored("status", "--json").data["log_standing"] == "even"


def _known_cases(site: Site) -> int:
    """Count the cases that the database knows; requests of the others are repeats."""
    return site.count("SELECT count(*) FROM cases")


@pytest.fixture
def forgetful(embedded: Backend, new_site: NewSite, people: list[Human]) -> Restored:
    """Lend an installation whose backup has open cases."""
    return Restored(new_site(embedded), people, MOMENTS["with_open_cases"])


def test_recovery_may_begin_again(
    forgetful: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies before the log is whole again finds everything where it was."""
    args = ("log", "recover", "--from", forgetful.archive, "--json")

    def away(*_: object) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(Adopting, "adopt", away)
        first = forgetful(*args)
    held = forgetful("status", "--json").data["log_standing"]
    runs = [forgetful(*args).data for _ in range(2)]

    assert (first.code, held) == (2, "behind")
    assert [run["statements"] for run in runs] == [2, 0]
    assert [run["answered"] for run in runs] == [0, 0]
    assert forgetful("log", "check").code == 0


def test_recovery_without_the_receipts_stores_nothing(forgetful: Restored) -> None:
    """What is missing is named; the rest waits for it."""
    shutil.rmtree(forgetful.archive)
    forgetful.archive.mkdir()

    ran = forgetful("log", "recover", "--from", forgetful.archive)

    assert (ran.code, ran.out) == (1, "")
    assert "lacks 2 of 2 statements" in ran.err
    assert forgetful.site.count("SELECT count(*) FROM statements") == 0


@pytest.mark.parametrize("what", ["note", "leaf", "gap"])
def test_changed_checkpoint_file_recovers_nothing(
    forgetful: Restored, what: str
) -> None:
    """A line that its key did not sign brings nothing back."""
    lines = [json.loads(line) for line in forgetful.file.read_text().splitlines()]
    _falsify(lines, what)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    forgetful.file.write_text(text)

    ran = forgetful("log", "recover", "--from", forgetful.archive)

    assert (ran.code, ran.out, len(ran.sentences)) == (1, "", 1)
    assert forgetful.site.count("SELECT count(*) FROM statements") == 0


def _falsify(lines: list[dict[str, Any]], what: str) -> None:
    """Change the last line of a checkpoint file."""
    last = lines[-1]
    if what == "note":
        other = Ed25519PrivateKey.generate().sign(b"")
        head, _, _ = last["note"].rpartition(" ")
        last["note"] = f"{head} {other.hex()[:96]}\n"
    elif what == "leaf":
        last["added"][-1]["leaf"] = "0" * 64
    else:
        last["size"] += 1


def test_database_that_went_on_without_its_log_is_held(forgetful: Restored) -> None:
    """Two histories under one name: nothing starts, and both are kept."""
    site = forgetful.site
    # Without the file nobody sees that it was a backup.
    site.run_until_over(2, ERASURE_CHECKPOINT_FILE="")

    refused, said = forgetful.run()
    recovering = forgetful("log", "recover", "--from", forgetful.archive)

    assert refused == 2
    assert "CONTRADICT" in said
    assert (recovering.code, "CONTRADICT" in recovering.err) == (1, True)
    assert forgetful("log", "check").code == 1
