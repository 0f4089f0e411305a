"""Whether the times of a receipt follow one another, for tests."""

from __future__ import annotations

from datetime import timedelta

from schemas.receipts import Receipt

CLAIM_TAKES = timedelta(seconds=1)
"""How long ago the time was read that a claim is stamped with."""


def check_times(receipt: Receipt) -> None:
    """Check that nothing is printed as earlier than what came before it."""
    times = receipt.times
    asked = [line.asked_at for line in receipt.lines if line.asked_at]
    over = [line.settled_at for line in receipt.lines if line.settled_at]
    assert all(times.opened_at <= at <= times.signed_at for at in (*asked, *over))
    assert times.first_instruction_at == min(asked, default=None)
    assert times.opened_at <= (times.withdrawn_at or times.signed_at) <= times.signed_at
    assert (times.answered_at or times.signed_at) <= times.signed_at
    for line in receipt.lines:
        assert not (line.asked_at and line.settled_at) or (
            line.asked_at <= line.settled_at
        )
