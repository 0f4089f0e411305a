"""
What is still owed after the answer, as values, and where its locators are sealed.

A law that keeps a record past the answer does not keep it for ever: once its last day
is over, a follow-up of the same case erases what was kept.  And what was erased is
looked for again, for a while, to see whether it stays gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import get_args
from zoneinfo import ZoneInfo

from orchestrator.core.words import AccountId, CaseId
from schemas.connecting import Action, ItemId, OpenReason, TaskId
from schemas.kept_fields import KeptField

IDENTITY = "identity"
"""The purpose of the key that seals what identifies a person up to the answer."""

OWED = "obligation:"
"""How the purposes of keys begin that seal the locators of what is owed."""
READ_BACK = "read_back:"
"""How those begin that seal the identifiers which an account is searched by again."""
READ_BACK_MOST = timedelta(days=35)
"""How long after the answer such identifiers are kept at most."""

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
    READ_BACK = "read_back"
    """The account is searched again after `due_on`: what was erased stays gone."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What a supplement says is over: the records of a class that a rule kept."""

    account: AccountId
    record_class: str
    rule: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Obligation:
    """What is still owed after the answer: an erasure, or another look."""

    account: AccountId
    record_class: str
    rule: str
    due_on: date
    items: tuple[ItemId, ...]
    kind: ObligationKind = ObligationKind.RETENTION
    expires_on: date | None = None
    fields: tuple[KeptField, ...] = ()  # what the law needs until then; empty: all

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
        if self.kind is ObligationKind.READ_BACK:
            return f"{READ_BACK}{self.account}"
        return f"{OWED}{self.account}:{self.ends_on.year}"

    def begins_at(self, time_zone: str) -> datetime:
        """Return the first moment after the last day, where the controller is."""
        day = self.due_on + timedelta(days=1)
        return datetime.combine(day, time.min, ZoneInfo(time_zone))

    def task_id(self, case: CaseId) -> TaskId:
        """Name the follow-up that carries it out; those of one day share one."""
        kind = "" if self.kind is ObligationKind.RETENTION else f"{self.kind}-"
        looks = self.kind is ObligationKind.READ_BACK
        action = Action.LOCATE if looks else Action.ERASE
        return TaskId(f"{case}.{self.account}.{action}.{kind}{self.due_on}")

    def again_id(self, case: CaseId) -> TaskId:
        """Name the erasure that a person orders of what a read-back found."""
        return TaskId(f"{case}.{self.account}.{Action.ERASE}.again-{self.due_on}")
