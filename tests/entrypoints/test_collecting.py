"""How often a process that runs stages looks for garbage."""

from __future__ import annotations

import gc

from orchestrator.entrypoints.collecting import ALLOCATIONS, collect_seldom


def test_process_that_runs_looks_for_garbage_seldom() -> None:
    """New objects are looked through once in ten thousand, not seven hundred."""
    before = gc.get_threshold()
    try:
        collect_seldom()

        assert gc.get_threshold() == (ALLOCATIONS, *before[1:])
    finally:
        gc.set_threshold(*before)
