"""What a register says: plans, versions, accounts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestrator.adapters.register import Register, plan_from_json, plan_to_json
from orchestrator.core.plan import Ladder
from orchestrator.core.words import AccountId, Level, Right, Until
from schemas.connecting import Action, Mode, Rate
from tests.adapters.register_builders import (
    CRM_ID,
    DESK,
    DEVICE_ID,
    REGISTER,
    STATS,
    a_register,
    with_line,
)

CRM = AccountId("crm")
SHOP = AccountId("shop")
STATS_ID = AccountId("stats")


def test_plan_holds_what_the_core_needs(tmp_path: Path) -> None:
    """A plan carries names, order, waits and rules, decided once."""
    plan = a_register(tmp_path, REGISTER + STATS).plan_for("maison")

    assert plan is not None
    assert [account.id for account in plan.accounts] == [CRM, SHOP, STATS_ID]
    assert plan.account(CRM).is_identity_root
    assert plan.account(STATS_ID).fed_by == (SHOP,)
    assert plan.account(STATS_ID).awaited_of(SHOP) is Until.SETTLED
    assert plan.account(CRM).yields == {CRM_ID}
    assert plan.account(CRM).settle_for == timedelta(hours=24)
    assert plan.account(CRM).mode is Mode.LIVE
    assert plan.recipients["shop-vendor"].legal_name == "Shop Vendor GmbH"
    assert plan.retention[0].keeps_until(date(2026, 3, 1)) == date(2034, 12, 31)
    assert plan.demanded_level(Right.ACCESS) is Level.HIGH
    assert plan.demanded_level(Right.ERASURE) is Level.SUBSTANTIAL


def test_feeder_may_be_awaited_for_less_than_its_end(tmp_path: Path) -> None:
    """The register says how far it must have come; a plan in JSON remembers it."""
    feeding = 'fed_by = ["shop"]'
    less = STATS.replace(feeding, feeding + '\nfed_until = { shop = "accepted" }')
    plan = a_register(tmp_path, REGISTER + less).plan_for("maison")
    assert plan is not None

    kept = plan_from_json(plan_to_json(plan))

    assert kept.account(STATS_ID).awaited_of(SHOP) is Until.ACCEPTED


def test_unknown_controller_has_no_plan(tmp_path: Path) -> None:
    """A controller that the register does not name has no plan."""
    assert a_register(tmp_path).plan_for("stranger") is None


def test_plan_survives_json(tmp_path: Path) -> None:
    """A plan read back from the store equals the one that was pinned."""
    plan = a_register(tmp_path, REGISTER + STATS).plan_for("maison")
    assert plan is not None

    assert plan_from_json(plan_to_json(plan)) == plan


def test_account_of_other_controllers_stays_out_of_the_plan(tmp_path: Path) -> None:
    """An account that names its controllers is in nobody else's plan, nor feeds it."""
    other = """
[controllers.other]
legal_name = "Other SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@other.example"
"""
    text = with_line("accounts.shop", 'controllers = ["maison"]') + STATS + other

    plan = a_register(tmp_path, text).plan_for("other")

    assert plan is not None
    assert [account.id for account in plan.accounts] == [CRM, STATS_ID]
    assert plan.account(STATS_ID).fed_by == ()


def test_account_outside_its_validity_is_left_out(tmp_path: Path) -> None:
    """A case opened after an account's last day has another plan, by version too."""
    register = a_register(tmp_path, with_line("accounts.shop", "valid_to = 2026-06-30"))

    on_last_day = register.plan_for("maison", on=date(2026, 6, 30))
    day_after = register.plan_for("maison", on=date(2026, 7, 1))

    assert on_last_day is not None
    assert day_after is not None
    assert [account.id for account in on_last_day.accounts] == [CRM, SHOP]
    assert [account.id for account in day_after.accounts] == [CRM]
    assert on_last_day.version == register.version != day_after.version


