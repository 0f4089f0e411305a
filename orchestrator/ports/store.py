"""The store: one transaction, and what is read outside of one."""

from __future__ import annotations

from collections.abc import (
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from orchestrator.core.cases import Case, Wants
from orchestrator.core.events import Event
from orchestrator.core.intake.brake import Brake
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    CaseId,
    RegisterVersion,
    SubjectRef,
)
from orchestrator.ports.brakes import BrakeKey, Counted
from orchestrator.ports.room import Cause, Room, Unkept
from orchestrator.ports.values import (
    KnownRequest,
    OutgoingMessage,
    Quarantined,
    VaultEntry,
)
from orchestrator.ports.writes import Write


class Transaction(Protocol):
    """
    One transaction of the store; commits when its context ends without an error.

    What its thread reads and stores meanwhile in other ways is part of it.
    """

    def lock_subjects(self, refs: Collection[SubjectRef], at: datetime) -> None:
        """Create missing subject rows and lock all of them, in order."""

    def open_cases_of(
        self, refs: Collection[SubjectRef]
    ) -> Mapping[SubjectRef, Sequence[CaseId]]:
        """Return the cases of each subject that are not closed."""

    def subjects_of(self, cases: Collection[CaseId]) -> Mapping[CaseId, SubjectRef]:
        """Return whose cases these are."""

    def load_cases(self, ids: Collection[CaseId]) -> dict[CaseId, Case]:
        """Lock and load cases in id order; unknown ids are absent."""

    def keep_plans(self, plans: Collection[Plan], at: datetime) -> None:
        """Keep register versions, so that cases under them can always be decided."""

    def insert_cases(self, cases: Sequence[Case]) -> None:
        """Store new cases with their tasks."""

    def save_cases(self, changed: Sequence[tuple[Case, Case]]) -> None:
        """Store (before, after) pairs; only tasks that changed are written."""

    def add_history(self, rows: Sequence[tuple[CaseId, int, datetime, Event]]) -> None:
        """Keep applied events, one row a version."""

    def add_messages(self, messages: Sequence[OutgoingMessage], at: datetime) -> None:
        """Put messages into the outbox."""

    def write(self, writes: Sequence[Write], at: datetime) -> None:
        """Carry out what rides along with events."""

    def lock_offset(self, topic: str, partition: int) -> int:
        """
        Lock one input partition and return the offset it goes on at.

        A consumer that lost the partition finds its records already below that offset:
        the input offset in the database is the fence.
        """

    def move_offset(self, topic: str, partition: int, following: int) -> None:
        """Let a locked input partition go on at *following*."""

    def known_requests(
        self, request_ids: Collection[str], events: Collection[tuple[str, str]]
    ) -> Sequence[KnownRequest]:
        """Return remembered requests with one of these ids or (source, id) pairs."""

    def remember_requests(self, requests: Sequence[KnownRequest], at: datetime) -> None:
        """Remember requests that open a case in this transaction."""

    def heard_events(
        self, events: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """Return the digest of each event, by (source, id), that was taken before."""

    def remember_events(
        self, events: Collection[tuple[str, str, str, datetime]]
    ) -> None:
        """Remember events that were taken: source, id, digest, until when."""

    def quarantine(self, events: Sequence[Quarantined]) -> Sequence[str]:
        """Keep events; returns the ids of those not kept before."""

    def waiting_digests(self, digests: Collection[str]) -> Collection[str]:
        """Return which of these digests something waits under in quarantine."""

    def lock_room(self, causes: Collection[Cause]) -> Mapping[Cause, Room]:
        """Lock each cause, and count what waits of it that nobody of ours sent."""

    def save_room(self, rooms: Sequence[Room], unkept: Sequence[Unkept]) -> None:
        """Store how full locked causes are told to be, and what had no room there."""

    def lock_brakes(
        self, keys: Collection[BrakeKey], at: datetime
    ) -> Mapping[BrakeKey, Brake]:
        """Lock what was counted of each controller and source, in order."""

    def save_counted(self, counted: Counted) -> None:
        """Store what was counted on locked brakes, and which cases they hold."""

    def hold_beside(self, pairs: Mapping[CaseId, CaseId]) -> None:
        """Let the brake that holds a case's lead (the value) hold the case, too."""


class Store(Protocol):
    """Durable state; raises `Unavailable` when the database or its disk is away."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a writing transaction."""

    def stored_offsets(self) -> Mapping[tuple[str, int], int]:
        """Return where each input partition goes on."""

    def due_cases(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """Return cases whose next moment has come."""

    def wanted(self, of: frozenset[Wants]) -> frozenset[Wants]:
        """Tell which *of* these some case wants, without reading a case."""

    def cases_wanting(self, wants: Wants, limit: int) -> Sequence[Case]:
        """Return cases that a stage must do something for, most urgent first."""

    def entries(
        self,
        owners: Collection[str],
        purpose: str,
        names: Collection[str] | None = None,
    ) -> Sequence[VaultEntry]:
        """Return vault entries; names ending in `:` match as prefixes."""

    def keys(self, owners: Collection[str], purpose: str) -> Mapping[str, bytes]:
        """Return the wrapped data keys by owner."""

    def plan(self, version: RegisterVersion, controller: str) -> Plan:
        """Return a kept plan; raises `KeyError` if it was never kept."""
