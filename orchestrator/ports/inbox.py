"""What processors say by themselves: kept sealed until their account's owner reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from orchestrator.core.words import AccountId
from orchestrator.ports.values import Call
from orchestrator.ports.writes import PutLetter
from schemas.connecting import TaskId

Channel = Literal["callback", "confirmation"]
Ending = Literal["applied", "refused", "unmatched"]

MOST_WAITING = 64 * 1024 * 1024
"""Bytes of one account that nobody has read yet; what comes above is not taken in."""

_ROW_BYTES = 512  # names, times and indexes, about


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing a processor said, as it came; header names are lower-case."""

    id: str
    account: AccountId
    channel: Channel
    received_at: datetime
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """The bytes that it takes: even one that says nothing fills a row."""
        headers = sum(len(name) + len(value) for name, value in self.headers.items())
        return _ROW_BYTES + headers + len(self.body)


@dataclass(frozen=True, slots=True)
class Word:
    """What a genuine letter says of each task of one call."""

    letter: str
    call: Call
    replies: Mapping[TaskId, object] = field(repr=False)


class Inbox(Protocol):
    """Letters until they are applied; `adapters.inbox` says more."""

    def posting(self, letter: Letter) -> PutLetter:
        """Seal *letter*; stored in the caller's transaction, once for its id."""

    def put(self, letter: Letter) -> None:
        """Seal and store *letter* in a transaction of its own."""

    def waiting(
        self, account: AccountId, now: datetime, limit: int
    ) -> Sequence[Letter]:
        """Open the letters of *account* that may be read now, oldest first."""

    def bytes_waiting(self, account: AccountId) -> int:
        """Return how much nobody has read yet."""

    def call(self, account: AccountId, key: str) -> Call | None:
        """Return the call of *account* that its processor knows as *key*."""

    def in_flight(self, tasks: Collection[TaskId]) -> frozenset[TaskId]:
        """Return which of *tasks* are claimed or held back: they hear nothing now."""

    def look_again(self, letter: str, now: datetime, at: datetime) -> None:
        """Leave *letter* waiting until then."""

    def end(self, letter: str, state: Ending, code: str | None, now: datetime) -> int:
        """
        End a waiting letter; only an unmatched one stays readable.

        Returns how many older refused ones made room for it.
        """
