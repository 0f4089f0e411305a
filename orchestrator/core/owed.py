"""
What is still owed after the answer, as values, and where its locators are sealed.

A law that keeps a record past the answer does not keep it for ever: once its last day
is over, a follow-up of the same case erases what was kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import get_args
from zoneinfo import ZoneInfo

from orchestrator.core.words import AccountId, CaseId
from schemas.connecting import Action, ItemId, OpenReason, TaskId

IDENTITY = "identity"
"""The purpose of the key that seals what identifies a person up to the answer."""

OWED = "obligation:"
"""How the purposes of keys begin that seal the locators of what is owed."""


OPEN_REASONS = frozenset(get_args(OpenReason))
"""Codes for what is not over, and keeps its own records until it is."""
OPEN_PROVISION = "GDPR Art 17(1)(a)"
"""Why they may stay: they are still necessary for what they were collected for."""


class ObligationKind(StrEnum):
    """Why something is still owed."""

    RETENTION = "retention"
    """A law keeps the records until `due_on`; the day after they are erased."""
    LOOK_AGAIN = "look_again"
    """
    They were of something open on `due_on`; from the day after they are tried daily.

    What is still open after `expires_on` is for a person to decide.
    """


@dataclass(frozen=True, slots=True)
class Obligation:
    """What is still owed after the answer: an erasure when retention ends."""

    account: AccountId
    record_class: str
    rule: str
    due_on: date
    items: tuple[ItemId, ...]
    kind: ObligationKind = ObligationKind.RETENTION
    expires_on: date | None = None

    @property
    def ends_on(self) -> date:
        """The day on which it should be over."""
        return self.expires_on or self.due_on

    @property
    def sealed_under(self) -> str:
        """
        The purpose of the key that seals its locators: one an account and due year.

        Each case has its own such key, so that one who is done is forgotten at once;
        destroying the keys of one purpose forgets everybody's of that account and year.
        """
        return f"{OWED}{self.account}:{self.ends_on.year}"

    def begins_at(self, time_zone: str) -> datetime:
        """Return the first moment after the last day, where the controller is."""
        day = self.due_on + timedelta(days=1)
        return datetime.combine(day, time.min, ZoneInfo(time_zone))

    def task_id(self, case: CaseId) -> TaskId:
        """Name the follow-up that carries it out; those of one day share one."""
        kind = "" if self.kind is ObligationKind.RETENTION else f"{self.kind}-"
        return TaskId(f"{case}.{self.account}.{Action.ERASE}.{kind}{self.due_on}")
