"""What identifies the people of stuck cases goes out of our own reach, and back."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import SecretBytes
from sqlalchemy import select

from connectors.signed.sealing import seal, unseal
from orchestrator.adapters.reading.inventory import Holding, Periods, SqlInventory
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.locked_keys import LockedKeyError, SqlLockedKeys
from orchestrator.core.answer.dossier import FROM_PORTAL, dump_identifiers
from orchestrator.core.events import PersonClosed
from orchestrator.core.keyed import IdentityLocked, IdentityUnlocked
from orchestrator.core.ruling.locking import locks_at
from orchestrator.engine import Step
from orchestrator.ports import DestroyKey
from orchestrator.stages.lock import Lock
from schemas.connecting import EMAIL, Identifier, Mode
from tests.core.builders import (
    CASE,
    DAY,
    T0,
    a_plan,
    an_account,
    an_opening,
    signed,
)
from tests.stages.an_office import Office

ADA = dump_identifiers([Identifier(EMAIL, "ada@example.com")])
OFFICER, STRANGER = X25519PrivateKey.generate(), X25519PrivateKey.generate()
MARGIN = timedelta(days=14)
PERIODS = Periods(
    quarantine_days=30,
    sent_days=30,
    tombstones_days=90,
    case_years=3,
    statistics_years=5,
)


def raw(key: X25519PrivateKey) -> tuple[bytes, bytes]:
    """Return the raw halves of a pair."""
    return key.private_bytes_raw(), key.public_key().public_bytes_raw()


def keys_of(office: Office, *, known: bool = True) -> SqlLockedKeys:
    """Return the keys that officers hold; no officer is *known* at times."""
    public = base64.b64encode(raw(OFFICER)[1]).decode()
    officers = {"maison": public} if known else {}
    cipher = Cipher(SecretBytes(bytes(32)))
    return SqlLockedKeys(office.database, cipher, lambda: officers, seal, unseal)


def lock(office: Office, *, known: bool = True) -> int:
    """Lock what is over, as `sweep` does."""
    keys = keys_of(office, known=known)
    stage = Lock(keys, office.engine, office.vault, lambda: True)
    return stage.all(office.clock.now())


@pytest.fixture
def stuck(office: Office) -> Office:
    """Lend an office with a case that is stuck beyond its deadline and the margin."""
    office.open([an_opening()], a_plan())
    vault = office.vault.open([CASE], "identity")
    with office.store.transaction() as transaction:
        transaction.write([vault.seal(CASE, FROM_PORTAL, ADA)], T0)
    office.clock.advance(office.case(CASE).due_at + MARGIN - T0)
    return office


def wrapped(office: Office) -> dict[str, bytes]:
    """Return the case's data keys that are under our key, by purpose."""
    return {
        purpose: found[CASE]
        for purpose in ("identity", "export")
        if (found := office.store.keys([CASE], purpose))
    }


def held(office: Office) -> dict[str, Holding]:
    """Return what the inventory counts, by kind."""
    found = SqlInventory(office.database, PERIODS).holdings(office.clock.now())
    return {one.kind: one for one in found if one.count}


def test_stuck_case_opens_for_nobody_here(stuck: Office) -> None:
    """The keys are moved, not copied, also out of the memory of this process."""
    assert stuck.vault.open([CASE], "identity").get(CASE, FROM_PORTAL) == ADA

    assert lock(stuck) == 1

    assert wrapped(stuck) == {}
    opened = stuck.vault.open([CASE], "identity")
    assert (opened.keys, opened.get(CASE, FROM_PORTAL)) == ({}, None)
    assert lock(stuck) == 0


def test_case_stays_open_to_us_while_its_clock_runs(stuck: Office) -> None:
    """A second before the end nothing is locked."""
    stuck.clock.advance(-timedelta(seconds=1))

    assert lock(stuck) == 0
    assert stuck.vault.open([CASE], "identity").get(CASE, FROM_PORTAL) == ADA


