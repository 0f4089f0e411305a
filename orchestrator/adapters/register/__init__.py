"""
The register: controllers, recipients, accounts, their order and retention rules.

`load_register` reads `register.toml` and answers with a `Register` or with every
mistake at once; `check` adds what a careful person should look at.
"""

from orchestrator.adapters.register.advice import RegisterWarning, check
from orchestrator.adapters.register.loading import Register, load_register
from orchestrator.adapters.register.planning import (
    plan_from_json,
    plan_to_json,
    planned_account,
)
from orchestrator.adapters.register.secrets import (
    AccountSecrets,
    proxy_at,
    resolve_secret,
)
from orchestrator.adapters.register.sharing import sharing
from orchestrator.adapters.register.values import AccountEntry, ConnectorFacts, Waits

__all__ = [
    "AccountEntry",
    "AccountSecrets",
    "ConnectorFacts",
    "Register",
    "RegisterWarning",
    "Waits",
    "check",
    "load_register",
    "plan_from_json",
    "plan_to_json",
    "planned_account",
    "proxy_at",
    "resolve_secret",
    "sharing",
]
