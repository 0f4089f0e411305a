"""What fails outside of the demo's own process is told at once, by the main thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.entrypoints.demo.elsewhere import Elsewhere
from orchestrator.entrypoints.demo.folder import make_folder
from orchestrator.entrypoints.demo.office import Office
from orchestrator.errors import NotPossible
from tests.support.demo_evidence import the_systems
from tests.support.installation import AnInstallation
from tests.support.patience import PATIENCE


class OfficeThatCannotDecide(Office):
    """An office whose decision does not fit."""

    def turn(self) -> None:
        """Decide what cannot be decided."""
        raise NotPossible("It is too late to refuse.")


def test_failed_decision_ends_the_demo_at_once(
    tmp_path: Path, installation: AnInstallation
) -> None:
    """Nobody waits for answers that cannot come; the reason is raised at the end."""
    parts, systems = installation.parts, the_systems()
    folder = make_folder(tmp_path / "demo-out")
    office = OfficeThatCannotDecide(parts, systems, folder, {})
    given_up = threading.Event()
    elsewhere = Elsewhere(parts, systems, folder, office, given_up.set)

    elsewhere.start()

    assert given_up.wait(PATIENCE)
    with pytest.raises(NotPossible, match="too late"):
        elsewhere.stop()
