"""What a person decides of a whole case: hold, release, approve, refuse, stop use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from orchestrator.adapters.reading.queries import Queries
from orchestrator.bootstrap.installation import Installation
from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.grounds import PROVISIONS, Ground, fits
from orchestrator.core.holds import (
    BY_RULE,
    HOLDABLE,
    HoldReason,
    Proposal,
    UseStopping,
)
from orchestrator.core.laws import law_of
from orchestrator.core.people import is_same_person
from orchestrator.core.ruled import (
    CaseApproved,
    CaseHeld,
    CaseRefused,
    CaseReleased,
    CaseRuling,
    UseStopped,
)
from orchestrator.core.ruling.reviewing import may_refuse
from orchestrator.core.ruling.stopping import ONLY_STORED, STORED_FOR, is_use_stopped
from orchestrator.core.words import AccountId
from orchestrator.engine import Step
from orchestrator.errors import NotPossible
from schemas.connecting import Action, ActionClass


class Deciding:
    """Takes people's rulings; raises `NotPossible` where one does not fit."""

    def __init__(self, installation: Installation) -> None:
        """Keep the parts; nothing is opened yet."""
        self._parts = installation
        self._queries = Queries(installation.database)

    def hold(
        self,
        id_: str,
        classes: Collection[ActionClass],
        reason: HoldReason,
        by: str,
        *,
        owner: str | None = None,
        review_at: datetime | None = None,
    ) -> None:
        """Stop these classes of action; what protects the person never stops."""
        case = self._open(id_, may_owe=True)
        if not set(classes) <= HOLDABLE:
            raise NotPossible("What protects the person is never held.")
        if reason in BY_RULE:
            raise NotPossible(f"{reason} is set by a rule, not by a person.")
        at = self._parts.clock.now()
        if review_at is not None and review_at <= at:
            raise NotPossible("The day of the review is over; name one that is ahead.")
        self._apply(
            case,
            CaseHeld(at, frozenset(classes), reason, by, owner, review_at),
            "these classes are held for this reason already",
        )

    def release(self, id_: str, reason: HoldReason, by: str) -> None:
        """End a hold that a person set."""
        case = self._open(id_, may_owe=True)
        ends = {
            HoldReason.REVIEW: "`erasure case approve` or `erasure case refuse`",
            HoldReason.BRAKE: "`erasure brake release` or `refuse`, by two people",
        }
        if reason in ends:
            raise NotPossible(f"A hold for {reason} ends with {ends[reason]}.")
        event = CaseReleased(self._parts.clock.now(), reason, by)
        self._apply(case, event, f"there is no hold for {reason}")

    def approve(self, id_: str, by: str) -> bool:
        """Approve a case under review; tells whether it goes on, or a second must."""
        case = self._open(id_)
        if not case.is_under_review:
            raise NotPossible("This case waits for nobody's decision.")
        self._refuse_twice(case, Proposal(by))
        event = CaseApproved(self._parts.clock.now(), by)
        self._apply(case, event, "the case has moved; look again")
        return not self._queries.case_now(id_).is_under_review

    def refuse(
        self, id_: str, ground: Ground, by: str, record_classes: Collection[str]
    ) -> bool:
        """Refuse a case, or the erasure of some classes; tells whether it stands."""
        case, classes = self._open(id_), frozenset(record_classes)
        self._refuse_unknown(case, classes)
        law = law_of(case.jurisdiction)
        if ground not in PROVISIONS[law]:
            known = ", ".join(PROVISIONS[law])
            raise NotPossible(
                f"The law of this case ({law}) does not know the ground {ground}; it"
                f" knows {known}."
            )
        if not fits(ground, law, case.rights, in_part=bool(classes)):
            raise NotPossible(
                f"The ground {ground} does not fit the rights of this case, or a"
                " refusal in part."
            )
        if not may_refuse(case, classes):
            raise NotPossible(
                "It is too late to refuse: something was erased or told, is being"
                " called right now, or nothing is left to do."
            )
        _refuse_what_is_used(case, ground)
        self._refuse_twice(case, Proposal(by, ground, classes))
        event = CaseRefused(self._parts.clock.now(), ground, by, classes)
        self._apply(case, event, "it is refused already")
        after = self._queries.case_now(id_)
        return len(after.rulings) > len(case.rulings)

    def stop_use(
        self, id_: str, means: UseStopping, by: str, account: str | None = None
    ) -> None:
        """Note that what is not erased is only stored and protected by now."""
        case = self._queries.case_now(id_)
        if case.status not in {CaseStatus.RUNNING, CaseStatus.ANSWERED}:
            raise NotPossible(f"Nothing is to say: the case is {case.status}.")
        if case.withdrawn_at is not None:
            raise NotPossible("Nothing is to say: the request is withdrawn.")
        named = None if account is None else AccountId(account)
        erasures = sorted(task.account for task in case.tasks_of(Action.ERASE))
        if named is not None and named not in erasures:
            raise NotPossible(
                f"This case erases nothing at {account}; it does at"
                f" {', '.join(erasures) or 'no account'}."
            )
        event = UseStopped(self._parts.clock.now(), means, by, named)
        self._apply(case, event, "it was said so already")

    def _open(self, id_: str, *, may_owe: bool = False) -> Case:
        """Return a case that can still be decided; or, for a hold, one that owes."""
        case = self._queries.case_now(id_)
        owes = case.status is CaseStatus.ANSWERED and bool(case.obligations)
        if case.status is not CaseStatus.RUNNING and not (may_owe and owes):
            raise NotPossible(f"Nothing is to decide: the case is {case.status}.")
        if case.withdrawn_at is not None:
            raise NotPossible("Nothing is to decide: the request is withdrawn.")
        if case.refused_for is not None:
            raise NotPossible("Nothing is to decide: the request is refused.")
        return case

    def _refuse_unknown(self, case: Case, classes: frozenset[str]) -> None:
        """Refuse a record class that no account has: a slip would erase the records."""
        specs = [entry.spec for entry in self._parts.register.accounts.values()]
        known = {one for spec in specs for one in spec.record_classes}
        tasks = case.all_tasks.values()
        known |= {item.record_class for task in tasks for item in task.items}
        strange = sorted(classes - known)
        if strange:
            raise NotPossible(
                f"No account has the record class {strange[0]}; there are"
                f" {', '.join(sorted(known))}."
            )

    def _refuse_twice(self, case: Case, said: Proposal) -> None:
        """Refuse the same word of the same person where two must decide."""
        first = case.proposal
        if case.deciders <= 1 or first is None:
            return
        if is_same_person(first.by, said.by) and replace(first, by=said.by) == said:
            raise NotPossible(
                f"{said.by} has said so already; the register wants a second, different"
                " person."
            )

    def _apply(
        self, case: Case, event: CaseRuling | UseStopped, otherwise: str
    ) -> None:
        """Apply a ruling; says why if it changed nothing."""
        (applied,) = self._parts.engine.apply([Step(case.id, event)])
        if not applied:
            raise NotPossible(f"This changes nothing: {otherwise}.")


def _refuse_what_is_used(case: Case, ground: Ground) -> None:
    """Refuse to leave data to be stored only, while they are used for more."""
    law = law_of(case.jurisdiction)
    if law in ONLY_STORED and ground in STORED_FOR and not is_use_stopped(case):
        raise NotPossible(
            f"{ONLY_STORED[law]} lets what is not erased only be stored and protected:"
            " stop every other use of it, say so with `erasure case use-stopped`, and"
            " refuse then."
        )
