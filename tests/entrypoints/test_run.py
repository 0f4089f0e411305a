"""`erasure run`: one on the embedded log, ended by signals, started if all is well."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from orchestrator.adapters.single_run import only_run
from orchestrator.errors import SetUpError
from tests.support.finished import a_request_file, has_said, running, until
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE
from tests.support.people import Human


@pytest.mark.parametrize("signal", [SIGTERM, SIGINT])
def test_signal_ends_the_process_in_order(
    installation: AnInstallation, signal: Signals
) -> None:
    """It says that it stops and exits 0, whatever the accounts do."""
    installation.a_case(Human(1))

    with running(installation) as process:
        process.send_signal(signal)
        code = process.wait(PATIENCE)

    assert code == 0
    assert has_said(installation, "process_stopping")
    log = (installation.folder / "process.log").read_text()
    assert "Traceback" not in log


def test_second_run_is_refused(installation: AnInstallation) -> None:
    """The embedded log allows one process; the other one goes on."""
    with running(installation) as process:
        second = installation("run")

        assert process.poll() is None
    assert (second.code, second.out, len(second.sentences)) == (2, "", 1)
    assert second.err.startswith("Another `erasure run` works on ")


def test_run_says_what_it_should_not_do_in_earnest(
    installation: AnInstallation,
) -> None:
    """Whoever reads the log learns that anybody could be erased."""
    installation.env["ERASURE_UNSIGNED_REQUESTS"] = "take"

    with running(installation):
        pass

    assert has_said(installation, "unsigned_requests_taken")


def test_killed_run_leaves_no_lock(installation: AnInstallation) -> None:
    """The kernel lets go of the lock: the next run starts."""
    with running(installation) as process:
        process.kill()
        process.wait(PATIENCE)

    with only_run(installation.parts.database):
        pass


def test_other_commands_work_beside_a_run(
    installation: AnInstallation, tmp_path: Path
) -> None:
    """A request that another process publishes is taken within moments."""
    file = a_request_file(tmp_path, Human(1))

    with running(installation) as process:
        published = installation("request", "publish", file)
        until(
            lambda: bool(installation("case", "list", "--json").data),
            installation,
            process,
        )

    assert published.code == 0


@pytest.mark.parametrize(
    ("words", "start"),
    [
        pytest.param(["--only", "work"], "The embedded log allows one", id="only"),
        pytest.param(["--account", "hubspot"], "The embedded log allows", id="account"),
        pytest.param(["--only", "wrok"], "There is no stage wrok;", id="stranger"),
    ],
)
def test_embedded_run_is_whole(
    installation: AnInstallation, words: Sequence[str], start: str
) -> None:
    """Parts of a process need Kafka and PostgreSQL."""
    ran = installation("run", *words)

    assert (ran.code, ran.out, len(ran.sentences)) == (2, "", 1)
    assert ran.err.startswith(start)


def test_failure_ends_the_process_with_its_sentence(
    installation: AnInstallation,
) -> None:
    """A damaged table is said in a sentence; the exit code is not 0."""
    with installation.parts.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")

    ran = subprocess.run(
        installation.command("run"),
        env=installation.process_env,
        cwd=installation.folder,
        capture_output=True,
        timeout=PATIENCE,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        "The database has no tables of ours; run `erasure db upgrade`."
    )
    assert "Traceback" not in ran.stderr


def test_lock_is_one_of_the_database(tmp_path: Path) -> None:
    """Two installations beside each other do not disturb one another."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = AnInstallation(tmp_path / "a"), AnInstallation(tmp_path / "b")

    with (
        only_run(one.parts.database),
        only_run(other.parts.database),
        pytest.raises(SetUpError, match="works on"),
        only_run(one.parts.database),
    ):
        pytest.fail("The lock was given twice.")

    one.close()
    other.close()
