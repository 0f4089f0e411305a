"""The simulation can fail: each broken twin of the core is caught by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.core.simulating import first_broken, run
from tests.core.twins import TWINS, Twin

MOST_RUNS = 400


@contextmanager
def in_place_of_the_core(twin: Twin) -> Iterator[None]:
    """Let the core bend the twin's rule while the block runs."""
    right = getattr(twin.module, twin.name)
    setattr(twin.module, twin.name, twin.broken)
    try:
        yield
    finally:
        setattr(twin.module, twin.name, right)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.rule)
def test_broken_twin_is_caught(twin: Twin) -> None:
    """Some run of a few hundred breaks an invariant, which the core itself keeps."""
    with in_place_of_the_core(twin):
        _, broken = first_broken(range(MOST_RUNS))

    assert broken is not None, f"nobody noticed: {twin.rule}"
    # A twin that merely falls over bends no rule.
    assert "AssertionError" in broken.seen.splitlines()[-1], broken.seen
    assert run(broken.seed) is None


def test_the_core_itself_passes_the_same_runs() -> None:
    """What catches the twins finds nothing to say against the core."""
    assert first_broken(range(60)) == (60, None)
