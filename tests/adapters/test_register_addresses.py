"""What a register says about an address that requests may not go to."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.words import AccountId
from tests.adapters.register_builders import (
    a_register,
    sentences_of,
    with_line,
    without_line,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            with_line("accounts.crm", 'base_url = "http://127.0.0.1:9"'),
            "accounts.crm.base_url: the address is not encrypted; "
            'write base_url = "https://…", or allow_http = true '
            "for a fake on loopback.",
            id="http",
        ),
        pytest.param(
            with_line("accounts.crm", 'base_url = "https://me:pw@host"'),
            "accounts.crm.base_url: an address without user, query or fragment is "
            'expected here; write base_url = "https://host/path".',
            id="address with a password",
        ),
        pytest.param(
            with_line("accounts.crm", 'base_url = "https://10.0.0.7/api"'),
            "accounts.crm.base_url: 10.0.0.7 is inside a network, not on the internet; "
            'write allow_hosts = ["10.0.0.7"] if the account is there.',
            id="address inside a network",
        ),
        pytest.param(
            with_line("accounts.shop.options", 'token_url = "https://localhost"'),
            "accounts.shop.options.token_url: localhost is inside a network, not on "
            'the internet; write allow_hosts = ["localhost"] if the account is there.',
            id="second address inside a network",
        ),
        pytest.param(
            with_line("accounts.crm", 'base_url = "https://169.254.169.254"'),
            "accounts.crm.base_url: 169.254.169.254 is no account's address; "
            "write the system's own.",
            id="address of nobody",
        ),
        pytest.param(
            with_line("accounts.crm", 'base_url = "https://0x7f.1/"'),
            "accounts.crm.base_url: an address without user, query or fragment is "
            'expected here; write base_url = "https://host/path".',
            id="address in hex",
        ),
        pytest.param(
            with_line("accounts.crm", 'allow_hosts = ["crm.corp:8443"]'),
            'accounts.crm.allow_hosts[1]: "crm.corp:8443" is not a host (a name or an '
            'address, without port); write allow_hosts = ["crm.corp.example"].',
            id="host with a port",
        ),
        pytest.param(
            with_line("accounts.crm", 'allow_hosts = ["169.254.169.254"]'),
            'accounts.crm.allow_hosts[1]: "169.254.169.254" is no account\'s address, '
            'whoever allows it; write allow_hosts = ["crm.corp.example"].',
            id="metadata allowed",
        ),
        pytest.param(
            with_line("accounts.crm", 'proxy = "http://me:pw@proxy:3128"'),
            "accounts.crm.proxy: a proxy is http://HOST:PORT or https://HOST:PORT, "
            'without a password; write "env:NAME" or "file:/PATH" where it needs a '
            "password.",
            id="proxy with a password",
        ),
        pytest.param(
            without_line("accounts.shop", "base_url"),
            "accounts.shop.base_url: shop has no common address; "
            'write base_url = "https://…" as the account\'s own settings show it.',
            id="address missing",
        ),
        pytest.param(
            without_line("accounts.shop.options", "token_url"),
            "accounts.shop.options.token_url: shop has no common address; "
            'write token_url = "https://…" as the account\'s own settings show it.',
            id="second address missing",
        ),
        pytest.param(
            with_line("accounts.shop.options", 'token_url = "http://auth"'),
            "accounts.shop.options.token_url: the address is not encrypted; "
            'write token_url = "https://…", or allow_http = true '
            "for a fake on loopback.",
            id="second address not encrypted",
        ),
    ],
)
def test_address_is_refused_with_what_to_write_instead(
    tmp_path: Path, text: str, expected: str
) -> None:
    """Each sentence names the account, the host and the line."""
    assert expected in sentences_of(tmp_path, text)


def test_allowed_host_is_compared_as_addresses_are(tmp_path: Path) -> None:
    """Capitals and brackets make no other host."""
    text = with_line(
        "accounts.crm",
        'base_url = "https://CRM.corp/"\nallow_hosts = ["Crm.Corp", "[::1]"]',
    )

    entry = a_register(tmp_path, text).accounts[AccountId("crm")]

    assert entry.allow_hosts == {"crm.corp", "::1"}
