"""
Handle cases one by one, so that a case that cannot be handled stops no other.

Such a case is a fault of ours or a damaged row: it stays as it is, is told of once, and
the next process tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog

from orchestrator.core.cases import Case
from orchestrator.core.words import CaseId
from orchestrator.errors import CannotStore, Conflict, SetUpError, Unavailable

log = structlog.get_logger()

ResultT = TypeVar("ResultT")


class Apart:
    """Keeps what goes wrong with one case apart from the others of a stage."""

    def __init__(self, stage: str) -> None:
        """Name the stage for the log."""
        self._stage = stage
        self._told: set[CaseId] = set()

    def each(
        self, cases: Iterable[Case], handle: Callable[[Case], ResultT]
    ) -> Iterator[tuple[Case, ResultT]]:
        """
        Yield each case with what *handle* made of it, but for those it failed at.

        What concerns every case is raised: an absent database, a full disk.
        """
        for case in cases:
            try:
                result = handle(case)
            except (Unavailable, Conflict, CannotStore, SetUpError):
                raise
            except Exception as error:  # noqa: BLE001 (a fault of ours stops no other)
                self._tell(case.id, type(error).__name__)
            else:
                yield case, result

    def _tell(self, case: CaseId, cause: str) -> None:
        """Log a failure once; its text could hold data."""
        if case not in self._told:
            self._told.add(case)
            log.error("case_left_out", case=case, stage=self._stage, cause=cause)
