"""
What people see of cases, tasks and the rest: plain values, free of personal data.

The names of the fields are those of `--json`; add some, rename none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SilentLine:
    """How many open tasks of an account reached a rung of the ladder, and no higher."""

    account: str
    rung: str
    tasks: int


@dataclass(frozen=True, slots=True)
class RungLine:
    """A step of the ladder, and when it was taken."""

    rung: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """One look at the whole installation; `lag` is unknown where nobody can tell."""

    at: datetime
    database: str
    event_log: str
    workers: int
    lag: int | None
    unsent: int
    oldest_unsent_at: datetime | None
    open_cases: int
    overdue_cases: int
    unplanned_cases: int
    next_due_at: datetime | None
    tasks_needing_people: int
    waiting_tasks: int
    paused_accounts: tuple[str, ...]
    quarantined: int
    quarantined_near: int  # due within a week, or overdue
    unmatched_callbacks: int
    quarantine_percent: int = 0  # of the fullest cause that no publisher signed
    unkept: int = 0  # such events that had no room, in the last 24 hours
    silent: tuple[SilentLine, ...] = ()
    locked_cases: int = 0  # their identifiers are with a data protection officer
    overdue_identifiers: int = 0  # cases that keep them beyond their time
    pulled_brakes: int = 0
    owed: int = 0  # obligations of answered cases
    next_owed_on: date | None = None
    logged: int = 0
    log_standing: str = "unknown"
    is_held: bool = False
    checkpoints_in: str | None = None  # a file, beside the topic of receipts


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list."""

    id: str
    request_id: str
    controller: str
    rights: tuple[str, ...]
    status: str
    received_at: datetime
    due_at: datetime
    is_overdue: bool
    tasks: int
    tasks_settled: int
    tasks_needing_people: int
    export: str
    result: str | None
    next_alarm_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task in a list."""

    id: str
    case: str
    account: str
    action: str
    status: str
    reason: str | None
    gate: str | None
    outcome: str | None
    items: int
    attempts: int
    wake_at: datetime | None
    dispatch_by: datetime
    due_at: datetime | None = None  # of manual work
    assignee: str | None = None
    rung: str | None = None  # how far its account's silence was escalated


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A signed statement."""

    id: str
    case: str
    number: int
    kind: str
    signed_at: datetime
    key_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ObligationLine:
    """What is still owed after an answer."""

    account: str
    record_class: str
    rule: str
    due_on: date
    items: int
    kind: str = "retention"
    status: str = "not_due"  # of its follow-up
    fields: tuple[str, ...] = ()  # what the law needs until then; empty: all


@dataclass(frozen=True, slots=True)
class EndangeredLine:
    """What will not be over by the deadline; `expected_by` where anybody can say."""

    account: str
    action: str
    why: str
    expected_by: datetime | None


@dataclass(frozen=True, slots=True)
class HoldLine:
    """What stops a case."""

    reason: str
    classes: tuple[str, ...]
    at: datetime
    by: str
    owner: str | None = None
    review_at: datetime | None = None
    is_due: bool = False  # it is to be looked at again now


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A hold in a list, with the case that it stops."""

    case: str
    request_id: str
    case_due_at: datetime
    hold: HoldLine


@dataclass(frozen=True, slots=True)
class RulingLine:
    """What people decided of a case."""

    kind: str
    reason: str | None
    provision: str | None
    classes: tuple[str, ...]
    record_classes: tuple[str, ...]
    task: str | None
    by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event that changed the case."""

    version: int
    at: datetime
    event: str
    task: str | None
    detail: str | None
    by: str | None


