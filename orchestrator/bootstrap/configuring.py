"""From an account of the register to what a worker holds of it."""

from __future__ import annotations

from functools import partial
from typing import cast

from connectors.base import Connector, Options
from orchestrator.adapters.register import AccountEntry, AccountSecrets, proxy_at
from orchestrator.core.words import AccountId
from orchestrator.stages.work.accounts import AccountConfig


def config_of(
    entry: AccountEntry, connector: type[Connector], together: frozenset[AccountId]
) -> AccountConfig:
    """Return an account, *together* with which its credential opens others."""
    return AccountConfig(
        id=entry.id,
        connector=connector,
        spec=entry.spec,
        options=cast("Options", entry.options),
        secrets=AccountSecrets(entry.id, entry.secrets),
        bases=entry.bases,
        mode=entry.mode,
        accepts=entry.accepts,
        allow_http=entry.allow_http,
        allow_hosts=entry.allow_hosts,
        proxy=None if entry.proxy is None else partial(proxy_at, entry.proxy),
        installation=entry.installation,
        is_sandbox=entry.environment == "sandbox",
        ping_every=entry.waits.ping_every,
        check_after=entry.waits.check_after,
        lease=entry.waits.lease,
        linger=entry.waits.linger,
        settings=entry.settings,
        shares_with=together - {entry.id},
    )
