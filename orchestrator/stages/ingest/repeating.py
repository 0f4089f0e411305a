"""
Which of the events that may be listened to are new.

An event that was taken already is a repeat, whoever delivers it again and however late;
one under the same name that says something else is a conflict; and one that is new to
us must not have expired.  Submitted requests are known by their cases, for years; all
others are remembered as long as they could be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.ports import SaidEvent, Transaction
from orchestrator.ports.event_log import Record
from orchestrator.stages.ingest.batch import Word
from schemas.intake import SubmittedRequest
from schemas.rejections import Rejection, RejectionCode

CONTENT = "event-content"
Said = tuple[Record, SaidEvent]
Read = tuple[Record, SubmittedRequest | Word | Rejection]


@dataclass(slots=True)
class Repeating:
    """What one transaction knows of the events that were taken before it, and in it."""

    transaction: Transaction
    digest: Callable[[str, bytes], str]
    heard: dict[tuple[str, str], str] = field(default_factory=dict)
    marks: dict[tuple[str, int, int], tuple[str, str, str, datetime]] = field(
        default_factory=dict
    )

    def recall(self, said: Sequence[Said]) -> None:
        """Load what is known of these events."""
        marks = [it.mark for _, it in said if it.mark is not None]
        names = {(mark.source, mark.event_id) for mark in marks}
        self.heard.update(self.transaction.heard_events(names))

    def new(
        self, said: Sequence[Said], is_known: Callable[[SubmittedRequest], bool]
    ) -> Iterator[Read]:
        """Yield what is no repeat; a repeated request is told by its case instead."""
        for record, it in said:
            match it.what:
                case Rejection():
                    yield record, it.what
                case SubmittedRequest() as request:
                    expired = it.is_late and not is_known(request)
                    yield record, _expired(it) if expired else request
                case what if it.mark is None:
                    yield record, what
                case _:
                    yield from self._marked(record, it)

    def remember(self, rejected: Collection[Record]) -> None:
        """Remember what was taken, and not what was rejected after all."""
        places = {_place(record) for record in rejected}
        taken = [mark for at, mark in self.marks.items() if at not in places]
        self.transaction.remember_events(taken)

    def _marked(self, record: Record, it: SaidEvent) -> Iterator[Read]:
        """Compare an event with what was said under its name."""
        mark = it.mark
        if mark is None:
            return
        name = (mark.source, mark.event_id)
        digest = self.digest(CONTENT, mark.content)
        before = self.heard.get(name)
        if before is None and it.is_late:
            yield record, _expired(it)
        elif before is None:
            self.heard[name] = digest
            self.marks[_place(record)] = (*name, digest, mark.until)
            yield record, it.what
        elif before != digest:
            yield record, it.refused(RejectionCode.CONFLICT)


def _expired(it: SaidEvent) -> Rejection:
    return it.refused(RejectionCode.EXPIRED)


def _place(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
