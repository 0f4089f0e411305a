"""The data protection officer's key: made, kept by them, and used to unlock a case."""

from __future__ import annotations

import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.words import CaseId
from tests.support.clock import FrozenClock
from tests.support.installation import AnInstallation
from tests.support.people import Human

ADA = Human(1)
_KEY_LINE = re.compile(r'^dpo_key = "[^"]+"$', re.MULTILINE)


@pytest.fixture
def officer(installation: AnInstallation) -> Path:
    """Make the officer's pair, write its public half into the register."""
    path = installation.folder / "officer.pem"
    made = installation("keys", "dpo", "--to", path)
    (line,) = _KEY_LINE.findall(made.out)
    text = _KEY_LINE.sub(line, installation.register.read_text())
    installation.register.write_text(text)
    return path


@pytest.fixture
def locked(installation: AnInstallation, officer: Path) -> CaseId:
    """Open a case and let it be stuck beyond its time; *officer* has the key."""
    assert officer.exists()
    case = installation.a_case(ADA, "erasure")
    due_at = Queries(installation.parts.database).case_now(case).due_at
    later = FrozenClock(due_at + timedelta(days=14))
    parts = Installation(installation.parts.settings, later)
    parts.lock().all(later.now())
    parts.close()
    return case


def test_officers_file_is_theirs_alone_and_never_overwritten(
    installation: AnInstallation, officer: Path
) -> None:
    """Mode 0600, and a second pair needs another file."""
    content = officer.read_bytes()

    again = installation("keys", "dpo", "--to", officer)

    assert stat.S_IMODE(officer.stat().st_mode) == 0o600
    assert again.code != 0
    assert "there already" in again.err
    assert officer.read_bytes() == content


def test_controller_without_a_key_is_warned_of_and_nothing_is_wrong(
    installation: AnInstallation,
) -> None:
    """`config check` says what it means for stuck cases; the set-up works."""
    text = _KEY_LINE.sub("", installation.register.read_text())
    installation.register.write_text(text)

    ran = installation("config", "check")

    assert ran.code == 0
    assert "dpo_key: without it" in ran.err


def test_locked_case_shows_it_and_its_tasks_say_who_can_help(
    installation: AnInstallation, locked: CaseId
) -> None:
    """`case show`, `status`, the task and the inventory agree."""
    shown = installation("case", "show", locked, "--json").data
    status = installation("status", "--json").data
    retried = installation("task", "retry", f"{locked}.hubspot.locate", "--by", "d-1")
    held = installation("privacy", "inventory").out

    assert shown["locked_at"]
    assert "identity_locked" in {task["reason"] for task in shown["tasks"]}
    assert (status["locked_cases"], status["overdue_identifiers"]) == (1, 0)
    assert "erasure case unlock" in retried.err
    assert "identifiers and references of stuck cases" in held


def test_officer_lets_a_case_go_on_and_the_history_says_so(
    installation: AnInstallation, officer: Path, locked: CaseId
) -> None:
    """For a time, with the name of who did it; the file stays where it is."""
    ran = installation(
        "case", "unlock", locked, "--key", officer, "--for", "3d", "--by", "dpo-1"
    )
    shown = installation("case", "show", locked, "--json").data

    assert (ran.code, shown["locked_at"]) == (0, None)
    assert shown["history"][-1]["event"] == "IdentityUnlocked"
    assert shown["history"][-1]["by"] == "dpo-1"
    opened = installation.parts.vault.open([locked], "identity")
    values = b"".join(opened.named(locked, "").values()).decode()
    assert ADA.traits["email"] in values


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        pytest.param(("--for", "90d"), "31 days at most", id="too long"),
        pytest.param(("--for", "soon"), "--for: soon", id="no duration"),
        pytest.param(("--key", "/nowhere"), "is missing", id="no file"),
    ],
)
def test_unlocking_that_does_not_fit_is_refused_with_a_sentence(
    installation: AnInstallation,
    officer: Path,
    locked: CaseId,
    args: tuple[str, str],
    sentence: str,
) -> None:
    """Nothing changes, and whoever tries learns why."""
    given = {"--key": str(officer), "--by": "dpo-1"} | dict([args])
    flat = [word for pair in given.items() for word in pair]

    ran = installation("case", "unlock", locked, *flat)

    assert ran.code != 0
    assert sentence in ran.err
    assert installation("case", "show", locked, "--json").data["locked_at"]


def test_another_officers_key_opens_nothing(
    installation: AnInstallation, locked: CaseId
) -> None:
    """A sentence, not a traceback."""
    other = installation.folder / "other.pem"
    installation("keys", "dpo", "--to", other)

    ran = installation("case", "unlock", locked, "--key", other, "--by", "dpo-1")

    assert ran.code != 0
    assert "does not open the case" in ran.err
