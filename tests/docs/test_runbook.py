"""docs/runbook.md knows every code, field and log line that an operator may meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from connectors.registry import names
from orchestrator.adapters.reading.views import Status
from orchestrator.core.decide import CLOSE_REASONS
from orchestrator.stages.work.pausing import OUR_PAUSES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
# Codes that one connector alone makes may be explained in its own page.
EVERYWHERE = "\n".join(
    [
        TEXT,
        *(
            path.read_text(encoding="utf-8")
            for path in sorted((ROOT / "docs" / "connectors").glob("*.md"))
        ),
    ]
)
SHELL = ("answer", "base", "signed", "transport", "verdicts")
SOURCES = [
    *sorted((ROOT / "orchestrator").rglob("*.py")),
    *(
        path
        for path in sorted((ROOT / "connectors").rglob("*.py"))
        if str(path.relative_to(ROOT / "connectors")).startswith((*SHELL, *names()))
    ),
]
# Where a code stands among the arguments of what carries it to a task or a receipt.
CARRIERS = {
    "needs_human": 1,
    "NeedsHuman": 0,
    "Failed": 0,
    "NotApplicable": 0,
    "NotTold": 0,
    "left_out": 1,
    "Setback": 0,
    "wait": 3,
    "Retry": 0,
    "TryLater": 0,
    "Again": 0,
    "AnswerLost": 0,
    "Unknown": 0,
    "CheckFailed": 0,
    "NoAnswer": 1,
}


def codes_of(source: str) -> Iterator[str]:
    """Yield each code that the source hands to a task."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        place = CARRIERS.get(getattr(node.func, "id", ""))
        if place is None or len(node.args) <= place:
            continue
        match node.args[place]:
            case ast.Constant(value=str() as code):
                yield code
            case ast.JoinedStr(values=[ast.Constant(value=str() as start), *_]):
                yield start + "{"
            case _:
                pass


ALL_CODES = sorted(
    {code for path in SOURCES for code in codes_of(path.read_text(encoding="utf-8"))}
)


@pytest.mark.parametrize("code", ALL_CODES)
def test_every_code_of_a_task_is_explained(code: str) -> None:
    """An operator who meets a code finds it in the runbook."""
    assert f"`{code}" in EVERYWHERE


def test_codes_are_found() -> None:
    """The test above sees codes of the core, of connectors and made ones."""
    assert {"ambiguous", "job_cancelled", "refused_{", "settling"} <= {*ALL_CODES}
    assert len(ALL_CODES) > 40


def test_every_explained_code_exists() -> None:
    """The runbook's tables explain nothing that no longer happens."""
    tables = TEXT[TEXT.index("## Why a task needs") : TEXT.index("## The quarantine")]
    cells = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", tables, re.MULTILINE)
    explained = {code for cell in cells for code in re.findall(r"\w+", cell)}
    explained -= {"status"}  # of `refused_{status}`
    known = {code.rstrip("{") for code in ALL_CODES}

    assert explained - known == set()


def test_every_reason_to_close_or_pause_is_told() -> None:
    """What the commands take and what accounts are paused for is listed."""
    for word in CLOSE_REASONS | OUR_PAUSES:
        assert f"`{word}`" in TEXT


def test_alarms_watch_fields_that_exist() -> None:
    """Each field to poll is one of `erasure status --json`."""
    table = TEXT[TEXT.index("## Alarms") : TEXT.index("Log lines (fixed words")]
    watched = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))

    assert watched
    assert watched <= {field.name for field in fields(Status)}


def test_log_lines_to_watch_exist() -> None:
    """An alarm on a word that nobody logs would never ring."""
    block = re.search(r"Log lines \(fixed words.*?\n\n", TEXT, re.DOTALL)
    assert block is not None
    words = set(re.findall(r"`(\w+)`", block[0])) - {"event"}
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)

    assert words
    assert {word for word in words if f'"{word}"' not in source} == set()


def test_every_error_in_the_log_is_told() -> None:
    """A line of level error is worth an alarm, so an operator can look it up."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    told = re.findall(r"log\(?\)?\.error\(\s*\"([a-z_]+)\"", source)

    assert len(told) > 5
    assert {word for word in told if f"`{word}`" not in TEXT} == set()
