"""Register entries of in-house systems that are instructed over HTTPS."""

from __future__ import annotations

from connectors.fakes.webhook import TEAM_KEY

_ACCOUNT = """
[recipients.{name}]
legal_name = "Loyalty SAS"
role = "processor"
country = "FR"

[accounts.{name}]
recipient = "{name}"
connector = "webhook"
category = "other"
environment = "sandbox"
mode = "live"
read_back = []
base_url = "{url}/{name}"
allow_http = true
allow_hosts = ["127.0.0.1"]

[accounts.{name}.secrets]
token = "env:WEBHOOK_TOKEN"

[accounts.{name}.options]
signing_keys = ["{key}"]

[accounts.{name}.waits]
retry_base = "50ms"
ping_every = "200ms"
settle_for = "50ms"
check_after = "50ms"
"""


def a_team(name: str, url: str) -> str:
    """Return the entry of the system *name*, whose fake lives below *url*."""
    return _ACCOUNT.format(name=name, url=url, key=TEAM_KEY)
