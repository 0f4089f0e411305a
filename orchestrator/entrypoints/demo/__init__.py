"""`erasure demo`: the whole system in one process, on the embedded log and fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["run_demo"]


def run_demo(
    folder: Path | None = None,
    *,
    everything: bool = False,
    prepare: Callable[[Mapping[str, Any]], None] | None = None,
    patience: float = 180.0,
) -> int:
    """
    Run the demo and return its exit status: 0 only if all that it claims was true.

    Everything it leaves lies in *folder* (`./demo-out` without one), which is made
    anew on each run.  Four systems take part, or with *everything* one at least for
    each connector there is.  *prepare* may change the fakes before they serve, so that
    a test can see the demo fail.  It waits *patience* seconds for the answers.  Raises
    `SetUpError` if it cannot start; ends with 130 when interrupted.
    """
    # The fakes are loaded by nobody who does not ask for them.
    from orchestrator.entrypoints.demo.show import show  # noqa: PLC0415
    from orchestrator.entrypoints.demo.systems import ALL, FOUR  # noqa: PLC0415

    return show(folder, ALL if everything else FOUR, prepare, patience)
