"""
What the workflow and a connector say to each other, as frozen values.

The core decides on these values and connectors answer with them, so they live
below both.  Whatever can identify a person (`Identifier`, `Item.reference`,
`Ticket.value`, `Candidate.label`) hides itself in `repr`; an `Outcome` holds
none of it, because outcomes are written to history and receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NewType

TaskId = NewType("TaskId", str)
ItemId = NewType("ItemId", str)
IdentifierType = NewType("IdentifierType", str)

EMAIL = IdentifierType("email")
PHONE = IdentifierType("phone")
CUSTOMER_ID = IdentifierType("customer_id")


class Action(StrEnum):
    """What a task asks of an account."""

    LOCATE = "locate"
    EXPORT = "export"
    SUPPRESS = "suppress"
    RESTRICT = "restrict"
    LIFT = "lift"
    RECTIFY = "rectify"
    ERASE = "erase"
    NOTIFY = "notify"


class ActionClass(StrEnum):
    """How much an action can harm; holds name these classes."""

    READING = "reading"
    PROTECTIVE = "protective"
    CHANGING = "changing"
    IRREVERSIBLE = "irreversible"
    TELLING = "telling"


CLASS_OF: Mapping[Action, ActionClass] = MappingProxyType(
    {
        Action.LOCATE: ActionClass.READING,
        Action.EXPORT: ActionClass.READING,
        Action.SUPPRESS: ActionClass.PROTECTIVE,
        Action.RESTRICT: ActionClass.PROTECTIVE,
        Action.LIFT: ActionClass.PROTECTIVE,
        Action.RECTIFY: ActionClass.CHANGING,
        Action.ERASE: ActionClass.IRREVERSIBLE,
        Action.NOTIFY: ActionClass.TELLING,
    }
)


class Evidence(StrEnum):
    """How well a line is proven, weakest first; M is attested by a person."""

    E0 = "E0"  # sent
    E1 = "E1"  # accepted
    E2 = "E2"  # the processor says done
    E3 = "E3"  # signed by the processor
    E4 = "E4"  # read back and gone
    M = "M"  # attested by a person


class Effect(StrEnum):
    """Whether an HTTP operation changes anything at the processor."""

    READ = "read"
    WRITE = "write"


class Replay(StrEnum):
    """What may follow a call whose answer was lost."""

    REPEAT = "repeat"  # a second call is harmless: send it again
    LOOK = "look"  # read back first; repeat only what is still there
    ASK = "ask"  # a person decides


class Proof(StrEnum):
    """The best a connector can show after an erasure."""

    NONE = "none"  # the answer is all there is
    STATUS = "status"  # a job status says done: E2
    LOOKUP = "lookup"  # `read_back` sees the record gone: E4


class Mode(StrEnum):
    """How far an account takes part."""

    OFF = "off"
    DRY_RUN = "dry_run"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One typed identifier of a person, normalised; the value stays out of `repr`."""

    type: IdentifierType
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One record that `locate` found; `reference` is the processor's name for it."""

    id: ItemId
    reference: str = field(repr=False)
    kind: str
    record_class: str
    started_on: date | None = None
    proven: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to look for: the identifiers that the connector declared, no others."""

    task: TaskId
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """Frozen items of one task, and the key that names this call to the processor."""

    task: TaskId
    items: tuple[Item, ...]
    identifiers: tuple[Identifier, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    A processor's name for an accepted job.

    The value is the connector's own text (often JSON) and may identify a person:
    the shell seals it in the vault and hands it back to `poll` unchanged.
    `members` are the tasks the job answers for.
    """

    value: str = field(repr=False)
    action: Action = Action.ERASE
    members: tuple[TaskId, ...] = ()


@dataclass(frozen=True, slots=True)
class Installation:
    """The account's own name at the processor (a portal id, a project key)."""

    name: str


# --- what `locate` answers -------------------------------------------------


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


# --- outcomes: what a call learned of a task, free of personal data ---------


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
    """A recipient that is its own controller has been told."""

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


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    The processor took the job and will finish later.

    Made by the shell out of `JobAccepted`: the ticket itself is in the vault.
    """

    check_after: timedelta
    expected_within: timedelta | None = None
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request left and its answer was lost: the next step is a look."""

    cause: str
    kind: Literal["unknown"] = "unknown"


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing happened at the processor; ask again after this long, or as backoff says."""

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
    | Accepted
    | Unknown
    | Retry
    | Unconfirmed
    | NeedsHuman
    | NotApplicable
    | Failed
)


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """What a connector says when a job was accepted; the ticket is sealed at once."""

    ticket: Ticket
    check_after: timedelta
    expected_within: timedelta | None = None


Reply = Outcome | JobAccepted
Finding = Located | NothingFound | Ambiguous | Retry | NeedsHuman | NotApplicable | Failed


# --- what `read_back` answers ------------------------------------------------


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


# --- the export -----------------------------------------------------------------


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


# --- what a connector declares ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests in any window of `per`."""

    limit: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One HTTP operation a connector may use; the shell refuses every other.

    `path` is a template; its values are URL-encoded by the shell.  `identifies`
    names the path or query parameters that carry personal data because the API has
    no other form.  `base` names another base URL out of the account's options (the
    token host); `in_vendor_file` is false where the vendor's OpenAPI file leaves the
    operation out.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    effect: Effect
    identifies: frozenset[str] = frozenset()
    base: str = "base_url"
    in_vendor_file: bool = True
    rates: tuple[Rate, ...] | None = None  # own windows instead of the connector's


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """A secret in one header; `template` holds `{secret}` (for example `Bearer {secret}`)."""

    secret: str = "token"  # noqa: S105 (the name of a reference, not a secret)
    header: str = "Authorization"
    template: str = "Bearer {secret}"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4); the shell fetches and refreshes."""

    operation: str = "token"
    client_id: str = "client_id"
    client_secret: str = "client_secret"  # noqa: S105 (the name of a reference)
    scope_option: str | None = "scope"


Auth = HeaderAuth | ClientCredentials


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """
    All that the shell and the core must know of a connector.

    Durations are defaults: each can be set by account in the register.
    """

    name: str
    version: str
    vendor: str
    source: str  # the vendor's page and the date it was read
    actions: frozenset[Action]
    accepts: frozenset[IdentifierType]  # identifier types `locate` can search by
    yields: frozenset[IdentifierType]  # identifier types `locate` may learn
    operations: Mapping[str, Operation]
    auth: Auth
    rates: tuple[Rate, ...]
    proof: Proof
    replay: Mapping[Action, Replay]
    horizon: timedelta  # the longest the processor takes after accepting
    record_classes: frozenset[str]
    base_url: str | None = None
    # tasks in one call, by action (1 where absent)
    people_per_call: Mapping[Action, int] = field(default_factory=dict)
    # items of one task in one call, by action (all where absent)
    items_per_call: Mapping[Action, int] = field(default_factory=dict)
    # LOOKUP proof: so many empty looks, each this far apart
    looks_wanted: int = 1
    settle_for: timedelta = timedelta(0)
    timeout: timedelta = timedelta(seconds=30)
    concurrency: int = 8
