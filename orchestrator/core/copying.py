"""How each account answered for the copy, as the package itself says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.cases import Case
from orchestrator.core.reasons import reasons_of
from orchestrator.core.statements import in_order
from orchestrator.core.words import CaseId
from schemas.connecting import Action


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
