"""The end of a case: the copy, the statements, forgetting, and closing."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from orchestrator.core.afterwards.following import after_supplement, owed_by
from orchestrator.core.answer.results import result_of
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Statement,
    Wants,
)
from orchestrator.core.changing import replace
from orchestrator.core.clocks.alarms import passed
from orchestrator.core.events import (
    ExportCollected,
    ExportDownloaded,
    ExportSealed,
    ExportShredded,
    StatementSigned,
)
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.words import StatementKind


def after_export(
    case: Case,
    event: ExportSealed | ExportCollected | ExportDownloaded | ExportShredded,
) -> Case:
    """Follow the package from sealed to shredded; news out of order change nothing."""
    match event:
        case ExportSealed() if case.wants is Wants.SEAL_EXPORT:
            return replace(
                case,
                export=ExportStatus.SEALED,
                export_sha256=event.sha256,
                export_expires_at=event.expires_at,
            )
        case ExportCollected() if case.export_collected_at is None:
            return _collected(case, event)
        case ExportDownloaded(at=at) if _is_new_download(case, at):
            return replace(case, export_downloaded_at=at)
        case ExportShredded() if _may_be_shredded(case):
            return replace(case, export=ExportStatus.SHREDDED, shred_export_now=False)
        case ExportSealed() | ExportCollected() | ExportDownloaded() | ExportShredded():
            return case
        case _:
            assert_never(event)


def _collected(case: Case, event: ExportCollected) -> Case:
    """Note that the copy arrived; the controller may want it kept for less long now."""
    if case.export_sha256 is None:
        return case
    case = replace(case, export_collected_at=event.collected_at)
    kept_for = case.plan.export_kept_after_collection
    expires_at = case.export_expires_at
    if kept_for is None or expires_at is None or case.export is not ExportStatus.SEALED:
        return case
    until = min(expires_at, event.at + kept_for)
    return replace(case, export_expires_at=until, shred_export_now=not kept_for)


def _may_be_shredded(case: Case) -> bool:
    """Tell whether there is a copy, or what was gathered for a dropped one."""
    is_dropped = case.export is ExportStatus.DROPPED and case.is_copied
    return is_dropped or case.export is ExportStatus.SEALED


def _is_new_download(case: Case, at: datetime) -> bool:
    """Tell whether the sealed copy was downloaded now, and not told of before."""
    known = case.export_downloaded_at
    return case.export is ExportStatus.SEALED and (known is None or at > known)


def after_signature(case: Case, event: StatementSigned) -> Case:
    """
    Keep the statement; the final one answers the case, once.

    A final statement of a case that still has something open, or has its final one, is
    refused, and so is one that was read from an older version of the case or has a
    number out of order: what was signed with it is not stored.
    """
    wanted = {
        StatementKind.INTERIM: case.wants is Wants.SEAL_INTERIM,
        StatementKind.FINAL: case.wants is Wants.SEAL_STATEMENT,
        StatementKind.SUPPLEMENT: case.wants is Wants.SEAL_SUPPLEMENT,
    }
    is_next = event.number == case.next_number
    if event.case_version != case.version or not is_next or not wanted[event.kind]:
        return case
    statement = Statement(
        event.number, event.kind, event.sha256, event.key_id, event.at
    )
    case = replace(case, statements=(*case.statements, statement), wants_interim=False)
    match event.kind:
        case StatementKind.INTERIM:
            return case
        case StatementKind.FINAL:
            return _answered(case, event.at)
        case StatementKind.SUPPLEMENT:
            return after_supplement(case)
        case _:
            assert_never(event.kind)


def after_forgetting(case: Case, event: IdentityForgotten | OwedForgotten) -> Case:
    """
    Note that keys are destroyed: the identity's once the case is answered.

    What is still owed has keys of its own from then on, each until nothing is owed
    under it any more.  A locked case that owes anything keeps its identity key, for
    nothing else finds the records.
    """
    if case.status is not CaseStatus.ANSWERED:
        return case
    if isinstance(event, OwedForgotten):
        left = case.sealed_apart - (event.purposes & case.spent_keys)
        locked_at = case.locked_at if left else None
        return replace(case, sealed_apart=left, locked_at=locked_at)
    if not case.identity_held or (case.locked_at is not None and case.obligations):
        return case
    apart = frozenset(one.sealed_under for one in case.obligations)
    return replace(
        case,
        identity_held=False,
        locked_at=None,
        unlocked_until=None,
        sealed_apart=apart,
    )


def expired(case: Case, at: datetime) -> Case:
    """
    Mark a copy whose time is over, and the moments before the deadline that passed.

    The awaited moment is used up, so that the next one is computed even if nothing
    else has changed.
    """
    if case.wake_at is None or case.wake_at > at:
        return case
    over = (
        case.export is ExportStatus.SEALED
        and case.export_expires_at is not None
        and case.export_expires_at <= at
    )
    case = replace(case, wake_at=None, shred_export_now=case.shred_export_now or over)
    return passed(case, at)


def closed_if_over(case: Case, at: datetime) -> Case:
    """Close an answered case once nothing more is owed or held."""
    over = (
        case.status is CaseStatus.ANSWERED
        and not case.identity_held
        and not case.obligations
        and not case.sealed_apart
        and case.export in {ExportStatus.NOT_ASKED, ExportStatus.SHREDDED}
    )
    return replace(case, status=CaseStatus.CLOSED, closed_at=at) if over else case


def _answered(case: Case, at: datetime) -> Case:
    """Answer the case: its result stands, and what is still owed is written down."""
    return replace(
        case,
        status=CaseStatus.ANSWERED,
        answered_at=at,
        result=result_of(case),
        obligations=owed_by(case, at),
    )
