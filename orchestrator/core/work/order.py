"""
The order in which a plan is carried out: stages, and who waits for whom until when.

Drawn from the plan alone, by the rules of `gates` and `links`; a test opens a case and
compares.  What waits for general identifiers (those without a processor's name, which
most requests bring) is not a link here: nearly every account would have one to each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.core.plan import Plan, PlannedAccount
from orchestrator.core.tasks import GateReason
from orchestrator.core.words import AccountId, Until
from schemas.connecting import CLASS_OF, ActionClass, Mode


@dataclass(frozen=True, slots=True)
class Link:
    """That *later* waits for *earlier* behind a gate."""

    earlier: AccountId
    later: AccountId
    gate: GateReason
    until: Until
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """
    One account in the order.

    `wave` counts from 1: the accounts of one wave wait for nobody in it.  `opens` is
    how long before the deadline a person may open its gates of order.
    """

    id: AccountId
    recipient: str
    role: str
    category: str
    mode: Mode
    wave: int
    is_told: bool
    is_root: bool
    is_protected: bool
    opens: timedelta


@dataclass(frozen=True, slots=True)
class Order:
    """A plan's accounts in the order of an erasure, and every link."""

    controller: str
    places: tuple[Place, ...]
    links: tuple[Link, ...]

    def links_to(self, account: AccountId) -> Iterator[Link]:
        """Yield what *account* waits for."""
        return (link for link in self.links if link.later == account)


def order_of(plan: Plan) -> Order:
    """Return the order of an erasure under *plan*, the identity root last."""
    accounts = [one for one in plan.asked_in(()) if one.mode is not Mode.OFF]
    waves = _waves(accounts)
    places = [_place(plan, one, waves[one.id]) for one in accounts]
    return Order(
        controller=plan.controller,
        places=tuple(sorted(places, key=lambda one: (one.wave, one.id))),
        links=tuple(_links(plan, accounts)),
    )


def _links(plan: Plan, accounts: list[PlannedAccount]) -> Iterator[Link]:
    """Yield who waits for whom."""
    for one in accounts:
        for other in accounts:
            if other.id != one.id:
                yield from _between(other, one)
        if one.is_identity_root:
            for other in accounts:
                if other.id != one.id and not plan.tells(other):
                    yield Link(other.id, one.id, GateReason.OTHERS, Until.ACCEPTED)


def _between(earlier: PlannedAccount, one: PlannedAccount) -> Iterator[Link]:
    """Yield what follows where *earlier* fills or teaches another account."""
    is_fed = earlier.id in one.fed_by
    names = tuple(sorted(own for own in earlier.yields & one.accepts if "." in own))
    if is_fed:
        yield Link(earlier.id, one.id, GateReason.FEEDER, one.awaited_of(earlier.id))
    if names:
        located = GateReason.LOCATE, Until.LOCATED
        yield Link(earlier.id, one.id, *located, identifiers=names)
    if is_fed or names:
        yield Link(one.id, earlier.id, GateReason.FED_LOCATE, Until.LOCATED)


def _waves(accounts: list[PlannedAccount]) -> Mapping[AccountId, int]:
    """Return how many erasures, one after the other, come up to each account."""
    known = {one.id: one for one in accounts}
    waves: dict[AccountId, int] = {}

    def wave(one: PlannedAccount) -> int:
        if one.id not in waves:
            before = [wave(known[id_]) for id_ in one.fed_by if id_ in known]
            waves[one.id] = 1 + max(before, default=0)
        return waves[one.id]

    last = max((wave(one) for one in accounts if not one.is_identity_root), default=0)
    return waves | {one.id: last + 1 for one in accounts if one.is_identity_root}


def _place(plan: Plan, one: PlannedAccount, wave: int) -> Place:
    """Return one account's place."""
    return Place(
        id=one.id,
        recipient=plan.recipients[one.recipient].legal_name,
        role=plan.recipients[one.recipient].role,
        category=one.category,
        mode=one.mode,
        wave=wave,
        is_told=plan.tells(one),
        is_root=one.is_identity_root,
        is_protected=any(
            CLASS_OF[action] is ActionClass.PROTECTIVE for action in one.actions
        ),
        opens=one.horizon + plan.gate_margin,
    )
