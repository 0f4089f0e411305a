"""
What the portal learns on `privacy.case-events`, free of personal data.

Each event is a closed model and a type constant.  Later versions add types and
optional members and rename none, so readers ignore what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from schemas.case_words import (
    CASE_AMENDED,
    CASE_ATTACHED,
    CaseAmended,
    CaseAttached,
)
from schemas.connecting import Action, ActionClass, Evidence
from schemas.fields import Code, Instant, Produced, SafeId, Sha256, Slug
from schemas.of_case import OfCase
from schemas.rejections import Rejection, RejectionCode
from schemas.requests import SupportedRight
from schemas.strict_json import canonical_json

# Never change: portals subscribe to these names.
REQUEST_REJECTED: Final = "privacy.request.rejected.v1"
CASE_OPENED: Final = "privacy.case.opened.v1"
ACCOUNT_SETTLED: Final = "privacy.account.settled.v1"
EXPORT_READY: Final = "privacy.export.ready.v1"
CASE_ANSWERED: Final = "privacy.case.answered.v1"
RECEIPT_ISSUED: Final = "privacy.receipt.issued.v1"
CASE_HELD: Final = "privacy.case.held.v1"
CASE_RELEASED: Final = "privacy.case.released.v1"
HOLD_DUE: Final = "privacy.hold.due.v1"
CASE_REFUSED: Final = "privacy.case.refused.v1"
TASK_REMINDED: Final = "privacy.task.reminded.v1"
TASK_ESCALATED: Final = "privacy.task.escalated.v1"
CASE_ALARMED: Final = "privacy.case.alarmed.v1"
NOTICE_READY: Final = "privacy.notice.ready.v1"

# The kinds of `schemas.connecting.Outcome`, and `found`, which `locate` ends with.
OutcomeKind = Literal[
    "done",
    "nothing_found",
    "retained",
    "exported",
    "notified",
    "not_told",
    "progress",
    "still_open",
    "accepted",
    "unknown",
    "retry",
    "unconfirmed",
    "needs_human",
    "handed_over",
    "not_applicable",
    "failed",
    "found",
]
Result = Literal[
    "complete", "complete_with_retention", "partial", "withdrawn", "refused"
]
StatementKind = Literal["interim", "final", "supplement"]
EscalationLevel = Literal[
    "due", "overdue", "late", "reminder", "processor", "breach_of_sla"
]
AlarmLevel = Literal[
    "50_percent", "75_percent", "90_percent", "7_days", "3_days", "1_day", "overdue"
]
NoticeKind = Literal["extension", "identity"]
# Our own sentences; no room for a payload.
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class RequestRejected(Produced):
    """A request event was not taken, and why; it opened no case."""

    TYPE: ClassVar = REQUEST_REJECTED

    code: RejectionCode = Field(description="What is wrong.")
    pointer: str = Field(
        max_length=200,
        pattern=r"^(/[A-Za-z0-9_]+)*$",
        description='JSON pointer into the data ("" is the whole event).',
    )
    rule: Sentence = Field(description="The rule that the event breaks.")
    hint: Sentence = Field(description="What to do about it.")
    request_id: SafeId | None = Field(
        default=None, description="The request, where its id could be read safely."
    )
    source: Annotated[str, StringConstraints(max_length=256)] | None = Field(
        default=None, description="ce_source, where it could be read safely."
    )
    event_id: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        default=None, description="ce_id, where it could be read safely."
    )

    @classmethod
    def of(cls, rejection: Rejection) -> RequestRejected:
        """Tell the portal what `schemas.intake` or the register found."""
        return cls(
            code=rejection.code,
            pointer=rejection.pointer,
            rule=rejection.rule,
            hint=rejection.hint,
            request_id=rejection.request_id,
            source=rejection.source,
            event_id=rejection.event_id,
        )


class CaseOpened(OfCase):
    """A request was taken; the law's clock and ours agree on `due_at`."""

    TYPE: ClassVar = CASE_OPENED

    controller: Slug = Field(description="The legal entity that answers.")
    rights: tuple[SupportedRight, ...] = Field(
        min_length=1, description="The rights that the case carries out."
    )
    due_at: Instant = Field(description="The answer leaves at this moment or before.")
    due_rule: Code = Field(description="The rule, with version, that gave `due_at`.")
    confirm_by: Instant | None = Field(
        default=None,
        description="By when the person is told that the request has arrived, where a "
        "law says so (11 CCR 7021(a)): the portal does that.",
    )


