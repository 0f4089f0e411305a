"""What a copy's package says of itself: how accounts answered, who had the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.answer.recipients import recipients_of
from orchestrator.core.answer.statements import in_order
from orchestrator.core.cases import Case
from orchestrator.core.reasons import reasons_of
from orchestrator.core.words import CaseId
from schemas.connecting import Action
from schemas.recipients import RecipientHeard


@dataclass(frozen=True, slots=True)
class CopyLine:
    """One account's part of the copy: its outcome's kind, and codes that say why."""

    account: str
    outcome: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopyLabel:
    """What a package says of itself."""

    case: CaseId
    made_at: datetime
    lines: tuple[CopyLine, ...]
    recipients: tuple[RecipientHeard, ...] = ()


def label_of(case: Case, now: datetime) -> CopyLabel:
    """Return what the package of *case* says; raises `ValueError` for an open line."""
    lines, recipients = tuple(copy_lines(case)), tuple(recipients_of(case))
    return CopyLabel(case.id, now, lines, recipients)


def copy_lines(case: Case) -> Iterator[CopyLine]:
    """
    Yield a line for each account that was to be copied, in the register's order.

    Raises `ValueError` for one that has not answered yet.
    """
    for task in in_order(case):
        if task.action is not Action.EXPORT:
            continue
        if task.outcome is None:
            raise ValueError("A copy has no open line: wait until all have answered.")
        yield CopyLine(task.account, task.outcome.kind, reasons_of(task.outcome))
