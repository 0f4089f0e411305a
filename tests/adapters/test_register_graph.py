"""The drawn order is the one that the core keeps, for the example register."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.registry import connectors
from orchestrator.adapters.register import ConnectorFacts, load_register
from orchestrator.core.cases import Case, Found, ItemState
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import Plan
from orchestrator.core.settling import settle
from orchestrator.core.tasks import GateReason, Task
from orchestrator.core.words import AccountId, Until
from orchestrator.core.work.gates import opens_at, waits_for
from orchestrator.core.work.links import fed_accounts, teachers
from orchestrator.core.work.order import Order, order_of
from orchestrator.entrypoints.printing.drawing import as_dot, as_mermaid, as_text
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Action,
    Mode,
    NotApplicable,
)
from tests.core.builders import (
    SHOP,
    T0,
    a_plan,
    an_account,
    an_item,
    an_opening,
)

ROOT = Path(__file__).parents[2]
GENERAL = frozenset({EMAIL, PHONE, CUSTOMER_ID})
ENDED = NotApplicable("closed_by_person")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The example controller's plan, read with the real connectors."""
    catalog = {
        name: ConnectorFacts(it.spec, it.options) for name, it in connectors().items()
    }
    register = load_register(ROOT / "examples" / "register.toml", catalog)
    plan = register.plan_for("maison-exemple")
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def order(plan: Plan) -> Order:
    """Its order."""
    return order_of(plan)


@pytest.fixture(scope="module")
def located(plan: Plan) -> Case:
    """A case in which every account was searched and has one record."""
    opening = an_opening(jurisdiction="FR", identifier_types=GENERAL)
    case = open_case(opening, plan).case
    for task in case.tasks_of(Action.LOCATE):
        found = replace(task, items=(an_item(str(task.account)),))
        case = case.with_task(settle(found, Found(1), T0))
    return case


def _deeds(case: Case) -> list[Task]:
    """Return every erasure and notice."""
    return [*case.tasks_of(Action.ERASE), *case.tasks_of(Action.NOTIFY)]


def _all_over_but(case: Case, one: Task) -> Case:
    """Return the case with every erasure over but one that nobody has accepted."""
    for task in case.tasks_of(Action.ERASE):
        is_it = task.id == one.id
        case = case.with_task(
            replace(task, items=(an_item(),)) if is_it else settle(task, ENDED, T0)
        )
    return case


def test_arrows_of_feeding_are_what_erasures_wait_for(
    located: Case, order: Order
) -> None:
    """With one feeder not over, exactly the drawn accounts wait for it."""
    for one in located.tasks_of(Action.ERASE):
        case = _all_over_but(located, one)
        others = [replace(t, outcome=None, status=one.status) for t in _deeds(located)]
        found = {
            task.account
            for task in others
            if task.account != one.account
            and waits_for(case, task) is GateReason.FEEDER
        }

        drawn = {
            link.later
            for link in order.links
            if link.earlier == one.account and link.gate is GateReason.FEEDER
        }
        assert found == drawn, one.account


def test_drawing_says_how_far_a_feeder_must_have_come(plan: Plan) -> None:
    """In words and on the arrow, where the register asks for less than its end."""
    accounts = [
        replace(one, fed_until={AccountId("commercetools"): Until.ACCEPTED})
        if one.id == "cdp"
        else one
        for one in plan.accounts
    ]

    order = order_of(replace(plan, accounts=tuple(accounts)))

    text = "\n".join(as_text(order))
    assert "<- commercetools accepted, vtex settled" in text
    assert '"commercetools" -> "cdp" [label="feeder: accepted"]' in "\n".join(
        as_dot(order)
    )


def test_root_waits_until_each_other_is_accepted(located: Case, order: Order) -> None:
    """Accepted is enough for the root, and not for whom the account feeds."""
    links = [link for link in order.links if link.gate is GateReason.OTHERS]
    drawn = {link.earlier for link in links}
    assert {link.until for link in links} == {Until.ACCEPTED}
    found = set()
    for one in located.tasks_of(Action.ERASE):
        root = next(t for t in _deeds(located) if t.account == "hubspot")
        case = _all_over_but(located, one)
        accepted = replace(one, items=(an_item(state=ItemState.ACCEPTED),))

        before = waits_for(case, root) is GateReason.OTHERS
        after = waits_for(case.with_task(accepted), root)

        found |= {one.account} if before else set()
        assert after is None
    assert found == drawn


def test_searches_come_before_what_follows_from_them(
    located: Case, order: Order
) -> None:
    """What a processor's own identifier links is drawn; general ones are not."""
    for account in located.plan.accounts:
        taught = {
            link.earlier
            for link in order.links_to(account.id)
            if link.gate is GateReason.LOCATE
        }
        fed = {
            link.earlier
            for link in order.links_to(account.id)
            if link.gate is GateReason.FED_LOCATE
        }

        assert taught <= teachers(located, account)
        assert fed <= {other.id for other in fed_accounts(located, account)}
        for other in fed_accounts(located, account):
            shared = other.accepts & account.yields
            is_general = bool(shared) and not any("." in one for one in shared)
            is_fed = account.id in other.fed_by
            assert (other.id in fed) or (is_general and not is_fed), other.id
    assert [x.later for x in order.links if x.gate is GateReason.LOCATE] == ["mixpanel"]


def test_waves_follow_the_arrows(order: Order) -> None:
    """Whoever waits for an erasure is in a later wave; the root is in the last."""
    waves = {place.id: place.wave for place in order.places}

    for link in order.links:
        if link.until is not Until.LOCATED:
            assert waves[link.earlier] < waves[link.later]
    assert [place.id for place in order.places][-1] == "hubspot"
    assert [place.id for place in order.places if place.is_told] == ["ads"]


def test_gate_opens_so_long_before_the_deadline(located: Case, order: Order) -> None:
    """The drawn span is the one that the core subtracts."""
    opens = {str(place.id): place.opens for place in order.places}
    far = replace(located, opened_at=T0.replace(year=2020))

    assert far.due_at - opens["mixpanel"] == _opens_at(far, "mixpanel")
    assert far.due_at - opens["vtex"] == _opens_at(far, "vtex")


def _opens_at(case: Case, account: str) -> object:
    """Return when the core lets a person open the account's gate."""
    task = next(t for t in _deeds(case) if t.account == account)
    return opens_at(case, task, GateReason.FEEDER)


@pytest.mark.parametrize("draw", [as_text, as_dot, as_mermaid])
def test_every_account_is_drawn(order: Order, draw: object) -> None:
    """Whatever the format."""
    assert callable(draw)
    text = "\n".join(draw(order))

    names = {place.id.replace("-", "_") for place in order.places}
    assert {name for name in names if name not in text.replace("-", "_")} == set()


def test_page_shows_what_the_command_draws(order: Order) -> None:
    """docs/register.md has the drawing of the example register."""
    page = (ROOT / "docs" / "register.md").read_text(encoding="utf-8")

    drawn = "\n".join(f"    {line}".rstrip() for line in as_text(order))

    assert drawn in page


def test_account_that_is_off_is_not_drawn() -> None:
    """Nobody waits for it: its line is closed when a case opens."""
    plan = a_plan(an_account(), an_account(SHOP))
    off = [replace(one, mode=Mode.OFF) for one in plan.accounts if one.id == SHOP]
    plan = replace(plan, accounts=(plan.accounts[0], *off))

    (place,) = order_of(plan).places

    assert place.id == "mail"


def test_plan_without_links_is_one_wave() -> None:
    """Nobody waits for anybody."""
    assert [place.wave for place in order_of(a_plan()).places] == [1]
