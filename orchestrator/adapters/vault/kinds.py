"""Which kinds of personal data the vault holds, as data for the inventory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Table, and_, exists, not_, select

from orchestrator.adapters.sql import tables as t
from orchestrator.adapters.sql.locked_tables import locked_keys
from orchestrator.core.afterwards.owed import IDENTITY, OWED, READ_BACK
from orchestrator.core.answer.dossier import ALL_IDENTIFIERS

IDENTIFYING, PSEUDONYMOUS = "identifying", "pseudonymous"
LOOKS = "identifiers to look by whether somebody stays gone"
_OF_IDENTITY = "identity key of the case"
_OF_OBLIGATION = "obligation key of the case, its account and due year"
_ANSWERED = (
    "once its case is answered; a stuck one's under the DPO's key `identifiers_margin`"
    " after the deadline"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is found: its table, the columns that hold it, which rows."""

    name: str
    table: Table
    goes: str
    which: ColumnElement[bool] | None = None
    came: Column[datetime] | None = None
    until: ColumnElement[datetime] | None = None
    sort: str = IDENTIFYING
    sealed_by: str = "unknown"
    holds: tuple[Column[bytes] | Column[str], ...] = ()


def _vaulted(name: str, purpose: str, prefix: str, sealed_by: str, goes: str) -> Kind:
    """Return a kind of the vault, told by the beginnings of its purpose and names."""
    vault = t.vault.c
    which = and_(vault.purpose.startswith(purpose), vault.name.startswith(prefix))
    until = select(t.cases.c.locks_at).where(t.cases.c.id == vault.owner)
    return Kind(
        name,
        t.vault,
        goes,
        and_(which, not_(locked(vault.owner, vault.purpose))),
        vault.made_at,
        until.scalar_subquery(),
        sealed_by=sealed_by,
        holds=(vault.sealed,),
    )


def locked(owner: Column[str], purpose: Column[str] | str) -> ColumnElement[bool]:
    """Tell whether an officer holds *owner*'s key for *purpose*."""
    keys = locked_keys.c
    mine = and_(keys.owner == owner, keys.purpose == purpose)
    return exists().where(mine)


IN_THE_VAULT = (
    _vaulted("identifiers", IDENTITY, ALL_IDENTIFIERS, _OF_IDENTITY, _ANSWERED),
    _vaulted(
        "references of found records", IDENTITY, "items:", _OF_IDENTITY, _ANSWERED
    ),
    _vaulted("conflicting matches", IDENTITY, "candidates:", _OF_IDENTITY, _ANSWERED),
    _vaulted(
        "tickets of processors' jobs", IDENTITY, "ticket:", _OF_IDENTITY, _ANSWERED
    ),
    _vaulted(
        "references of records a law keeps",
        OWED,
        "items:",
        _OF_OBLIGATION,
        "when all that is owed of the account and year is carried out",
    ),
    _vaulted(
        "tickets of follow-ups",
        OWED,
        "ticket:",
        _OF_OBLIGATION,
        "when all that is owed of the account and year is carried out",
    ),
)
_looks_key = and_(
    t.data_keys.c.owner == t.vault.c.owner, t.data_keys.c.purpose == t.vault.c.purpose
)
_looks_until = select(t.data_keys.c.expires_at).where(_looks_key).scalar_subquery()
READ_BACKS = tuple(
    replace(
        _vaulted(
            name,
            READ_BACK,
            prefix,
            "read-back key of the case and account",
            "after the account's last look, at the latest 35 days after the answer",
        ),
        until=_looks_until,
    )
    for name, prefix in (
        (LOOKS, ALL_IDENTIFIERS),
        ("references of what such a look found", "items:"),
        ("tickets of erasures ordered after such a look", "ticket:"),
    )
)
