"""Installations that the command is tried on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import AnInstallation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation on SQLite whose accounts nobody answers for."""
    made = AnInstallation(tmp_path)
    yield made
    made.close()
