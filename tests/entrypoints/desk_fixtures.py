"""Desks to lend to tests: an erasure and a copy that are with a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import REGISTER, Desk
from tests.support.installation import AnInstallation
from tests.support.site_register import RegisterText


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[AnInstallation]:
    """Lend an installation whose one account is a desk."""
    register = RegisterText(accounts=(), more=REGISTER)
    made = AnInstallation(tmp_path, register=register)
    yield made
    made.close()


@pytest.fixture
def desk(installation: AnInstallation) -> Desk:
    """Lend an erasure that is with a person."""
    return Desk(installation)


@pytest.fixture
def copying(installation: AnInstallation) -> Desk:
    """Lend a copy that is with a person."""
    return Desk(installation, "access")
