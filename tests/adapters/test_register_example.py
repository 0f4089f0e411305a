"""The example register and the page about registers say what is true."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.base import Options
from connectors.registry import connectors
from orchestrator.adapters.register import (
    ConnectorFacts,
    Register,
    check,
    load_register,
    plan_from_json,
    plan_to_json,
)
from orchestrator.adapters.register.account_tables import WaitsTable
from orchestrator.core.plan import Plan
from orchestrator.core.words import AccountId
from schemas.connecting import IdentifierType, Mode
from tests.support.register_doc import PAGE, rewritten

EXAMPLE = Path(__file__).parents[2] / "examples" / "register.toml"
CATALOG = {
    name: ConnectorFacts(it.spec, it.options) for name, it in connectors().items()
}
# What the privacy policy names: the reason for this system.
POLICY = {
    *("crm", "email_marketing", "advertising", "analytics", "events", "booking"),
    *("fulfilment", "delivery", "returns", "refunds", "it_services"),
}


@pytest.fixture(scope="module")
def register() -> Register:
    """The example, read with the real connectors."""
    return load_register(EXAMPLE, CATALOG)


@pytest.fixture(scope="module")
def plan(register: Register) -> Plan:
    """The example controller's plan."""
    plan = register.plan_for("maison-exemple")
    assert plan is not None
    return plan


def test_example_has_every_category_and_every_connector(plan: Plan) -> None:
    """Each kind of third party has its account, and none of them may write."""
    assert {account.category for account in plan.accounts} == POLICY
    assert {account.connector for account in plan.accounts} == set(CATALOG)
    assert {account.mode for account in plan.accounts} == {Mode.DRY_RUN}
    assert [it.id for it in plan.accounts if it.is_identity_root] == ["hubspot"]


def test_recipient_that_decides_for_itself_is_told(plan: Plan) -> None:
    """The advertising platform is no processor, and its connector can tell it."""
    roles = {it.id: plan.recipients[it.recipient].role for it in plan.accounts}

    assert [id_ for id_, role in roles.items() if role != "processor"] == ["ads"]
    assert plan.account(AccountId("ads")).connector == "notify"


def test_example_survives_the_store(plan: Plan) -> None:
    """The plan of real connectors comes back equal from JSON, as one text."""
    text = plan_to_json(plan)

    assert plan_from_json(text) == plan
    assert plan_to_json(plan_from_json(text)) == text


def test_every_accounts_people_can_be_found(plan: Plan) -> None:
    """What Mixpanel is searched by is yielded by another account of the example."""
    yielded: frozenset[IdentifierType] = frozenset().union(
        *(it.yields for it in plan.accounts if it.id != "mixpanel")
    )

    assert plan.account(AccountId("mixpanel")).accepts <= yielded


def test_waits_reach_the_connectors_options(register: Register) -> None:
    """A connector that needs a wait itself gets the register's."""
    klaviyo = register.accounts[AccountId("klaviyo")]

    options = klaviyo.options.model_dump()

    assert (options["settle_for"], options["check_after"]) == (
        timedelta(hours=24),
        timedelta(hours=1),
    )


def test_every_accounts_options_are_its_connectors_own(register: Register) -> None:
    """A connector can be made from what the register holds."""
    for entry in register.accounts.values():
        assert isinstance(entry.options, CATALOG[entry.connector].options)
        assert isinstance(entry.options, Options)


def test_german_invoice_is_kept_eight_years(plan: Plan) -> None:
    """The example's rules count from the end of the year where the law says so."""
    ends = {rule.id: rule.keeps_until(date(2026, 3, 1)) for rule in plan.retention}

    assert ends == {
        "de-invoices": date(2034, 12, 31),
        "de-orders": date(2032, 12, 31),
        "fr-invoices": date(2036, 12, 31),
        "fr-orders": date(2036, 3, 1),
        "de-refunds": date(2034, 12, 31),
        "fr-refunds": date(2036, 12, 31),
    }


def test_example_raises_no_doubt(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its secrets in place, nothing in the example is doubtful."""
    for entry in register.accounts.values():
        for reference in entry.secrets.values():
            monkeypatch.setenv(reference.removeprefix("env:"), "not-a-real-one")

    assert [str(warning) for warning in check(register)] == []


def test_every_key_of_the_example_has_a_comment() -> None:
    """A reader never meets a key without a word about it."""
    bare: list[str] = []
    is_explained = False
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        is_key = re.match(r"[a-z_]+ = ", line)
        has_own = re.search(r"[\]\"}0-9a-z] # ", line)
        if is_key and not is_explained and not has_own:
            bare.append(line)
        # A comment holds for the keys right below it, up to a blank line or table.
        is_explained = line.startswith("#") or (is_explained and bool(is_key))

    assert bare == []


def test_page_is_written_from_the_models() -> None:
    """docs/register.md lists every table and key as the models have them."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == rewritten(page)


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_page_tells_every_option(name: str) -> None:
    """Each option of each connector stands on the page, and no other does."""
    facts = CATALOG[name]
    addresses = {it.base for it in facts.spec.operations.values()} - {"base_url"}
    options = {*facts.options.model_fields, *addresses}
    shared = {"yields", *WaitsTable.model_fields}

    told = re.findall(
        rf"^\| {name} \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert set(told) == options - shared
