"""What one transaction of ingest has learned so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.core.words import CaseId
from orchestrator.engine import Work
from orchestrator.ports import KnownRequest, OpenVault, SaidEvent, Transaction
from orchestrator.ports.event_log import Record, TopicPartition
from schemas.connecting import Identifier
from schemas.intake import LaterWord, SubmittedRequest, WithdrawnRequest
from schemas.rejections import Rejection

Word = WithdrawnRequest | LaterWord


@dataclass(slots=True)
class Batch:
    """What one transaction has learned of requests so far."""

    transaction: Transaction
    work: Work
    by_id: dict[str, KnownRequest] = field(default_factory=dict)
    by_event: dict[tuple[str, str], KnownRequest] = field(default_factory=dict)
    new: list[KnownRequest] = field(default_factory=list)
    people: dict[CaseId, tuple[OpenVault, frozenset[Identifier]]] = field(
        default_factory=dict, repr=False
    )  # of the cases that this batch opens
    words: list[tuple[Record, Word]] = field(default_factory=list)
    rejected: list[tuple[Record, Rejection]] = field(default_factory=list)
    unheard: set[tuple[TopicPartition, int]] = field(default_factory=set)  # of nobody
    signed: dict[tuple[TopicPartition, int], bytes] = field(
        default_factory=dict, repr=False
    )
    opening: set[tuple[str, int]] = field(default_factory=set)  # (topic, offset)

    def listened(self, said: Iterable[tuple[Record, SaidEvent]]) -> None:
        """Keep who was heard, and what they signed, for what is refused."""
        for record, it in said:
            if not it.is_heard:
                self.unheard.add(record.position)
            if it.signed is not None:
                self.signed[record.position] = it.signed

    def is_known(self, what: SubmittedRequest) -> bool:
        """Tell whether one of a request's names is known."""
        by_event = (what.source, what.event_id) in self.by_event
        return by_event or what.request_id in self.by_id

    def know(self, known: KnownRequest) -> None:
        """Remember a request under both of its names."""
        self.by_id[known.request_id] = known
        self.by_event[known.source, known.event_id] = known