class AccountSettled(OfCase):
    """One account has finished one action, well or not."""

    TYPE: ClassVar = ACCOUNT_SETTLED

    account: Slug = Field(description="The account, as the register names it.")
    action: Action = Field(description="What it was asked to do.")
    outcome: OutcomeKind = Field(description="How that ended.")
    evidence: Evidence | None = Field(
        default=None, description="How well it is proven, where anything was done."
    )


class _OfTask(OfCase):
    """Which task, until when, and how often this was said of it."""

    account: Slug = Field(description="The account, as the register names it.")
    action: Action = Field(description="What is to be done there.")
    due_at: Instant = Field(description="Until when it is wanted.")
    count: Annotated[int, Field(ge=1)] = Field(
        description="How often this was said of the task, from 1."
    )


class TaskReminded(_OfTask):
    """Manual work is due soon; whoever does it should be reminded."""

    TYPE: ClassVar = TASK_REMINDED


class TaskEscalated(_OfTask):
    """
    Something is not done in time: a person should see to it before the deadline.

    Manual work that is due is told once, and every day after; each step of the ladder
    for accounts that stay silent once a task.
    """

    TYPE: ClassVar = TASK_ESCALATED

    level: EscalationLevel = Field(
        description="`due`: manual work is due now; `overdue`: it was due before; "
        "`late`: a processor's job has passed the time that it may take. Of an account "
        "that stays silent: `reminder`, to whoever operates this; `processor`: the DPO "
        "should write to the recipient; `breach_of_sla`: the time that it had is over, "
        "and the receipt will say so."
    )
    recipient: Label | None = Field(
        default=None, description="Whose account it is, by its legal name."
    )


class CaseAlarmed(OfCase):
    """The deadline comes nearer, or is over, and the case is not answered."""

    TYPE: ClassVar = CASE_ALARMED

    level: AlarmLevel = Field(
        description="How much of the time is over, how many days are left, or "
        "`overdue`; each is told once, and the most urgent of several alone."
    )
    due_at: Instant = Field(description="The answer leaves at this moment or before.")
    open_accounts: tuple[Slug, ...] = Field(
        description="Where something is still to be done; none if only we are late."
    )


class NoticeReady(OfCase):
    """The person is to be told something before the answer: the portal sends it."""

    TYPE: ClassVar = NOTICE_READY

    kind: NoticeKind = Field(
        description="`extension`: the answer takes longer, and why; `identity`: we "
        "must know who they are before anything is erased or copied."
    )
    reason: Code | None = Field(
        default=None, description="Of an extension: `complexity` or `number`."
    )
    send_by: Instant = Field(
        description="By when the notice must leave; at once if that is now."
    )
    due_at: Instant = Field(description="The deadline, as it stands from now on.")


class ExportReady(OfCase):
    """The person's copy can be fetched until `expires_at`; then it is shredded."""

    TYPE: ClassVar = EXPORT_READY

    expires_at: Instant = Field(description="After this the package is gone.")
    sha256: Sha256 = Field(description="Of the package as it is downloaded.")


class CaseAnswered(OfCase):
    """The final receipt is signed: the person can be told."""

    TYPE: ClassVar = CASE_ANSWERED

    answered_at: Instant = Field(description="When the final receipt was signed.")
    result: Result = Field(description="`complete` only if nothing is open or kept.")


