"""From a request that keeps the contract to the case that it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from orchestrator.core.answer.dossier import FROM_PORTAL, dump_identifiers
from orchestrator.core.cases import Scope, Verification
from orchestrator.core.deadlines import Calendar, calendar_country
from orchestrator.core.intake.brake import BrakeLimits
from orchestrator.core.intake.opening import Opening
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    COPY_RIGHTS,
    AccountId,
    CaseId,
    Level,
    Rehearsal,
    Right,
    SubjectRef,
)
from orchestrator.engine import Engine, NewCase
from orchestrator.ports import Bounds, Clock, OpenVault, Requests, Store, Vault, Write
from schemas.intake import SubmittedRequest


class Pseudonyms(Protocol):
    """Keyed pseudonyms and digests."""

    def subject_reference(self, controller: str, customer_id: str) -> str:
        """Name one person of one controller, the same in every case."""

    def digest(self, purpose: str, data: bytes) -> str:
        """Return a keyed digest of *data*."""


class PlanFor(Protocol):
    """Answers with a controller's plan on a day, or None for a stranger."""

    def __call__(self, controller: str, *, on: date) -> Plan | None:
        """Return the plan that a case opened on that day pins."""


class LimitsFor(Protocol):
    """Answers with how many erasures may come from a source of a controller."""

    def __call__(self, controller: str, source: str) -> BrakeLimits:
        """Return the limits of the source; `all` for all of them together."""


class CalendarFor(Protocol):
    """Answers with the public holidays of a country in a year and the next."""

    def __call__(self, country: str, year: int) -> Calendar:
        """Return the calendar by which a case's deadline is counted."""


class Doubts(Protocol):
    """Which requests may have been answered already, by a statement that is lost."""

    def of(self, request_id: str, received_at: datetime) -> tuple[str, ...]:
        """Return who let that answer go; nobody, if there is no doubt."""


class NoDoubts:
    """No statement is lost."""

    def of(self, request_id: str, received_at: datetime) -> tuple[str, ...]:
        """Return nobody."""
        del request_id, received_at
        return ()


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What ingest works with."""

    store: Store
    engine: Engine
    vault: Vault
    pseudonyms: Pseudonyms
    requests: Requests
    plan_for: PlanFor
    calendar_for: CalendarFor
    limits_for: LimitsFor
    seal_quarantined: Callable[[bytes, str], bytes]
    clock: Clock
    quarantine_for: timedelta
    on_applied: Callable[[], None]
    owns_log: bool = False  # the requests lie in our own database
    bounds: Bounds = field(default_factory=Bounds)
    doubts: Callable[[], Doubts] = NoDoubts


def new_case(
    parts: IngestParts, case: CaseId, submitted: SubmittedRequest, plan: Plan
) -> tuple[NewCase, OpenVault]:
    """
    Seal the person's identifiers and describe the case without them.

    The vault is open for what the same transaction has to add.
    """
    request = submitted.request
    identifiers = request.subject.known()
    opened, put_key = parts.vault.new_owner(case, "identity")
    writes: list[Write] = [
        put_key,
        opened.seal(case, FROM_PORTAL, dump_identifiers(identifiers)),
    ]
    rights = frozenset(Right(right.value) for right in request.rights)
    if rights & COPY_RIGHTS:
        writes.append(parts.vault.new_owner(case, "export")[1])
    opening = Opening(
        case=case,
        at=parts.clock.now(),
        request_id=request.request_id,
        subject=_subject(parts, request.subject.customer_id, plan),
        rights=rights,
        jurisdiction=request.jurisdiction,
        locale=request.locale,
        channel=request.channel.value,
        received_at=request.received_at,
        verification=_verification(submitted),
        identifier_types=frozenset(one.type for one in identifiers),
        scope=_scope(submitted),
        rehearsal=_rehearsal(submitted),
        calendar=parts.calendar_for(
            calendar_country(request.jurisdiction, plan.country),
            request.received_at.year,
        ),
    )
    return NewCase(opening, plan, tuple(writes)), opened


def in_doubt(new: NewCase, doubts: Doubts) -> NewCase:
    """Return *new* waiting for a person, if it may have been answered already."""
    opening = new.opening
    by = doubts.of(opening.request_id, opening.received_at)
    return replace(new, opening=replace(opening, unsure_by=by)) if by else new


def _subject(parts: IngestParts, customer_id: str | None, plan: Plan) -> SubjectRef:
    """Name the person, the same in every case if the portal has a name for them."""
    if customer_id is None:
        return SubjectRef(parts.clock.new_id("sub0"))
    return SubjectRef(parts.pseudonyms.subject_reference(plan.controller, customer_id))


def _verification(submitted: SubmittedRequest) -> Verification:
    """Return how the portal made sure of the person."""
    said = submitted.request.verification
    level = Level(said.level.value)
    return Verification(said.method.value, level, said.verified_at)


def _rehearsal(submitted: SubmittedRequest) -> frozenset[Rehearsal]:
    """Return what makes the request one that is not for real, if anything does."""
    request = submitted.request
    said = {Rehearsal.DRY_RUN: request.dry_run, Rehearsal.TEST: request.test}
    return frozenset(one for one, is_said in said.items() if is_said)


def _scope(submitted: SubmittedRequest) -> Scope:
    """Return what the person limited the request to."""
    scope = submitted.request.scope
    if scope is None:
        return Scope()
    accounts = scope.accounts
    classes = scope.record_classes
    return Scope(
        None if accounts is None else frozenset(AccountId(one) for one in accounts),
        None if classes is None else frozenset(classes),
    )