def test_version_ignores_comments_and_order(tmp_path: Path) -> None:
    """Only content makes a version: comments and the order of tables do not."""
    tables = REGISTER.split("\n\n")
    reordered = "\n\n".join(reversed(tables)) + "\n# seen by the DPO\n"

    assert a_register(tmp_path, reordered).version == a_register(tmp_path).version


def test_version_follows_every_change(tmp_path: Path) -> None:
    """A changed wait is another version."""
    changed = a_register(tmp_path, with_line("accounts.crm.waits", 'settle_for = "1s"'))

    assert changed.version != a_register(tmp_path).version


def test_register_decides_waits_and_limits(tmp_path: Path) -> None:
    """What the register says beats the connector, also inside its options."""
    text = with_line("accounts.crm.waits", 'settle_for = "1s"').replace(
        'settle_for = "1s"',
        'settle_for = "1s"\n\n[accounts.crm.limits]\n'
        'rates = [{ limit = 2, per = "500ms" }]\nconcurrency = 3',
    )

    entry = a_register(tmp_path, text).accounts[CRM]

    assert entry.waits.settle_for == timedelta(seconds=1)
    assert entry.waits.looks_wanted == 2
    assert entry.options.model_dump()["settle_for"] == timedelta(seconds=1)
    assert entry.rates == (Rate(2, timedelta(milliseconds=500)),)
    assert entry.concurrency == 3
    assert (entry.spec.concurrency, entry.declared.concurrency) == (3, 8)
    assert entry.settings == {"region": "eu"}


def test_silence_is_escalated_as_the_account_says_else_as_in_general(
    tmp_path: Path,
) -> None:
    """`[escalation]` holds for every account that does not say otherwise itself."""
    text = f'{REGISTER}{STATS}\n[escalation]\nremind_after = "1d"\n'
    text += '[accounts.crm.escalation]\nescalate_after = "2d"\n'

    plan = a_register(tmp_path, text).plan_for("maison")

    assert plan is not None
    assert plan.account(CRM).ladder == Ladder(timedelta(days=1), timedelta(days=2))
    assert plan.account(STATS_ID).ladder == Ladder(timedelta(days=1))


def test_addresses_of_all_operations_are_gathered(tmp_path: Path) -> None:
    """The token host stands beside the API's own address."""
    entry = a_register(tmp_path).accounts[SHOP]

    assert entry.bases == {
        "base_url": "https://api.shop.example/maison",
        "token_url": "https://auth.shop.example",
    }


def test_connector_without_requests_needs_no_address(tmp_path: Path) -> None:
    """Where nothing leaves over HTTP, the register wants no address and no secret."""
    entry = a_register(tmp_path, REGISTER + DESK).accounts[AccountId("desk")]

    assert entry.bases == {}
    assert entry.secrets == {}


@pytest.mark.parametrize(
    ("supports", "actions"),
    [
        ("", {Action.LOCATE, Action.ERASE}),
        ('supports = ["erase"]', {Action.LOCATE, Action.ERASE}),
        ('supports = ["export"]', {Action.LOCATE}),
    ],
)
def test_option_narrows_what_is_asked(
    tmp_path: Path, supports: str, actions: set[Action]
) -> None:
    """`supports` takes actions away and never adds one; the search stays."""
    text = f"{REGISTER}{DESK}\n[accounts.desk.options]\n{supports}\n"

    plan = a_register(tmp_path, text).plan_for("maison")

    assert plan is not None
    assert plan.account(AccountId("desk")).actions == actions


def test_mapped_field_becomes_a_yielded_identifier(tmp_path: Path) -> None:
    """An identifier type named in `options.yields` counts as yielded."""
    text = with_line("accounts.crm.options", 'yields = { device = "stats.device_id" }')

    assert a_register(tmp_path, text).accounts[CRM].yields == {CRM_ID, DEVICE_ID}


def test_register_is_a_value(tmp_path: Path) -> None:
    """Two readings of one file are equal."""
    first: Register = a_register(tmp_path)

    assert first == a_register(tmp_path)
