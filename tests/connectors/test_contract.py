"""The acceptance suite finds the defects it is there to find."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors import broken_connectors

FILE = Path(broken_connectors.__file__)
BROKEN = {
    name: value.caught_by
    for name, value in vars(broken_connectors).items()
    if name.startswith("Test")
}


@pytest.fixture(scope="module")
def failed() -> set[tuple[str, str]]:
    """Run for each broken connector the check that must find it."""
    nodes = [f"{FILE}::{name}::{check}" for name, check in BROKEN.items()]
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", *nodes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = re.findall(
        r"^(?:FAILED|ERROR) \S+::(\w+)::(\S+)", done.stdout, re.MULTILINE
    )
    return set(lines)


@pytest.mark.parametrize("broken", BROKEN)
def test_defect_is_found(broken: str, failed: set[tuple[str, str]]) -> None:
    """The check that exists for a defect fails on a connector that has it."""
    assert (broken, BROKEN[broken]) in failed
