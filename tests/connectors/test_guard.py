"""What a connector does without HTTP passes the shell like a request."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from connectors.testing import FreeGate, MappingSecrets
from connectors.transport.http import (
    Api,
    CredentialsRefused,
    EgressRefused,
    Target,
    open_api,
)
from schemas.connecting import Deed, Effect, Mode
from tests.connectors.echo import SPEC


def _opened(mode: Mode = Mode.LIVE, **secrets: str) -> tuple[Api, FreeGate]:
    """Open an API whose connector may read and write rows, and ask for one secret."""
    spec = replace(
        SPEC,
        deeds={"read_rows": Deed(Effect.READ), "delete_rows": Deed(Effect.WRITE)},
        own_secrets=("dsn",),
    )
    gate = FreeGate()
    return open_api(Target(spec, {}, mode), MappingSecrets(secrets), gate), gate


def _do(api: Api, deed: str) -> bool:
    """Do *deed*, and tell that it was let through."""

    async def step() -> bool:
        async with api, api.guard(deed):
            return True

    return asyncio.run(step())


@pytest.mark.parametrize(
    ("mode", "deed", "told"),
    [
        pytest.param(Mode.LIVE, "drop_all", "not_declared", id="undeclared"),
        pytest.param(Mode.OFF, "read_rows", "account_is_off", id="off"),
        pytest.param(Mode.DRY_RUN, "delete_rows", "dry_run", id="dry run"),
    ],
)
def test_deed_that_may_not_be_is_refused(mode: Mode, deed: str, told: str) -> None:
    """The mode and the spec hold for deeds too; nothing passes the gate."""
    api, gate = _opened(mode)

    with pytest.raises(EgressRefused, match=told):
        _do(api, deed)

    assert gate.sends == []


@pytest.mark.parametrize(
    ("mode", "deed", "effect"),
    [
        pytest.param(Mode.LIVE, "delete_rows", Effect.WRITE, id="live writes"),
        pytest.param(Mode.DRY_RUN, "read_rows", Effect.READ, id="dry run reads"),
    ],
)
def test_deed_passes_the_gate_once(mode: Mode, deed: str, effect: Effect) -> None:
    """Rate windows and the lease are checked immediately before the deed."""
    api, gate = _opened(mode)

    assert _do(api, deed)

    assert gate.sends == [effect]


def test_connector_reads_only_the_secrets_it_declares() -> None:
    """A secret of somebody else is refused, and none shows itself."""
    api, _ = _opened(dsn="sqlite://", other="hush")

    secret = api.secret("dsn")

    assert secret.get_secret_value() == "sqlite://"
    assert "sqlite" not in repr(secret)
    with pytest.raises(EgressRefused, match="secret_not_declared"):
        api.secret("other")


def test_absent_secret_refuses_the_credentials() -> None:
    """Without its secret an account pauses; nothing is made up."""
    api, _ = _opened()

    with pytest.raises(CredentialsRefused, match="secret_missing"):
        api.secret("dsn")
