"""Ownership, claims, and what a call taught."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestrator.core.tasks import Task
from orchestrator.core.words import (
    AccountId,
    CallId,
)
from orchestrator.ports.inbox import Word
from orchestrator.ports.values import AccountState, Artifact, Call, Claimed, Due
from schemas.connecting import Action, ItemId, TaskId

CallsFor = Callable[[Sequence[Claimed]], Sequence[Call]]
Choose = Callable[[AccountId, Sequence[Due]], Sequence[Due]]


class Claims(Protocol):
    """Ownership of accounts, and claiming tasks; `adapters.cases.claims` says more."""

    def accounts(self) -> Sequence[AccountState]:
        """Return every account's ownership and pause."""

    def acquire(
        self,
        accounts: Collection[AccountId],
        owner: str,
        now: datetime,
        until: datetime,
        *,
        by_force: bool = False,
    ) -> Mapping[AccountId, int]:
        """Take every free account of these; returns the new epochs."""

    def renew(
        self, held: Mapping[AccountId, int], owner: str, until: datetime
    ) -> frozenset[AccountId]:
        """Prolong leases; returns the accounts that are still ours."""

    def release(self, held: Mapping[AccountId, int], owner: str) -> None:
        """Give accounts back."""

    def save_windows(self, windows: Mapping[AccountId, str], now: datetime) -> None:
        """Keep the rate windows."""

    def pause(
        self,
        account: AccountId,
        reason: str,
        by: str,
        now: datetime,
        *,
        over: Collection[str] = (),
    ) -> bool:
        """Stop claiming for *account*; tells whether this is its pause now."""

    def resume(
        self, account: AccountId, *, only: Collection[str] | None = None
    ) -> bool:
        """Go on claiming for *account*; tells whether that ended a pause."""

    def note_ping(self, account: AccountId, installation: str, now: datetime) -> None:
        """Remember what the processor calls this account."""

    def orphans(self, epochs: Mapping[AccountId, int], limit: int) -> Sequence[Claimed]:
        """Return tasks that ended ownerships of these accounts left claimed."""

    def open_calls(self, account: AccountId, before_epoch: int) -> Sequence[Call]:
        """Return calls of ended ownerships whose answer never became durable."""

    def claim(  # noqa: PLR0913 (all of one transaction)
        self,
        rooms: Mapping[AccountId, int],
        epochs: Mapping[AccountId, int],
        owner: str,
        now: datetime,
        calls_for: CallsFor,
        windows: Mapping[AccountId, str],
        *,
        choose: Choose | None = None,
    ) -> Sequence[Claimed]:
        """Claim due tasks and make their calls durable, in one transaction."""

    def jobs(
        self, accounts: Collection[AccountId]
    ) -> Mapping[tuple[AccountId, Action], int]:
        """Return how many jobs are queued, or soon may be, by account and action."""

    def keep_waiting(
        self, polled: Sequence[tuple[Claimed, Task]]
    ) -> Collection[TaskId]:
        """Give polled claims back, their tasks' rows alone; returns those it could."""

    def next_due(self, accounts: Collection[AccountId]) -> datetime | None:
        """Return when the next waiting task of these accounts is due."""


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What one call taught about one claimed task, still with personal data inside.

    `reply` is a connector's reply, finding or look, or what the shell made of an
    error; `None` means that nothing was sent and the claim goes back.
    """

    claimed: Claimed
    reply: object = field(repr=False)
    call: CallId | None = None
    items: tuple[ItemId, ...] = ()
    artifact: Artifact | None = None
    ticket: str | None = field(default=None, repr=False)  # that was polled


class Gather(Protocol):
    """Makes durable facts out of what was heard."""

    def __call__(
        self, heard: Sequence[Heard], then: Callable[[], None] | None = None
    ) -> bool:
        """
        Apply *heard* in one transaction; raises `Unavailable`, then nothing is.

        *then* stores more in that transaction, maybe in several tries; tells whether it
        did: not if nothing of *heard* needed one, or if it failed.
        """

    def spoken(self, word: Word) -> None:
        """Apply what a processor said by itself, in one transaction."""
