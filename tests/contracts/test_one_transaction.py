"""What a thread begins within a writing transaction of its own is part of that one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.stored import Stored
from tests.core.builders import MAIL, T0


class _ChangedItsMindError(Exception):
    """Ends a transaction that has written something."""


def _is_paused(stored: Stored) -> bool:
    (account,) = stored.claims.accounts()
    return account.paused_reason is not None


def _pause_in_vain(stored: Stored) -> None:
    with stored.store.transaction():
        stored.claims.pause(MAIL, "by_hand", "anna", T0)
        raise _ChangedItsMindError


def test_inner_transaction_sees_and_joins_the_outer_one(stored: Stored) -> None:
    """It reads what is not committed yet, and is committed with it."""
    stored.own(MAIL)

    with stored.store.transaction():
        stored.claims.pause(MAIL, "by_hand", "anna", T0)
        seen_inside = _is_paused(stored)
        with ThreadPoolExecutor(1) as threads:
            seen_outside = threads.submit(_is_paused, stored).result()

    assert (seen_inside, seen_outside, _is_paused(stored)) == (True, False, True)


def test_inner_transaction_is_undone_with_the_outer_one(stored: Stored) -> None:
    """Nothing of it stays once the outer one fails, however well it went itself."""
    stored.own(MAIL)

    with pytest.raises(_ChangedItsMindError):
        _pause_in_vain(stored)

    assert not _is_paused(stored)
    assert stored.claims.pause(MAIL, "by_hand", "anna", T0)
    assert _is_paused(stored)
