"""Numbers of records as a statement tells them: blurred where they are small."""

from __future__ import annotations

from typing import Literal

CountBucket = Literal["1", "2-5", "6-20", "21-100", ">100"]


def count_bucket(count: int) -> CountBucket | None:
    """Blur a small count, which could point at one person; None for none at all."""
    bounds: tuple[tuple[int, CountBucket], ...] = (
        (1, "1"),
        (5, "2-5"),
        (20, "6-20"),
        (100, "21-100"),
    )
    if count < 1:
        return None
    return next((bucket for most, bucket in bounds if count <= most), ">100")
