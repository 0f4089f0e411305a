"""What people may rule of a case, in any order, and who must by the register."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random

from orchestrator.core.events import Event
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import HoldReason, OpeningReason, UseStopping
from orchestrator.core.plan import Plan, ReviewRule
from orchestrator.core.ruled import (
    CaseApproved,
    CaseHeld,
    CaseRefused,
    CaseReleased,
    GateOpened,
    UseStopped,
)
from orchestrator.core.ruling.reviewing import OPENABLE
from orchestrator.core.words import Right
from schemas.connecting import ActionClass
from tests.core.builders import DAY, HOUR
from tests.core.world import World

OTHERS = (None, "dpo-1", "dpo-2")


def ruled(rng: Random, plan: Plan) -> Plan:
    """Return *plan* with what must be decided, and how long an erasure waits."""
    delay = rng.choice([{}, {"DE": 30 * HOUR}])
    return replace(plan, reviews=_some_reviews(rng), cooling_off=delay)


def _some_reviews(rng: Random) -> tuple[ReviewRule, ...]:
    """Draw how many people decide on an erasure; rather nobody."""
    deciders = rng.choice([0, 0, 0, 1, 2])
    return (ReviewRule(Right.ERASURE, deciders),)


def a_ruling(world: World, rng: Random, _past: list[Event]) -> Event | None:
    """Let a person hold or refuse, seldom; and rather end what is held."""
    now, case, who = world.now, world.case, rng.choice(["dpo-1", "dpo-2", "dpo-3"])
    if rng.random() < 0.2:
        return _a_refusal(now, who, rng)
    if rng.random() < 0.05:
        accounts = [None, *(task.account for task in case.all_tasks.values())]
        means = rng.choice([*UseStopping])
        return UseStopped(now, means, who, rng.choice(accounts))
    if case.holds and rng.random() < 0.8:
        reason = rng.choice(case.holds).reason
        other = rng.choice(OTHERS)
        ends: list[Event] = [
            CaseReleased(now, reason, who, other),
            CaseApproved(now, who),
        ]
        return ends[reason is HoldReason.REVIEW]
    gates = [(task, task.gate) for task in case.all_tasks.values() if task.gate]
    ordered = [task for task, gate in gates if gate.reason in OPENABLE]
    shut = ordered or [task for task, _ in gates]
    if shut and rng.random() < 0.6:
        why = rng.choice([*OpeningReason])
        task = rng.choice(shut)
        assert task.gate is not None
        return GateOpened(now, task.id, task.gate.reason, why, who)
    if rng.random() < 0.5:
        return None
    some = [one for one in ActionClass if rng.random() < 0.3]
    options: list[Event] = [
        CaseHeld(
            now,
            frozenset(some),
            rng.choice([*HoldReason]),
            who,
            review_at=rng.choice([None, now + HOUR, now + 5 * DAY]),
        ),
        _a_refusal(now, who, rng),
        CaseApproved(now, who),
    ]
    return rng.choices(options, weights=[3, 2, 1])[0]


def _a_refusal(at: datetime, who: str, rng: Random) -> CaseRefused:
    """Draw a refusal, rather of some record classes."""
    classes = rng.choices([["invoice"], ["marketing_profile"], []], [1, 4, 1])[0]
    ground, other = rng.choice([*Ground]), rng.choice(OTHERS)
    return CaseRefused(at, ground, who, frozenset(classes), other)
