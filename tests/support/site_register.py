"""A register for tests: the four processors' fakes, short waits, wide limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.fakes import commercetools, hubspot, klaviyo, mixpanel, opendsr
from connectors.fakes.opendsr_signing import DOMAIN
from tests.support.publisher import PUBLISHER

ACCOUNTS = ("hubspot", "klaviyo", "mixpanel", "commercetools")

SECRETS = {
    "HUBSPOT_TOKEN": hubspot.TOKEN,
    "KLAVIYO_TOKEN": klaviyo.API_KEY,
    "MIXPANEL_TOKEN": mixpanel.OAUTH_TOKEN,
    "COMMERCETOOLS_CLIENT_ID": commercetools.CLIENT_ID,
    "COMMERCETOOLS_CLIENT_SECRET": commercetools.CLIENT_SECRET,
    "OPENDSR_AUTHORIZATION": opendsr.AUTHORIZATION,
}


@dataclass(frozen=True, slots=True)
class RegisterText:
    """What a test may choose; every wait is as TOML spells it."""

    accounts: tuple[str, ...] = ACCOUNTS
    keeps_orders: bool = False
    concurrency: int = 16
    rates: str = '[{ limit = 5000, per = "1s" }]'
    timeout: str = "30s"
    retry_cap: str = "200ms"
    ping_every: str = "200ms"
    # Further lines by account, as TOML: `{"hubspot": {"fed_by": '["klaviyo"]'}}`.
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    more: str = ""  # whole tables, as TOML
    # The authority behind the one processor that signs.
    roots_pem: str = ""
    read_back: str = "[]"  # else a case is closed a month later

    def at(self, url: str) -> str:
        """Return the register for fakes that live below *url*."""
        parts = [_CONTROLLER, PUBLISHER]
        parts += [self._account(name, url) for name in self.accounts]
        if self.keeps_orders:
            parts.append(_KEEPS_ORDERS)
        parts.append(self.more)
        return "\n".join(parts)

    def _account(self, name: str, url: str) -> str:
        values: dict[str, Any] = {
            "name": name,
            "url": url,
            "concurrency": self.concurrency,
            "rates": self.rates,
            "timeout": self.timeout,
            "retry_cap": self.retry_cap,
            "ping_every": self.ping_every,
            "roots_pem": self.roots_pem,
            "read_back": self.read_back,
            "extra": "\n".join(
                f"{key} = {value}" for key, value in self.extra.get(name, {}).items()
            ),
        }
        return _ACCOUNT.format(**values) + _OWN[name].format(**values)


_CONTROLLER = """
[controllers.maison-exemple]
legal_name = "Maison Exemple SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@maison-exemple.example"
dpo_key = "pPNA1HO9ECCkgVAAl1pJreB9HGydCooT7+bJS0Rz+Ec="
authority = "CNIL, cnil.fr"
min_verification = {{ erasure = "substantial" }}
""".replace("{{", "{").replace("}}", "}")

_ACCOUNT = """
[recipients.{name}]
legal_name = "{name} Ltd."
role = "processor"
country = "IE"

[accounts.{name}]
recipient = "{name}"
connector = "{name}"
category = "crm"
environment = "sandbox"
mode = "live"
read_back = {read_back}
base_url = "{url}/{name}"
allow_http = true
allow_hosts = ["127.0.0.1"]
{extra}

[accounts.{name}.limits]
rates = {rates}
concurrency = {concurrency}

[accounts.{name}.waits]
retry_base = "50ms"
retry_cap = "{retry_cap}"
ping_every = "{ping_every}"
timeout = "{timeout}"
settle_for = "50ms"
check_after = "50ms"
"""

_OWN = {
    "hubspot": f"""
[accounts.hubspot.secrets]
token = "env:HUBSPOT_TOKEN"

[accounts.hubspot.options]
yields = {{{{ customer_number = "customer_id", mixpanel_id = "mixpanel.distinct_id" }}}}
# Portal {hubspot.PORTAL_ID}.
""",
    "klaviyo": """
[accounts.klaviyo.secrets]
token = "env:KLAVIYO_TOKEN"

[accounts.klaviyo.options]
external_id_holds = "customer_id"
""",
    "mixpanel": f"""
[accounts.mixpanel.secrets]
token = "env:MIXPANEL_TOKEN"

[accounts.mixpanel.options]
project_token = "{mixpanel.PROJECT_TOKEN}"
compliance_type = "GDPR"
""",
    "commercetools": f"""
[accounts.commercetools.secrets]
client_id = "env:COMMERCETOOLS_CLIENT_ID"
client_secret = "env:COMMERCETOOLS_CLIENT_SECRET"

[accounts.commercetools.options]
auth_url = "{{url}}/commercetools"
project_key = "{commercetools.PROJECT}"
scope = "manage_project:{commercetools.PROJECT}"
customer_id = "externalId"
""",
}

_OWN["opendsr"] = f"""
[accounts.opendsr.secrets]
authorization = "env:OPENDSR_AUTHORIZATION"

[accounts.opendsr.options]
callback_url = "{opendsr.CALLBACK_URL}"
roots_pem = '''
{{roots_pem}}'''

[accounts.opendsr.options.differs]
processor_domain = "{DOMAIN}"
certificate_host = "127.0.0.1"
"""

_KEEPS_ORDERS = """
[[retention]]
id = "fr-orders"
record_class = "order"
statute = "Code de la consommation, art. L213-1"
years = 10
from_end_of_year = false
jurisdictions = ["FR"]
"""
