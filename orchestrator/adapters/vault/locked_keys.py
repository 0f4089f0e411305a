"""
Data keys of stuck cases, under the data protection officer's public key.

What they sealed stays where it is; without the officer's private key, which is not
here, nobody opens it.  A key is moved and never copied: while it is in this table, it
is wrapped under no key of ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Table, not_, or_, select

from orchestrator.adapters.cases.riding import PACKAGE
from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.database import Database
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.adapters.vault.cipher import Cipher
from orchestrator.adapters.vault.values import EXPORT
from orchestrator.core.afterwards.owed import IDENTITY, OWED
from orchestrator.core.words import CaseId
from orchestrator.errors import OrchestratorError
from orchestrator.ports import LockKey, UnlockKey

PURPOSES = (IDENTITY, EXPORT)
"""What identifies while a case is open; what is owed later has `OWED` purposes."""

Seal = Callable[[bytes, str], str]
"""Seals bytes to a public key (raw, base64)."""
Unseal = Callable[[str, bytes, bytes], bytes]
"""Opens with a raw private and public key; raises `ValueError`."""


class LockedKeyError(OrchestratorError):
    """A locked key cannot be opened; the sentence says what to do."""


class SqlLockedKeys:
    """The keys that the officers hold; *officers* are their keys by controller."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        officers: Callable[[], Mapping[str, str]],
        seal: Seal,
        unseal: Unseal,
    ) -> None:
        """Keep the parts."""
        self._database = database
        self._cipher = cipher
        self._officers = officers
        self._seal = seal
        self._unseal = unseal

    def due(self, now: datetime, limit: int) -> Sequence[tuple[CaseId, str]]:
        """Return the cases to lock, with their controller; none without a key."""
        officers = sorted(self._officers())
        cases = t.cases.c
        query = select(cases.id, cases.controller).where(cases.locks_at <= now)
        query = query.where(cases.controller.in_(officers)).order_by(cases.locks_at)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [(CaseId(row.id), row.controller) for row in rows]

    def locking(self, case: CaseId, controller: str) -> Sequence[LockKey]:
        """Seal a case's data keys to the officer; raises `VaultError`."""
        public = self._officers()[controller]
        # A packed copy waits for the person, and ends by itself.
        packed = select(t.artifacts.c.id).where(
            t.artifacts.c.case_id == case,
            t.artifacts.c.kind == PACKAGE,
            t.artifacts.c.complete == 1,
        )
        goes = or_(t.data_keys.c.purpose != EXPORT, not_(packed.exists()))
        query = select(t.data_keys).where(*_of(t.data_keys, case), goes)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            LockKey(
                case,
                row.purpose,
                self._seal(
                    _spelled(
                        case,
                        row.purpose,
                        self._cipher.unwrapped(row.wrapped, case, row.purpose),
                    ),
                    public,
                ),
            )
            for row in rows
        ]

    def unlocking(
        self, case: CaseId, private: bytes, public: bytes
    ) -> Sequence[UnlockKey]:
        """Bring a case's data keys under ours again; raises `LockedKeyError`."""
        query = select(locked_keys).where(*_of(locked_keys, case))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        opened = {
            row.purpose: self._opened(row.wrapped, private, public) for row in rows
        }
        return [
            UnlockKey(
                case,
                purpose,
                self._cipher.wrapped(_read(spelled, case, purpose), case, purpose),
            )
            for purpose, spelled in opened.items()
        ]

    def _opened(self, sealed: str, private: bytes, public: bytes) -> bytes:
        try:
            return self._unseal(sealed, private, public)
        except ValueError:
            raise LockedKeyError(
                "This key does not open the case: name the private key whose public "
                "half stood in the register when the case was locked."
            ) from None


def _of(table: Table, case: CaseId) -> tuple[ColumnElement[bool], ...]:
    """Return which rows of *table* are the identifying keys of *case*."""
    owed = table.c.purpose.startswith(OWED)
    return table.c.owner == case, or_(table.c.purpose.in_(PURPOSES), owed)


def _spelled(case: CaseId, purpose: str, key: bytes) -> bytes:
    """
    Spell a data key with its place, so that it opens for no other case.

    Never change: keys lie under officers' keys like this.
    """
    text = base64.b64encode(key).decode("ascii")
    return json.dumps({"owner": case, "purpose": purpose, "key": text}).encode()


def _read(spelled: bytes, case: CaseId, purpose: str) -> bytes:
    """Read what `_spelled` wrote, for this very place."""
    said = json.loads(spelled)
    if (said["owner"], said["purpose"]) != (case, purpose):
        raise LockedKeyError(
            "A locked key belongs to another case: its row was changed; restore it."
        )
    return base64.b64decode(said["key"])
