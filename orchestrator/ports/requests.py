"""What stands between a record of the requests topic and what may be made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from schemas.cloudevents import Headers
from schemas.intake import LaterWord, SubmittedRequest, WithdrawnRequest
from schemas.rejections import Rejection, RejectionCode


@dataclass(frozen=True, slots=True)
class EventMark:
    """By what a signed event is known again as long as it could be taken."""

    source: str
    event_id: str
    content: bytes = field(repr=False)  # its type and data, in one spelling
    until: datetime


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """
    What one record says, or why it may not be listened to.

    `is_late` is a verdict on an event that is new to us: one that we took already is
    a repeat, however late it comes.  `mark` is absent where nothing was signed.
    `is_heard` tells that somebody we listen to sent it: a publisher signed it, or what
    nobody signed is taken here.  `signed` is what a key of theirs signed.
    """

    what: SubmittedRequest | WithdrawnRequest | LaterWord | Rejection
    refused: Callable[[RejectionCode], Rejection] = field(repr=False)
    mark: EventMark | None = None
    is_late: bool = False
    is_heard: bool = True
    signed: bytes | None = field(default=None, repr=False)


class Requests(Protocol):
    """Listens to publishers, and to nobody else."""

    def read(self, headers: Headers, value: bytes | None, at: datetime) -> SaidEvent:
        """
        Read a record that came *at* that moment.

        Nothing of a payload is looked at before its signature holds; a rejection of
        what nobody of ours signed names no event, so that nobody is answered.
        """
