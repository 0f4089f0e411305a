"""Our own restored backup: found out at start, and nobody is answered twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from orchestrator.adapters.receipts.statement_log import Adopting
from orchestrator.errors import Unavailable
from tests.support.people import Human, a_submission, held_of, humans
from tests.support.postgres import drop_database
from tests.support.restored import MOMENTS, Restored
from tests.support.site import Backend, Site
from tests.support.site_fixtures import NewSite


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
    has_file = request.param != "with_open_cases"
    moment = MOMENTS[request.param]
    return Restored(new_site(embedded), people, moment, has_file=has_file)


@pytest.fixture
def served(
    distributed: Backend, new_site: NewSite, people: list[Human]
) -> Iterator[Restored]:
    """Lend one on PostgreSQL with no checkpoint file: only the topic knows."""
    made = Restored(
        new_site(distributed), people, MOMENTS["with_open_cases"], has_file=False
    )
    yield made
    made.site.leave_database()
    drop_database(made.site.backend.database_url)


def test_restored_backup_answers_nobody_twice(restored: Restored) -> None:
    """It holds what cannot be undone until the archive gave back the answers."""
    _is_held_until_recovered(restored, "--from", restored.archive)


@pytest.mark.postgres
@pytest.mark.kafka
def test_restored_backup_is_found_out_by_the_topic(served: Restored) -> None:
    """No checkpoint file and no archive: Kafka keeps the heads and the receipts."""
    _is_held_until_recovered(served)


def _is_held_until_recovered(restored: Restored, *args: object) -> None:
    """Run on the backup, let a third person ask, recover, and see all end well."""
    site = restored.site
    before = site.count("SELECT count(*) FROM statements")

    running = site.start(LOOKS_BACK="1")
    site.publish(a_submission(restored.people[2]))
    site.wait(restored.searches_are_over)
    status = restored("status", "--json")
    checked = restored("config", "check")
    held = (restored.erased_since(), site.count("SELECT count(*) FROM statements"))
    recovered = restored("log", "recover", *args, "--json")
    site.wait_until_over(_known_cases(site))

    assert held == ({0}, before)
    assert (status.code, status.data["log_standing"]) == (1, "behind")
    assert status.data["is_held"]
    assert (checked.code, "restored from a backup" in checked.err) == (2, True)
    assert "restored from a backup" in status.err
    assert (recovered.code, recovered.data["statements"]) == (0, 2)
    assert recovered.data["answered"] + recovered.data["unknown"] == 2
    assert running.stop() == 0
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
    after = restored("status", "--json")
    assert (after.code, after.data["log_standing"]) == (0, _standing_of(restored))
    assert {"restored_backup_held", "restore_hold_ended"} <= restored.told_since()


def _standing_of(restored: Restored) -> str:
    """Return what a whole log is to a look that does not read the topic."""
    return "even" if restored.file.exists() else "unknown"


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
