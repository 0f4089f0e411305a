"""
What reached the person, as the portal says; and whether a later word can be true.

A statement or a copy that nobody was told of cannot have reached anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, assert_never

from orchestrator.core.cases import Case
from orchestrator.core.changing import replace
from orchestrator.core.holds import REFUSALS
from orchestrator.core.intake.admission import CLOCK_SKEW
from orchestrator.core.intake.amending import may_be_amended
from orchestrator.core.later import PersonInformed
from orchestrator.core.words import Level
from schemas.later_words import (
    ExportCollection,
    NoticeTo,
    PersonInforming,
    RequestAmendment,
    Said,
)
from schemas.rejections import RejectionCode


class Doubt(NamedTuple):
    """Why a later word is not taken: a code, where it stands, and a nearer rule."""

    code: RejectionCode
    pointer: str
    rule: str | None = None


def after_informing(case: Case, event: PersonInformed) -> Case:
    """Note what reached the person; told again in one way, the first time counts."""
    if any(one.is_same_news(event.informed) for one in case.informed):
        return case
    return replace(case, informed=(*case.informed, event.informed))


def doubt(case: Case, said: Said, event_id: str, now: datetime) -> Doubt | None:
    """Return why a later word about *case* cannot be taken, if it cannot."""
    match said:
        case RequestAmendment():
            return _doubt_of_amendment(case, said, event_id, now)
        case PersonInforming():
            return _doubt_of_informing(case, said, now)
        case ExportCollection():
            if case.export_sha256 != said.sha256:
                return Doubt(RejectionCode.UNKNOWN_REFERENCE, "/sha256")
            return _doubt_of_time(said.collected_at, None, now, "/collected_at")
        case _:
            assert_never(said)


def _doubt_of_amendment(
    case: Case, said: RequestAmendment, event_id: str, now: datetime
) -> Doubt | None:
    """Refuse identifiers that come too late, or whose owner is not sure enough."""
    if event_id in {one.event_id for one in case.amendments}:
        return None  # a repeat
    if not may_be_amended(case):
        return Doubt(RejectionCode.NOT_OPEN, "/request_id")
    level = Level(said.verification.level.value)
    demanded = [case.plan.demanded_level(right) for right in case.rights]
    if not all(level.is_at_least(one) for one in demanded):
        return Doubt(RejectionCode.VERIFICATION_TOO_LOW, "/verification/level")
    verified_at = said.verification.verified_at
    return _doubt_of_time(verified_at, None, now, "/verification/verified_at")


def _doubt_of_informing(
    case: Case, said: PersonInforming, now: datetime
) -> Doubt | None:
    """Refuse news of a statement or notice that there is none of."""
    if said.notice is not None:
        made_at, pointer = _notice_at(case, said.notice), "/notice"
    else:
        numbered = {one.number: one.signed_at for one in case.statements}
        made_at, pointer = numbered.get(said.statement or 0), "/statement"
    if made_at is None:
        return Doubt(RejectionCode.UNKNOWN_REFERENCE, pointer)
    return _doubt_of_time(said.informed_at, made_at, now, "/informed_at")


def _notice_at(case: Case, notice: NoticeTo) -> datetime | None:
    """Return when a notice was made ready, if it was."""
    match notice:
        case NoticeTo.EXTENSION:
            return case.extension.at if case.extension else None
        case NoticeTo.IDENTITY:
            return case.identity_asked_at
        case NoticeTo.REFUSAL:
            refusals = (one.at for one in case.rulings if one.kind in REFUSALS)
            return min(refusals, default=None)
        case _:
            assert_never(notice)


def _doubt_of_time(
    said_at: datetime, not_before: datetime | None, now: datetime, pointer: str
) -> Doubt | None:
    """Refuse a time that is still to come, or before there was anything to tell."""
    if said_at > now + CLOCK_SKEW:
        rule = "A later word tells of what has happened: is the time's offset right?"
        return Doubt(RejectionCode.INVALID_VALUE, pointer, rule)
    if not_before is not None and said_at < not_before - CLOCK_SKEW:
        rule = "Nobody was told of a statement or notice before it was made."
        return Doubt(RejectionCode.INVALID_VALUE, pointer, rule)
    return None