class CaseHeld(OfCase):
    """Work on a case stops for a person; `due_at` stays what it was."""

    TYPE: ClassVar = CASE_HELD

    reason: Code = Field(
        description="`review`: a person decides first, as the register wants; `brake`:"
        " too many erasures came at once; else why a person stopped it."
    )
    action_classes: tuple[ActionClass, ...] = Field(
        min_length=1, description="What waits; what protects the person never does."
    )
    review_at: Instant | None = Field(
        default=None,
        description="When somebody looks at it again, where a person set it.",
    )


class HoldDue(OfCase):
    """A hold is to be looked at again; it stands until somebody releases it."""

    TYPE: ClassVar = HOLD_DUE

    reason: Code = Field(description="Why a person stopped the case.")
    review_at: Instant = Field(description="When it was to be looked at again.")
    owner: Code | None = Field(
        default=None, description="Who answers for it: a team or a role."
    )


class CaseReleased(OfCase):
    """A reason to hold the case is over."""

    TYPE: ClassVar = CASE_RELEASED

    reason: Code = Field(description="The reason of the hold that ended.")


class CaseRefused(OfCase):
    """
    A person refused the request, or the erasure of some record classes.

    The person must be told why, and of their remedies, without delay and within a month
    (Art 12(4) GDPR); a refused case is answered like any other.
    """

    TYPE: ClassVar = CASE_REFUSED

    ground: Code = Field(description="A ground out of the closed list.")
    provision: Label = Field(description="The provision behind the ground.")
    record_classes: tuple[Code, ...] = Field(
        default=(), description="What is left alone; empty: all that was asked."
    )


class ReceiptIssued(OfCase):
    """A statement was signed; the receipt itself is on `privacy.receipts`."""

    TYPE: ClassVar = RECEIPT_ISSUED

    number: Annotated[int, Field(ge=1)] = Field(
        description="The statement's number within its case, from 1."
    )
    kind: StatementKind = Field(description="What the statement is.")
    sha256: Sha256 = Field(description="Of the signed envelope, byte for byte.")
    key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_-]{1,128}$")] = (
        Field(description="The key that signed it.")
    )


CaseEvent = (
    RequestRejected
    | CaseOpened
    | AccountSettled
    | ExportReady
    | CaseAnswered
    | CaseHeld
    | CaseReleased
    | HoldDue
    | CaseRefused
    | ReceiptIssued
    | TaskReminded
    | TaskEscalated
    | CaseAlarmed
    | NoticeReady
    | CaseAmended
    | CaseAttached
)

CASE_EVENTS: Mapping[str, type[CaseEvent]] = MappingProxyType(
    {
        REQUEST_REJECTED: RequestRejected,
        CASE_OPENED: CaseOpened,
        ACCOUNT_SETTLED: AccountSettled,
        EXPORT_READY: ExportReady,
        CASE_ANSWERED: CaseAnswered,
        CASE_HELD: CaseHeld,
        CASE_RELEASED: CaseReleased,
        HOLD_DUE: HoldDue,
        CASE_REFUSED: CaseRefused,
        RECEIPT_ISSUED: ReceiptIssued,
        TASK_REMINDED: TaskReminded,
        TASK_ESCALATED: TaskEscalated,
        CASE_ALARMED: CaseAlarmed,
        NOTICE_READY: NoticeReady,
        CASE_AMENDED: CaseAmended,
        CASE_ATTACHED: CaseAttached,
    }
)


def event_data(event: Produced) -> bytes:
    """Spell an event's data canonically, without members that say nothing."""
    data: dict[str, Any] = event.model_dump(mode="json", exclude_none=True)
    return canonical_json(data)


def read_case_event(type_: str, data: bytes) -> CaseEvent:
    """
    Read the data of one event.

    Raises `KeyError` for a type that is not ours and `pydantic.ValidationError` for
    data that break its contract.
    """
    return CASE_EVENTS[type_].model_validate_json(data, strict=True)
