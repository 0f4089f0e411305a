"""Which credentials an operation is signed in with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from connectors.testing import MappingSecrets
from connectors.transport.credentials import Keyring, Token
from connectors.vtex import Vtex
from schemas.connecting import HeaderAuth, NoAuth

_OWN = HeaderAuth(secret="org", template="Basic {basic}")
_SECRETS = {"app_key": "key", "app_token": "token", "org": "name:word"}
_SPEC = replace(
    Vtex.spec,
    operations={
        "ours": Vtex.spec.operations["account"],
        "own": replace(Vtex.spec.operations["account"], auth=_OWN),
    },
)


@pytest.mark.parametrize(
    ("operation", "headers"),
    [
        pytest.param(
            "ours",
            {"X-VTEX-API-AppKey": "key", "X-VTEX-API-AppToken": "token"},
            id="the connector's, two headers",
        ),
        # RFC 7617: the base64 of `name:password`.
        pytest.param("own", {"Authorization": "Basic bmFtZTp3b3Jk"}, id="its own"),
    ],
)
def test_operation_has_the_credentials_it_declares(
    operation: str, headers: Mapping[str, str]
) -> None:
    """An operation's own credentials stand in place of the connector's, never with."""
    keyring = Keyring(_SPEC, MappingSecrets(_SECRETS), _no_token, {}, lambda: 0.0)

    credentials = keyring.credentials(_SPEC.operations[operation])

    assert asyncio.run(credentials.headers()) == headers


def test_connector_without_credentials_sends_none() -> None:
    """A connector that declares no credentials asks nobody for a secret."""
    anonymous = replace(_SPEC.operations["own"], auth=None)
    spec = replace(_SPEC, auth=NoAuth(), operations={"ours": anonymous})
    keyring = Keyring(spec, MappingSecrets({}), _no_token, {}, lambda: 0.0)

    assert asyncio.run(keyring.credentials(anonymous).headers()) == {}


def test_account_needs_the_secrets_of_all_operations() -> None:
    """The register is asked for every secret that may be sent, once."""
    assert _SPEC.secrets == ("app_key", "app_token", "org")


async def _no_token(
    operation: str, headers: Mapping[str, str], form: Mapping[str, str]
) -> Token:
    raise AssertionError((operation, headers, form))
