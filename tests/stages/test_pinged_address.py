"""What a person reads about an account whose address is inside a network."""

from __future__ import annotations

import asyncio

import pytest

from connectors.hubspot import HubSpot
from connectors.testing import MappingSecrets
from orchestrator.core.words import AccountId
from orchestrator.errors import NotPossible
from orchestrator.stages.work.accounts import AccountConfig, open_account
from orchestrator.stages.work.pinging import ping_once
from schemas.connecting import EMAIL, Mode


def test_ping_of_an_address_inside_names_account_host_and_line() -> None:
    """The sentence says what to write, whether the host is meant or not."""
    config = AccountConfig(
        id=AccountId("crm"),
        connector=HubSpot,
        spec=HubSpot.spec,
        options=HubSpot.options(),
        secrets=MappingSecrets({"token": "t"}),
        bases={"base_url": "https://10.0.0.7"},
        mode=Mode.LIVE,
        accepts=frozenset({EMAIL}),
    )

    async def ping() -> str:
        return await ping_once(open_account(config, lambda: 0.0), 0.0)

    with pytest.raises(NotPossible) as caught:
        asyncio.run(ping())

    assert str(caught.value) == (
        "crm: 10.0.0.7 leads inside a network; if the account is there, write "
        'allow_hosts = ["10.0.0.7"] in its table of the register, else correct '
        "base_url."
    )
