"""What is brought together after the run, and what a claim about it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.core.cases import Case
from orchestrator.entrypoints.demo.fetching import Copy, FetchedReceipt
from orchestrator.entrypoints.demo.holdings import Holdings
from orchestrator.entrypoints.demo.people import Person


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence that should be true, and what speaks against it."""

    sentence: str
    against: Sequence[str] = ()

    @property
    def is_true(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was brought together after the run."""

    people: Mapping[str, Person]  # by request id
    cases: Mapping[str, Case]
    receipts: Sequence[FetchedReceipt]
    copies: Sequence[Copy]
    held: Holdings
    undisturbed: Sequence[str]
