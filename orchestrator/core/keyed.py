"""What became of the keys of a case's identifiers, as events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IdentityForgotten:
    """The identity key is destroyed."""

    at: datetime


@dataclass(frozen=True, slots=True)
class OwedForgotten:
    """The keys of these purposes are destroyed: nothing is owed under them."""

    at: datetime
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class IdentityLocked:
    """The case's keys are under the data protection officer's key, and not ours."""

    at: datetime


@dataclass(frozen=True, slots=True)
class IdentityUnlocked:
    """The data protection officer handed the keys back, until *until*."""

    at: datetime
    until: datetime
    by: str


KeyEvent = IdentityForgotten | OwedForgotten | IdentityLocked | IdentityUnlocked
