"""Who owns an account: leases with an epoch, pauses, windows, on both databases."""

from __future__ import annotations

from dataclasses import fields

import pytest

from orchestrator.core.words import AccountId
from tests.contracts.stored import LEASE, OTHER, OWNER, Stored
from tests.core.builders import CRM, MAIL, MINUTE, SECOND, SHOP, T0

OVER = T0 + LEASE + SECOND  # when a lease that was taken at T0 has ended
EVERY = (CRM, MAIL, SHOP)


def test_registered_account_is_free_and_awake(stored: Stored) -> None:
    """It has its row in the order of ids, no owner, no pause, and epoch 0."""
    stored.claims.register([MAIL, CRM])

    rows = stored.claims.accounts()

    assert [(row.id, row.epoch) for row in rows] == [(CRM, 0), (MAIL, 0)]
    empty = {field.name for field in fields(rows[0])} - {"id", "epoch"}
    assert {getattr(row, name) for row in rows for name in empty} == {None}


def test_registering_again_changes_nothing(stored: Stored) -> None:
    """A process that starts does not take an account from its owner."""
    stored.own(MAIL)
    before = stored.claims.accounts()

    stored.claims.register([MAIL])

    assert stored.claims.accounts() == before


def test_every_acquisition_raises_the_epoch(stored: Stored) -> None:
    """A free account is taken, again after it was released, each time one higher."""
    first = stored.own(MAIL)
    stored.claims.release(first, OWNER)

    second = stored.claims.acquire([MAIL], OTHER, T0, T0 + LEASE)

    assert (first, second) == ({MAIL: 1}, {MAIL: 2})
    (row,) = stored.claims.accounts()
    assert (row.owner, row.epoch, row.lease_until) == (OTHER, 2, T0 + LEASE)


def test_own_account_is_acquired_again(stored: Stored) -> None:
    """An owner that never heard of its acquisition's commit asks again, one higher."""
    stored.own(MAIL)

    assert stored.claims.acquire([MAIL], OWNER, T0, T0 + LEASE) == {MAIL: 2}


def test_account_of_another_is_not_taken(stored: Stored) -> None:
    """While the lease runs, to its last moment, others get only what is free."""
    stored.own(MAIL)
    stored.claims.register([CRM])

    for now in (T0, T0 + LEASE):
        taken = stored.claims.acquire([MAIL, CRM], OTHER, now, now + LEASE)
        assert set(taken) == {CRM}


def test_ended_lease_is_taken(stored: Stored) -> None:
    """After it, whoever asks first has the account under a new epoch."""
    stored.own(MAIL)

    taken = stored.claims.acquire([MAIL], OTHER, OVER, OVER + LEASE)
    too_late = stored.claims.acquire([MAIL], "worker-3", OVER, OVER + LEASE)

    assert (taken, too_late) == ({MAIL: 2}, {})


def test_lease_is_taken_by_force(stored: Stored) -> None:
    """The only process there can be takes what a dead one left."""
    stored.own(MAIL)

    taken = stored.claims.acquire([MAIL], OTHER, T0, T0 + LEASE, by_force=True)

    assert taken == {MAIL: 2}


def test_only_what_is_asked_for_is_acquired(stored: Stored) -> None:
    """An account of nobody's asking stays free; one that is unknown is not made up."""
    stored.claims.register(EVERY)

    taken = stored.claims.acquire([MAIL, AccountId("never")], OWNER, T0, T0 + LEASE)

    assert taken == {MAIL: 1}
    assert [row.owner for row in stored.claims.accounts()] == [None, OWNER, None]


def test_owner_prolongs_its_lease(stored: Stored) -> None:
    """Then it cannot be taken when it would have ended."""
    held = stored.own(MAIL, CRM)

    kept = stored.claims.renew({MAIL: held[MAIL]}, OWNER, OVER + MINUTE)

    assert kept == {MAIL}
    taken = stored.claims.acquire([MAIL, CRM], OTHER, OVER, OVER + LEASE)
    assert set(taken) == {CRM}


def test_late_owner_keeps_what_nobody_took(stored: Stored) -> None:
    """A lease that has ended is still the owner's until another has it."""
    held = stored.own(MAIL)

    assert stored.claims.renew(held, OWNER, OVER + LEASE) == {MAIL}


@pytest.mark.parametrize(
    ("owner", "epoch"),
    [
        pytest.param(OWNER, 1, id="ended_ownership"),
        pytest.param(OTHER, 1, id="epoch_of_another"),
        pytest.param(OWNER, 2, id="name_of_another"),
    ],
)
def test_stranger_neither_renews_nor_releases(
    stored: Stored, owner: str, epoch: int
) -> None:
    """Both the name and the epoch must be those of the ownership that runs."""
    stored.own(MAIL)
    stored.claims.acquire([MAIL], OTHER, OVER, OVER + LEASE)
    before = stored.claims.accounts()

    kept = stored.claims.renew({MAIL: epoch}, owner, OVER + 9 * MINUTE)
    stored.claims.release({MAIL: epoch}, owner)

    assert kept == frozenset()
    assert stored.claims.accounts() == before


# --- pauses, windows, pings -----------------------------------------------------------


def test_first_reason_of_a_pause_stays(stored: Stored) -> None:
    """Who pauses a paused account is told that it was, and changes nothing."""
    stored.claims.register([MAIL])

    first = stored.claims.pause(MAIL, "credentials_refused", "work", T0)
    second = stored.claims.pause(MAIL, "by_hand", "dpo", T0 + MINUTE)

    assert (first, second) == (True, False)
    (row,) = stored.claims.accounts()
    said = (row.paused_reason, row.paused_by, row.paused_at)
    assert said == ("credentials_refused", "work", T0)


def test_account_goes_on_once(stored: Stored) -> None:
    """Resuming tells whether there was a pause, and leaves no trace of it."""
    stored.claims.register([MAIL, CRM])
    stored.claims.pause(MAIL, "by_hand", "dpo", T0)

    assert stored.claims.resume(MAIL)
    assert not stored.claims.resume(MAIL)
    assert {row.paused_reason for row in stored.claims.accounts()} == {None}
    assert {row.paused_at for row in stored.claims.accounts()} == {None}


def test_windows_are_kept_by_account(stored: Stored) -> None:
    """The windows of the accounts named, and no others."""
    stored.claims.register(EVERY)

    stored.claims.save_windows({MAIL: "[1]", SHOP: "[2]"}, T0)
    stored.claims.save_windows({MAIL: "[3]"}, T0 + SECOND)
    stored.claims.save_windows({}, T0 + MINUTE)

    kept = {row.id: (row.windows, row.windows_at) for row in stored.claims.accounts()}
    assert kept == {
        CRM: (None, None),
        MAIL: ("[3]", T0 + SECOND),
        SHOP: ("[2]", T0),
    }


def test_ping_is_remembered(stored: Stored) -> None:
    """What the processor last called the account, and when."""
    stored.claims.register([MAIL, CRM])

    stored.claims.note_ping(MAIL, "portal 1", T0)
    stored.claims.note_ping(MAIL, "portal ü", T0 + SECOND)

    crm, mail = stored.claims.accounts()
    assert (mail.installation, mail.pinged_at) == ("portal ü", T0 + SECOND)
    assert (crm.installation, crm.pinged_at) == (None, None)
