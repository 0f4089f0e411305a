"""What is brought together after the run, and what a claim about it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.adapters.intake.quarantine_views import QuarantinedLine
from orchestrator.core.cases import Case
from orchestrator.entrypoints.demo.fetching import Copy, FetchedReceipt
from orchestrator.entrypoints.demo.forging import Forgery
from orchestrator.entrypoints.demo.holdings import Holdings
from orchestrator.entrypoints.demo.people import Person
from schemas.case_events import CaseEvent
from schemas.receipts import Receipt

Told = TypeVar("Told", bound=CaseEvent)


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
    events: Sequence[CaseEvent]  # what the portal was told
    before_approval: Holdings  # between the words of the two who approve
    quarantined: Sequence[QuarantinedLine]
    forgeries: Sequence[Forgery]

    def receipt_of(self, person: Person) -> Receipt | None:
        """Return the receipt of somebody who asked once."""
        for one in self.receipts:
            if self.people.get(one.receipt.request_id) is person:
                return one.receipt
        return None

    def told_of(self, person: Person, kind: type[Told]) -> Sequence[Told]:
        """Return the events of one type that the portal was told about somebody."""
        return [
            one
            for one in self.events
            if isinstance(one, kind)
            and one.request_id is not None
            and self.people.get(one.request_id) is person
        ]
