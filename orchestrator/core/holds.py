"""
Holds and rulings as values: what stops a case, and who decided what, by which law.

Nothing is free text: reasons are closed lists, and whoever decides is a pseudonym.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from orchestrator.core.grounds import Ground
from orchestrator.core.laws import Law
from schemas.connecting import ActionClass, TaskId


class HoldReason(StrEnum):
    """Why a case is held; the law's clock keeps running."""

    LEGAL_CLAIMS = "legal_claims"
    IDENTITY_DOUBT = "identity_doubt"
    RESTRICTION_ASKED = "restriction_asked"
    """The person asked to keep the data for now (Art 18(1)(b) and (c) GDPR)."""
    AUTHORITY = "authority"
    INCIDENT = "incident"
    REVIEW = "review"
    """The register wants a person to decide; an approval or a refusal ends it."""
    BRAKE = "brake"
    """Too many erasures came from one source; two people release it."""


BY_RULE = frozenset({HoldReason.REVIEW, HoldReason.BRAKE})
"""Holds that no person sets."""
DECISIVE = frozenset(
    {ActionClass.IRREVERSIBLE, ActionClass.TELLING, ActionClass.CHANGING}
)
"""What a rule holds: never what protects (Art 18 GDPR), nor what only reads."""
HOLDABLE = DECISIVE | {ActionClass.READING}
"""What a person may hold: use always stops while we think."""
HOLD_PROVISION: dict[HoldReason, str] = {
    HoldReason.LEGAL_CLAIMS: "GDPR Art 17(3)(e)",
    HoldReason.IDENTITY_DOUBT: "GDPR Art 12(6)",
    HoldReason.RESTRICTION_ASKED: "GDPR Art 18(1)",
    HoldReason.AUTHORITY: "GDPR Art 17(3)(b)",
    HoldReason.INCIDENT: "GDPR Art 32",
}
_IN_CALIFORNIA: dict[HoldReason, str] = {
    HoldReason.LEGAL_CLAIMS: "Cal. Civ. Code 1798.145(a)",
    HoldReason.AUTHORITY: "Cal. Civ. Code 1798.145(a)",
    HoldReason.IDENTITY_DOUBT: "11 CCR 7060-7062",
}


def hold_provision(reason: HoldReason, law: Law) -> str | None:
    """Return what a hold rests on; nothing where a law has no such words."""
    match law:
        case Law.EU:
            return HOLD_PROVISION[reason]
        case Law.UNITED_KINGDOM:
            return f"UK {HOLD_PROVISION[reason]}"
        case Law.CALIFORNIA:
            return _IN_CALIFORNIA.get(reason)
        case Law.BRAZIL | Law.CHINA:
            return None
        case _:
            assert_never(law)


class OpeningReason(StrEnum):
    """Why a person opens a gate that stayed shut for too long."""

    NOT_REACHABLE = "not_reachable"
    """What it waits for does not answer."""
    DEADLINE_NEAR = "deadline_near"
    DONE_ELSEWHERE = "done_elsewhere"
    """What it waits for was done outside of this program."""


class UseStopping(StrEnum):
    """By which means the use of what is not erased has stopped."""

    AT_PROCESSOR = "at_processor"
    """The processor has marked or locked the records."""
    BY_SEPARATION = "by_separation"
    """They are held apart from daily use."""


class ReturnReason(StrEnum):
    """Why a read-back finds somebody again who was erased."""

    RETURNING_CUSTOMER = "returning_customer"
    """They came back by themselves after the erasure: they are left alone."""
    RESTORED = "restored"
    """The processor put a backup back: what is there is erased again."""
    IMPORTED_AGAIN = "imported_again"
    """A feed or an import brought it back: it is erased again."""
    NEVER_ERASED = "never_erased"
    """The processor was wrong: it is erased again."""


@dataclass(frozen=True, slots=True)
class Hold:
    """
    One reason to stop these classes of action, until it is released.

    What a person sets is looked at again at `review_at`; it never ends by itself.
    """

    reason: HoldReason
    classes: frozenset[ActionClass]
    at: datetime
    by: str
    owner: str | None = None  # who answers for it: a team or a role
    review_at: datetime | None = None  # of one that a person set
    is_due: bool = False  # that moment has come, and was told


class RulingKind(StrEnum):
    """What was decided."""

    HELD = "held"
    RELEASED = "released"
    APPROVED = "approved"
    REFUSED = "refused"
    REFUSED_IN_PART = "refused_in_part"
    GATE_OPENED = "gate_opened"
    EXTENDED = "extended"
    IDENTITY_ASKED = "identity_asked"
    IDENTITY_RECEIVED = "identity_received"
    RETURNED = "returned"
    ERASED_AGAIN = "erased_again"
    USE_STOPPED = "use_stopped"
    ANSWER_UNKNOWN = "answer_unknown"
    """A statement is lost that may have answered the case."""
    ANSWERED = "answered"
    """It was answered before a restore; no receipt of it is left."""
    ANSWERED_ANEW = "answered_anew"
    """It was not answered before: it goes on to its answer."""


REFUSALS = frozenset({RulingKind.REFUSED, RulingKind.REFUSED_IN_PART})


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision: its reason, provision and scope, by whom, and when."""

    kind: RulingKind
    at: datetime
    by: tuple[str, ...]
    reason: str | None = None
    provision: str | None = None
    classes: frozenset[ActionClass] = frozenset()
    record_classes: frozenset[str] = frozenset()
    task: TaskId | None = None
    gate: str | None = None
    review_at: datetime | None = None  # of a hold


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the first of two deciders said; an approval has no ground."""

    by: str
    ground: Ground | None = None
    record_classes: frozenset[str] = frozenset()
