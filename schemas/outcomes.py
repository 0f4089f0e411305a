"""
What connectors answer, as frozen values: findings, outcomes, looks, exported rows.

An `Outcome` holds no personal data, because outcomes are written to history and
receipts; a `JobAccepted` may, and the shell seals its ticket at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from schemas.people import (
    Action,
    Evidence,
    Identifier,
    Item,
    ItemId,
    TaskId,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class Located:
    """Records found, and the identifiers learned from them."""

    items: tuple[Item, ...]
    learned: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several conflicting matches: its items and a label for a person."""

    items: tuple[Item, ...]
    label: str = field(repr=False)
    learned: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Matches carry conflicting exclusive identifiers: a person looks first."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The action is finished for the items of this call."""

    method: Literal["deleted", "redacted", "suppressed", "restricted", "rectified"]
    evidence: Evidence
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class NothingFound:
    """The processor holds nothing about the person, in a proven id space."""

    evidence: Evidence = Evidence.E2
    kind: Literal["nothing_found"] = "nothing_found"


@dataclass(frozen=True, slots=True)
class Retained:
    """Records kept under a rule; made only by the core."""

    record_class: str
    rule: str
    until: date
    kind: Literal["retained"] = "retained"


@dataclass(frozen=True, slots=True)
class Exported:
    """Every row reached the sink; counted so that a truncated copy shows."""

    rows: int
    kind: Literal["exported"] = "exported"


@dataclass(frozen=True, slots=True)
class Notified:
    """
    A recipient that is its own controller has been told; never that it has erased.

    `proof` is the SHA-256 of the answer that the recipient gave, where it gave one.
    """

    evidence: Evidence = Evidence.E1
    proof: str | None = None
    kind: Literal["notified"] = "notified"


@dataclass(frozen=True, slots=True)
class NotTold:
    """A recipient was not told, and why (Art 19 GDPR)."""

    reason: str
    kind: Literal["not_told"] = "not_told"


@dataclass(frozen=True, slots=True)
class Progress:
    """Some items of the call are done, the others are still to do."""

    done: tuple[ItemId, ...]
    evidence: Evidence
    kind: Literal["progress"] = "progress"


OpenReason = Literal["order_open", "return_open", "refund_open"]


@dataclass(frozen=True, slots=True)
class StillOpen:
    """
    Records of something that is not over: an order, a return, a refund.

    Nothing was done to `items`, which are looked at again daily; the others of the same
    call that are `done` have this evidence.
    """

    items: tuple[ItemId, ...]
    reason: OpenReason
    done: tuple[ItemId, ...] = ()
    evidence: Evidence = Evidence.E2
    kind: Literal["still_open"] = "still_open"


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    The processor took the job and will finish later.

    Made by the shell out of `JobAccepted`: the ticket itself is in the vault.
    """

    check_after: timedelta
    expected_within: timedelta | None = None
    how: str | None = None
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request left and its answer was lost: the next step is a look."""

    cause: str
    kind: Literal["unknown"] = "unknown"


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing happened at the processor; ask again after this long, or later."""

    cause: str
    after: timedelta | None = None
    kind: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The processor's horizon passed without a confirmation."""

    kind: Literal["unconfirmed"] = "unconfirmed"


@dataclass(frozen=True, slots=True)
class NeedsHuman:
    """A person must look before anything else happens; `reason` is a code."""

    reason: str
    kind: Literal["needs_human"] = "needs_human"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """
    A person does the work, because the processor has no interface for it.

    The connector sends nothing for the task and never has.  The work is due
    `done_before` the case's deadline, and somebody is reminded `remind_before` that;
    `assignee` is a team or a role.
    """

    assignee: str | None = None
    done_before: timedelta = timedelta(days=2)
    remind_before: tuple[timedelta, ...] = ()
    kind: Literal["handed_over"] = "handed_over"


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The action cannot concern this account; `reason` is a code."""

    reason: str
    kind: Literal["not_applicable"] = "not_applicable"


@dataclass(frozen=True, slots=True)
class Failed:
    """The processor refuses for good; `hint` says to a person what to do."""

    code: str
    hint: str
    kind: Literal["failed"] = "failed"


Outcome = (
    Done
    | NothingFound
    | Retained
    | Exported
    | Notified
    | NotTold
    | Progress
    | StillOpen
    | Accepted
    | Unknown
    | Retry
    | Unconfirmed
    | NeedsHuman
    | HandedOver
    | NotApplicable
    | Failed
)


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """
    What a connector says when a job was accepted; the ticket is sealed at once.

    `how` is a code that says which of several ways it chose, and why.
    `is_queued` is false once nothing waits in a queue of the processor any more and
    only its confirmation is missing: then it counts for no `jobs_at_once`.
    """

    ticket: Ticket
    check_after: timedelta
    expected_within: timedelta | None = None
    how: str | None = None
    is_queued: bool = True


@dataclass(frozen=True, slots=True)
class Cancelled:
    """
    The processor called the job back, and nothing of it was carried out.

    A poll may answer it too: of a job that somebody cancelled meanwhile.
    """

    kind: Literal["cancelled"] = "cancelled"


@dataclass(frozen=True, slots=True)
class TooLate:
    """The job can no longer be called back and goes on; `reason` is a code."""

    reason: str = "too_late"
    kind: Literal["too_late"] = "too_late"


Reply = Outcome | JobAccepted | Cancelled


@dataclass(frozen=True, slots=True)
class Callback:
    """
    What a processor said by itself, verified before it was read.

    `call` is the idempotency key of the call that it speaks of.  `reply` is for each
    task of that call; `by_task` overrides it for some.  `action` is what it answers,
    where the protocol says so: a call of another action is not the one it means.
    """

    call: str
    reply: Reply
    by_task: Mapping[TaskId, Reply] = field(default_factory=dict)
    action: Action | None = None


Finding = (
    Located | NothingFound | Ambiguous | Retry | NeedsHuman | NotApplicable | Failed
)


@dataclass(frozen=True, slots=True)
class Absent:
    """Every item of the work is gone."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """The records remain, and nothing in them identifies the person."""


@dataclass(frozen=True, slots=True)
class Present:
    """These items are still there; `since` is their creation date where known."""

    items: tuple[ItemId, ...]
    since: date | None = None


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The processor has no way to ask."""


ReadBack = Absent | Redacted | Present | CannotTell


class Provenance(StrEnum):
    """Where data came from (Art 20 covers provided and observed, WP242 rev.01)."""

    PROVIDED = "provided"
    OBSERVED = "observed"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Row:
    """
    One exported record.

    `subject` is the identifier value or item reference inside the record that binds
    it to the person; the sink refuses a row bound to anybody else.
    """

    category: str
    provenance: Provenance
    subject: str = field(repr=False)
    data: Mapping[str, object] = field(repr=False)
    third_party: bool = False
