"""A register's plan at random, with any links that a register allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from orchestrator.core.plan import Plan, PlannedAccount
from orchestrator.core.words import AccountId, Until
from schemas.connecting import EMAIL, PHONE, Action, Mode, Proof, Replay
from schemas.kept_fields import KeptField
from tests.core.builders import (
    CRM,
    CUSTOMER,
    DISTINCT,
    EVERY_ACTION,
    HOUR,
    INVOICES,
    MAIL,
    SHOP,
    STATS,
    TELLING,
    a_plan,
    an_account,
)
from tests.core.rulings_at_random import ruled

TYPES = (EMAIL, PHONE, CUSTOMER, DISTINCT)
NAMES = (MAIL, SHOP, STATS, CRM)

_LIMITING = 0.2

T = TypeVar("T")


def a_random_plan(rng: Random) -> Plan:
    """Draw a plan of up to four accounts with any links that a register allows."""
    names = NAMES[: rng.randint(1, len(NAMES))]
    accounts = [_an_account(rng, name, names[:at]) for at, name in enumerate(names)]
    plan = a_plan(*accounts, retention=[INVOICES])
    roles = {
        id_: replace(one, role=rng.choice(["processor", "processor", "independent"]))
        for id_, one in plan.recipients.items()
    }
    margin = rng.choice([timedelta(0), timedelta(days=14)])
    plan = replace(plan, recipients=roles, identifiers_margin=margin)
    return ruled(rng, _limiting(_apart(rng), plan))


def _limiting(rng: Random, plan: Plan) -> Plan:
    """Let a law need some fields only, now and then, and accounts do with these."""
    if rng.random() > _LIMITING:
        return plan
    kinds = [KeptField.NAME, KeptField.AMOUNTS]
    accounts = [
        replace(one, reduces=some(rng, ["invoice"]), restricts=some(rng, ["invoice"]))
        for one in plan.accounts
    ]
    rules = tuple(replace(rule, fields=some(rng, kinds)) for rule in plan.retention)
    return replace(plan, accounts=tuple(accounts), retention=rules)


def _an_account(
    rng: Random, name: AccountId, earlier: Sequence[AccountId]
) -> PlannedAccount:
    """Draw an account; it is fed by earlier ones only, for circles are refused."""
    acting = (Action.ERASE, Action.EXPORT, Action.NOTIFY)
    replay = {action: rng.choice([*Replay]) for action in acting}
    actions = rng.choice([EVERY_ACTION, EVERY_ACTION | TELLING, TELLING])
    if not earlier:
        actions |= EVERY_ACTION  # a case reaches somebody, whatever its rights
    feeders = tuple(sorted(some(rng, earlier)))
    return an_account(
        name,
        actions=actions,
        accepts=some(rng, TYPES) | {rng.choice([EMAIL, EMAIL, EMAIL, DISTINCT])},
        yields=some(rng, TYPES),
        fed_by=feeders,
        fed_until={one: rng.choice([*Until]) for one in feeders if rng.random() < 0.5},
        is_identity_root=name is CRM,
        mode=rng.choice([*[Mode.LIVE] * 8, Mode.OFF, Mode.DRY_RUN]),
        is_sandbox=rng.random() < 0.3,
        proof=rng.choice([*Proof]),
        replay=replay if rng.random() < 0.9 else {},
        cancels=some(rng, [Action.ERASE, Action.EXPORT]),
        looks_wanted=rng.randint(1, 2),
        settle_for=pause(rng),
        read_back=rng.choice([(), (1,), (1, 7, 30)]),
    )


def _apart(rng: Random) -> Random:
    """Return a source of its own, so that *rng* draws all else as it did."""
    return Random(repr(rng.getstate()))  # noqa: S311 (a simulation)


def pause(rng: Random) -> timedelta:
    """Draw a time: none, an hour, or more than a day."""
    return rng.choice([timedelta(0), HOUR, 30 * HOUR])


def some(rng: Random, options: Sequence[T]) -> frozenset[T]:
    """Draw some of *options*, rather few."""
    return frozenset(option for option in options if rng.random() < 0.3)
