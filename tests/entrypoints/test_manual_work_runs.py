"""Manual work beside a running process, and where an attestation may die."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from orchestrator.core.words import CaseId
from tests.entrypoints.desk_fixtures import desk, installation
from tests.support.desk import ADA, Desk
from tests.support.finished import running, until
from tests.support.installation import AnInstallation

__all__ = ["desk", "installation"]

_MAIN = """
import os
from tests.support.moments import arm
from orchestrator.entrypoints.cli import main
arm(os.environ.pop("KILL_AT"))
main()
"""
BEFORE = "before commit: INSERT INTO data_keys #1"
SEALED = "after commit: INSERT INTO chunks #1"
AFTER = "after commit: INSERT INTO data_keys #1"


def _status(installation: AnInstallation, task: str) -> object:
    return installation("task", "show", task, "--json").data["status"]


def _attest(installation: AnInstallation, task: str, *args: object) -> None:
    """Attest as returns-team; must be taken."""
    file = installation.folder / "proof.txt"
    file.write_text(f"Deleted for {ADA.email}.", encoding="utf-8")
    ran = installation(
        *("task", "attest", task, "--by", "returns-team", "--evidence", file, *args)
    )
    assert ran.code == 0, ran.err


def _told(installation: AnInstallation) -> str:
    """Return all that the process logged."""
    return (installation.folder / "process.log").read_text(encoding="utf-8")


def test_case_of_manual_work_is_answered(installation: AnInstallation) -> None:
    """The worker hands over, people attest, the receipt says so; no log names Ada."""
    case: CaseId = installation.a_case(ADA, "access", "erasure")
    copy = installation.folder / "copy.csv"
    copy.write_text(f"email\n{ADA.email}\n", encoding="utf-8")
    export, erasure = f"{case}.desk.export", f"{case}.desk.erase"

    def is_answered() -> bool:
        shown = installation("case", "show", case, "--json").data
        return bool(shown["status"] == "answered")

    with running(installation) as process:
        for task, more in ((export, ("--copy", copy)), (erasure, ())):

            def is_with_person(task: str = task) -> bool:
                return _status(installation, task) == "with_person"

            until(is_with_person, installation, process)
            brief = installation("task", "brief", task, "--by", "returns-team")
            assert ADA.email in brief.out
            assert ADA.email not in brief.err
            _attest(installation, task, *more)
        until(is_answered, installation, process)

    (receipt,) = installation("receipt", "list", "--json").data
    said = installation("receipt", "show", receipt["id"], "--json").data["statement"]
    lines = {line["action"]: line for line in said["lines"]}
    assert (lines["erase"]["outcome"], lines["erase"]["evidence"]) == ("done", "M")
    assert lines["export"]["outcome"] == "exported"
    assert lines["export"]["evidence_sha256"] == lines["erase"]["evidence_sha256"]
    assert said["result"] == "complete"
    for trait in ADA.traits.values():
        assert trait not in _told(installation) + json.dumps(said)


@pytest.mark.parametrize(
    ("moment", "is_taken"),
    [
        pytest.param(SEALED, False, id="sealed evidence, no key"),
        pytest.param(BEFORE, False, id="before the commit"),
        pytest.param(AFTER, True, id="after the commit"),
    ],
)
def test_attestation_dies_whole_or_not_at_all(
    desk: Desk,
    moment: str,
    is_taken: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """A word without its evidence, or evidence without its word, never stays."""
    installation = desk.installation
    words = ("attest", desk.task, "--by", "returns-team", "--evidence", str(desk.file))

    died = subprocess.run(
        [sys.executable, "-c", _MAIN, "task", *words],
        env={**installation.process_env, "KILL_AT": moment},
        capture_output=True,
        check=False,
        cwd=installation.folder,
    )

    assert died.returncode == -SIGKILL, died.stderr.decode()
    assert len(desk("evidence", "--json").data) == is_taken
    assert desk.shown()["status"] == ("settled" if is_taken else "with_person")
    if not is_taken:
        _attest(installation, desk.task)
    _is_readable_once(desk, unfinished=not is_taken)


def _is_readable_once(desk: Desk, *, unfinished: bool) -> None:
    """Check that one file of evidence opens, and that the sweep drops the other."""
    parts, out = desk.installation.parts, Path(desk.installation.folder, "out.txt")
    (_,) = desk("evidence", "--json").data
    assert desk("evidence", "--out", out, "--by", "dpo-2").code == 0
    assert out.read_bytes() == desk.file.read_bytes()
    later = parts.clock.now() + timedelta(days=3)
    assert parts.artifacts.drop_unfinished(later) == unfinished
    assert len(desk("evidence", "--json").data) == 1
