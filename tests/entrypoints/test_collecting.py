"""How often a process that runs stages looks for garbage."""

from __future__ import annotations

import gc

from orchestrator.entrypoints.collecting import ALLOCATIONS, collect_seldom


def test_process_that_runs_looks_for_garbage_seldom() -> None:
    """What is there already is left alone, and the rest looked through rarely."""
    before = gc.get_threshold()
    try:
        collect_seldom()

        assert gc.get_threshold() == (ALLOCATIONS, *before[1:])
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
