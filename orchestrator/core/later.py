"""
What the portal says of a case later, as values and as events; free of identifiers.

An amendment names types only: the values were sealed before the core hears of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.words import AccountId
from schemas.case_words import PassedOverBecause
from schemas.connecting import IdentifierType
from schemas.later_words import NoticeTo
from schemas.requests import Channel


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An account where identifiers came too late, and why."""

    account: AccountId
    code: PassedOverBecause


@dataclass(frozen=True, slots=True)
class Amendment:
    """Identifiers that came later: their types, and whom they reached."""

    event_id: str
    at: datetime
    types: frozenset[IdentifierType]
    accounts: tuple[AccountId, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Informed:
    """What reached the person, when and how: a statement or a notice."""

    at: datetime
    channel: Channel
    statement: int | None = None
    notice: NoticeTo | None = None

    def is_same_news(self, other: Informed) -> bool:
        """Tell whether both say that the same thing was told in the same way."""
        mine = (self.channel, self.statement, self.notice)
        return mine == (other.channel, other.statement, other.notice)


# --- events -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestAmended:
    """
    The portal sent more identifiers, which are sealed in the vault.

    `types` names only types of which a value is new to the case; `event_id` is the
    event's own name, under which it is applied once.
    """

    at: datetime
    by: str
    event_id: str
    types: frozenset[IdentifierType]


@dataclass(frozen=True, slots=True)
class PersonInformed:
    """The portal says that a statement or a notice has reached the person."""

    at: datetime
    by: str
    informed: Informed


LaterEvent = RequestAmended | PersonInformed