@dataclass(frozen=True, slots=True)
class InformedLine:
    """What reached the person, as the portal says: a statement's number or a notice."""

    what: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AmendmentLine:
    """Identifiers that the portal sent later: their types, and whom they reached."""

    at: datetime
    types: tuple[str, ...]
    accounts: tuple[str, ...]
    passed_over: tuple[str, ...]  # account and why: "crm: already_dispatched"


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything about one case that does not identify the person."""

    id: str
    request_id: str
    controller: str
    subject: str
    rights: tuple[str, ...]
    jurisdiction: str
    channel: str
    status: str
    version: int
    register_version: str
    received_at: datetime
    opened_at: datetime
    due_at: datetime
    due_rule: str
    is_overdue: bool
    wake_at: datetime | None
    waits_for_exports_of: tuple[str, ...]
    export: str
    export_sha256: str | None
    export_expires_at: datetime | None
    export_downloaded_at: datetime | None
    identity_held: bool
    withdrawn_at: datetime | None
    rehearsal: tuple[str, ...]  # dry_run, test: nothing is done for real
    result: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    tasks: tuple[TaskLine, ...]
    statements: tuple[StatementLine, ...]
    obligations: tuple[ObligationLine, ...]
    history: tuple[HistoryLine, ...]
    next_alarm_at: datetime | None = None
    due_calendar: str | None = None
    confirm_by: datetime | None = None  # that the request has arrived
    extended_because: str | None = None
    identity_asked_at: datetime | None = None
    identity_received_at: datetime | None = None
    locks_at: datetime | None = None  # when the identifiers go under the DPO's key
    locked_at: datetime | None = None  # they are there
    due_if_suspended: datetime | None = None  # if waiting for the person did not count
    endangered: tuple[EndangeredLine, ...] = ()
    is_under_review: bool = False
    refused_for: str | None = None
    holds: tuple[HoldLine, ...] = ()
    rulings: tuple[RulingLine, ...] = ()
    export_collected_at: datetime | None = None  # as the portal says
    informed: tuple[InformedLine, ...] = ()
    amendments: tuple[AmendmentLine, ...] = ()
    led_by: str | None = None  # the case that answers it, too
    leads: tuple[str, ...] = ()  # the cases that are answered with it
    answered_with: str | None = None  # the statement: "<case>-<number>"


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """A candidate to decide on; `label`, `learned`: masked, absent of a shut vault."""

    record: int
    items: int
    kinds: Mapping[str, int]
    oldest_on: date | None
    newest_on: date | None
    label: str | None = None
    learned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskView:
    """Everything about one task that does not identify the person."""

    id: str
    case: str
    account: str
    action: str
    status: str
    step: str
    reason: str | None
    hint: str | None
    gate: str | None
    gate_opens_at: datetime | None
    outcome: str | None
    how: str | None  # which of several ways its connector chose
    item_states: Mapping[str, int]
    kept: tuple[str, ...]
    calls: int
    attempts: int
    answers_lost: int
    open_calls: int
    wake_at: datetime | None
    dispatch_by: datetime
    settled_at: datetime | None
    candidates: tuple[ChoiceLine, ...]
    expected_by: datetime | None = None  # the earliest of its open jobs
    is_late: bool = False
    due_at: datetime | None = None  # of manual work
    assignee: str | None = None
    reminders: int = 0
    escalations: int = 0
    attested_by: str | None = None
    evidence_sha256: str | None = None
    silent_since: datetime | None = None
    rungs: tuple[RungLine, ...] = ()
    write_to: str | None = None  # the recipient's contact, where the DPO is asked


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """A file that a person brought as evidence; it is shredded at `kept_until`."""

    id: str
    task: str
    sha256: str
    brought_at: datetime
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class LetterLine:
    """What a processor said by itself; the content is not shown here."""

    id: str
    account: str
    channel: str
    state: str
    code: str | None
    size: int
    received_at: datetime
    tried_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account: what the register says, and who works on it."""

    id: str
    connector: str
    environment: str
    mode: str
    state: str
    reason: str | None
    paused_by: str | None
    paused_at: datetime | None
    owner: str | None
    installation: str | None
    pinged_at: datetime | None
    waiting_tasks: int
    tasks_needing_people: int
    advice: str | None  # what ends the pause
    held_until: datetime | None  # the processor's own pause, as it asked for
