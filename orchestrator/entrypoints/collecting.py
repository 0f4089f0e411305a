"""
How often Python looks for cycles of garbage: seldom, in a process that runs stages.

Values here are frozen and point one way, so next to nothing of ours is a cycle; but
thousands of remembered documents are many objects to look through, and a collection
each 700 new ones took an eighth of a busy process's time.
"""

from __future__ import annotations

import gc

ALLOCATIONS = 10_000  # new objects until Python looks; its own number is 700


def collect_seldom() -> None:
    """Look for garbage seldom, from now on."""
    _, middle, oldest = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, middle, oldest)