def test_officer_hands_the_keys_back_and_everything_opens(stuck: Office) -> None:
    """What was sealed is as it was, under our key again, until the time is over."""
    lock(stuck)
    now = stuck.clock.now()
    writes = keys_of(stuck).unlocking(CASE, *raw(OFFICER))
    event = IdentityUnlocked(now, now + DAY, "dpo-1")

    assert stuck.engine.apply([Step(CASE, event, tuple(writes))]) == [True]

    assert set(wrapped(stuck)) == {"identity", "export"}
    assert stuck.vault.open([CASE], "identity").get(CASE, FROM_PORTAL) == ADA
    assert locks_at(stuck.case(CASE)) == now + DAY
    stuck.clock.advance(DAY)
    assert lock(stuck) == 1


def test_other_key_opens_nothing(stuck: Office) -> None:
    """A sentence, and no word of what is inside."""
    lock(stuck)

    with pytest.raises(LockedKeyError, match="does not open the case"):
        keys_of(stuck).unlocking(CASE, *raw(STRANGER))


def test_key_moved_into_another_case_opens_nothing_there(stuck: Office) -> None:
    """A sealed key says whose it is."""
    lock(stuck)
    with stuck.database.writing() as connection:
        connection.execute(locked_keys.update().values(owner="case-2"))

    with pytest.raises(LockedKeyError, match="another case"):
        keys_of(stuck).unlocking(type(CASE)("case-2"), *raw(OFFICER))


def test_refused_lock_moves_no_key(stuck: Office) -> None:
    """Case and keys change in one transaction, or neither."""
    writes = keys_of(stuck).locking(CASE, "maison")
    early = IdentityLocked(stuck.clock.now() - DAY)

    assert stuck.engine.apply([Step(CASE, early, tuple(writes))]) == [False]

    assert set(wrapped(stuck)) == {"identity", "export"}


def test_key_that_was_destroyed_meanwhile_is_not_brought_back(stuck: Office) -> None:
    """A copy's key that was shredded a moment ago stays gone."""
    writes = keys_of(stuck).locking(CASE, "maison")
    with stuck.store.transaction() as transaction:
        transaction.write([DestroyKey(CASE, "export")], T0)

    locked = IdentityLocked(stuck.clock.now())
    stuck.engine.apply([Step(CASE, locked, tuple(writes))])

    with stuck.database.reading() as connection:
        rows = connection.execute(select(locked_keys.c.purpose)).scalars().all()
    assert rows == ["identity"]


def test_forgetting_a_locked_case_leaves_nothing_with_the_officer(
    stuck: Office,
) -> None:
    """The sealed key goes with the values under it."""
    lock(stuck)
    for task in stuck.case(CASE).all_tasks.values():
        closed = PersonClosed(stuck.clock.now(), task.id, "not_reachable", "dpo-1")
        stuck.engine.apply([Step(CASE, closed)])
    with stuck.store.transaction() as transaction:
        transaction.write([DestroyKey(CASE, "identity")], T0)

    with stuck.database.reading() as connection:
        left = connection.execute(select(locked_keys.c.purpose)).scalars().all()
        values = connection.execute(select(t.vault)).all()
    assert (left, values) == (["export"], [])


def test_locked_case_that_is_answered_is_forgotten(office: Office) -> None:
    """Its receipt names nobody; the officer's sealed key goes, and no digest stays."""
    office.open([an_opening()], a_plan(an_account(mode=Mode.OFF)))
    office.clock.advance(office.case(CASE).due_at + MARGIN - T0)
    assert lock(office) == 1
    case = office.case(CASE)
    final = signed(case, at=office.clock.now(), case_version=case.version)
    assert office.engine.apply([Step(CASE, final)]) == [True]

    assert office.forget().turn() == 1

    with office.database.reading() as connection:
        left = connection.execute(select(locked_keys.c.purpose)).scalars().all()
        stones = connection.execute(select(t.tombstones)).all()
    assert "identity" not in left
    assert stones == []
    assert not office.case(CASE).identity_held


def test_inventory_shows_what_the_officer_holds_and_what_is_overdue(
    stuck: Office,
) -> None:
    """Without an officer's key the identifiers stay, and the inventory says so."""
    stuck.clock.advance(DAY)

    assert lock(stuck, known=False) == 0
    before = held(stuck)
    assert lock(stuck) == 1
    after = held(stuck)

    assert before["identifiers"].overdue == 1
    assert "identifiers" not in after
    line = after["identifiers and references of stuck cases"]
    assert (line.count, line.overdue) == (1, None)
    assert "cannot open" in line.sealed_by
