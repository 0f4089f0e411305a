"""A data protection officer hands the keys of a locked case back, for a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.adapters.keys.officer_keys import read_officer_key
from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.keyed import IdentityUnlocked
from orchestrator.engine import Step
from orchestrator.errors import NotPossible

LONGEST = timedelta(days=31)


def unlock(
    parts: Installation, id_: str, key: Path, length: timedelta, by: str
) -> datetime:
    """
    Let a locked case go on for *length*; returns until when.

    The officer's private key is read once and kept nowhere.  Raises `NotPossible`,
    `KeysError`, or `LockedKeyError` for another key.
    """
    if not timedelta(0) < length <= LONGEST:
        raise NotPossible(f"Hand the keys back for {LONGEST.days} days at most.")
    case = Queries(parts.database).case_now(id_)
    if case.locked_at is None:
        raise NotPossible("This case is not locked: its keys are here.")
    private = read_officer_key(key)
    writes = parts.locked_keys.unlocking(
        case.id, private.private_bytes_raw(), private.public_key().public_bytes_raw()
    )
    now = parts.clock.now()
    event = IdentityUnlocked(now, now + length, by)
    (applied,) = parts.engine.apply([Step(case.id, event, tuple(writes))])
    if not applied:
        raise NotPossible("This changes nothing: the case has moved; look again.")
    return event.until
