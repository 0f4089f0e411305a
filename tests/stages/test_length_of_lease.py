"""How long a worker owns an account: as the register says, else as the setting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from orchestrator.core.words import AccountId
from orchestrator.stages.work.accounts import Account, AccountConfig, open_account
from orchestrator.stages.work.ownership import Owner, Ownership
from schemas.connecting import EMAIL, Mode
from tests.stages.an_office import Office

SETTING = timedelta(seconds=15)


def _an_account(id_: str, lease: timedelta | None, office: Office) -> Account:
    config = AccountConfig(
        id=AccountId(id_),
        connector=HubSpot,
        spec=HubSpot.spec,
        options=HubSpot.options(),
        secrets=MappingSecrets({}),
        bases={"base_url": "https://crm.example"},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
        lease=lease,
    )
    return open_account(config, office.clock.monotonic)


@pytest.mark.parametrize("renewals", [0, 1])
def test_lease_lasts_as_long_as_the_register_says(
    office: Office, renewals: int
) -> None:
    """An account with a lease of its own keeps it beside others, also when renewed."""
    leases = {"slow": timedelta(minutes=2), "usual": None}
    accounts = {
        AccountId(id_): _an_account(id_, lease, office) for id_, lease in leases.items()
    }
    office.claims.register(accounts.keys())
    owner = Owner("me", SETTING, is_alone=False)
    ownership = Ownership(accounts, office.claims, office.engine, office.clock, owner)

    ownership.tend()
    for _ in range(renewals):
        office.clock.advance(SETTING / 2)
        ownership.tend()

    now = office.clock.now()
    until = {state.id: state.lease_until for state in office.claims.accounts()}
    assert until == {"slow": now + timedelta(minutes=2), "usual": now + SETTING}
