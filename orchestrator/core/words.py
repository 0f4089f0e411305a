"""The ids and closed lists that every part of the core speaks in."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

CaseId = NewType("CaseId", str)
AccountId = NewType("AccountId", str)
CallId = NewType("CallId", str)
SubjectRef = NewType("SubjectRef", str)
RegisterVersion = NewType("RegisterVersion", str)


class Right(StrEnum):
    """The rights that a request may invoke and that this version carries out."""

    ERASURE = "erasure"
    ACCESS = "access"
    PORTABILITY = "portability"


COPY_RIGHTS = frozenset({Right.ACCESS, Right.PORTABILITY})


class Level(StrEnum):
    """How well the portal verified the person (eIDAS words), weakest first."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    def is_at_least(self, other: Level) -> bool:
        """Tell whether this level satisfies a demand for *other*."""
        order = tuple(Level)
        return order.index(self) >= order.index(other)


class StatementKind(StrEnum):
    """What a signed statement of a case is."""

    INTERIM = "interim"
    FINAL = "final"
    SUPPLEMENT = "supplement"


class Rehearsal(StrEnum):
    """Why a case is not for real: its statements are signed by another key."""

    DRY_RUN = "dry_run"
    """Records are searched and counted, and nothing else happens."""
    TEST = "test"
    """An invented person at sandbox accounts."""


class Result(StrEnum):
    """How a case ended; `complete` only when no line is open and nothing is kept."""

    COMPLETE = "complete"
    COMPLETE_WITH_RETENTION = "complete_with_retention"
    PARTIAL = "partial"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


class Mark(StrEnum):
    """A moment on the way to the deadline, which is passed once."""

    HALF = "50_percent"
    THREE_QUARTERS = "75_percent"
    NINE_TENTHS = "90_percent"
    WEEK = "7_days"
    THREE_DAYS = "3_days"
    DAY = "1_day"
    OVERDUE = "overdue"
    """The first moment at which the answer is late."""
    INTERIM = "interim"
    """What is still open is told in a signed interim statement."""
    LAST_INTERIM = "last_interim"
    """So it is once more, a day before the deadline."""


INTERIMS = frozenset({Mark.INTERIM, Mark.LAST_INTERIM})


class ExtensionReason(StrEnum):
    """Why a deadline is extended; the law knows no other ground (Art 12(3) GDPR)."""

    COMPLEXITY = "complexity"
    """The request is complex."""
    NUMBER = "number"
    """The person has sent many requests."""


class Until(StrEnum):
    """How far the one must have come before the other begins."""

    LOCATED = "located"
    """Its search is over."""
    ACCEPTED = "accepted"
    """The processor has at least accepted its erasure."""
    SETTLED = "settled"
    """Its erasure is over, however it ended."""
