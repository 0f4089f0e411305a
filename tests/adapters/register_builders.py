"""A small register and the catalog it needs, to be spoilt one line at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from orchestrator.adapters.register import ConnectorFacts, Register, load_register
from orchestrator.errors import SetUpError
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    Action,
    Auth,
    ClientCredentials,
    ConnectorSpec,
    Effect,
    HeaderAuth,
    IdentifierType,
    NoAuth,
    Operation,
    Proof,
    Rate,
    Replay,
)

CRM_ID = IdentifierType("crm.contact_id")
DEVICE_ID = IdentifierType("stats.device_id")

REGISTER = """
[controllers.maison]
legal_name = "Maison Exemple SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@maison-exemple.example"
dpo_key = "pPNA1HO9ECCkgVAAl1pJreB9HGydCooT7+bJS0Rz+Ec="
min_verification = { access = "high" }

[recipients.crm-vendor]
legal_name = "CRM Vendor Ltd"
role = "processor"

[recipients.shop-vendor]
legal_name = "Shop Vendor GmbH"
role = "processor"

[accounts.crm]
recipient = "crm-vendor"
connector = "crm"
category = "crm"
environment = "live"
mode = "live"
installation = "25012345"
identity_root = true

[accounts.crm.secrets]
token = "env:CRM_TOKEN"

[accounts.shop]
recipient = "shop-vendor"
connector = "shop"
category = "fulfilment"
environment = "live"
mode = "live"
installation = "maison-shop"
base_url = "https://api.shop.example/maison"

[accounts.shop.secrets]
client_id = "env:SHOP_CLIENT_ID"
client_secret = "file:/run/secrets/shop"

[accounts.shop.options]
token_url = "https://auth.shop.example"

[[retention]]
id = "de-invoices"
record_class = "invoice"
statute = "AO § 147 (3)"
years = 8
from_end_of_year = true
jurisdictions = ["DE"]
"""

STATS = """
[accounts.stats]
recipient = "crm-vendor"
connector = "stats"
category = "analytics"
environment = "sandbox"
mode = "live"
fed_by = ["shop"]

[accounts.stats.secrets]
token = "env:CRM_TOKEN"
"""


DESK = """
[accounts.desk]
recipient = "shop-vendor"
connector = "desk"
category = "delivery"
environment = "live"
mode = "live"
installation = "desk"
"""


class Options(BaseModel):
    """A connector's options as a stranger might declare them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    yields: Mapping[str, IdentifierType] = {}
    settle_for: timedelta = timedelta(hours=24)
    region: Literal["eu", "us"] = "eu"


class ShopOptions(BaseModel):
    """Options that leave the token host to the shell, as OAuth connectors do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    yields: Mapping[str, IdentifierType] = {}


class DeskOptions(BaseModel):
    """Options of a connector that can do more than each account is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    supports: frozenset[Action] | None = None


def a_spec(  # noqa: PLR0913 (each is one fact about a connector)
    name: str,
    *,
    accepts: frozenset[IdentifierType] = frozenset({EMAIL}),
    yields: frozenset[IdentifierType] = frozenset(),
    auth: Auth | None = None,
    base_url: str | None = "https://api.crm.example",
    record_classes: frozenset[str] = frozenset({"profile"}),
    operations: Mapping[str, Operation] | None = None,
) -> ConnectorSpec:
    """Return a connector's declaration with sensible defaults."""
    return ConnectorSpec(
        name=name,
        version="1",
        vendor=name.title(),
        source="nowhere, 2026-11",
        actions=frozenset({Action.LOCATE, Action.ERASE}),
        accepts=accepts,
        yields=yields,
        operations=operations or {},
        auth=auth or HeaderAuth(),
        rates=(Rate(3, timedelta(seconds=1)), Rate(60, timedelta(minutes=1))),
        proof=Proof.LOOKUP,
        replay={Action.ERASE: Replay.LOOK},
        horizon=timedelta(days=30),
        record_classes=record_classes,
        base_url=base_url,
        looks_wanted=2,
        settle_for=timedelta(hours=24),
    )


def a_catalog() -> dict[str, ConnectorFacts]:
    """Return a CRM, a shop with OAuth, statistics, and a desk without HTTP."""
    token = Operation("POST", "/oauth/token", Effect.READ, base="token_url")
    shop = a_spec(
        "shop",
        accepts=frozenset({EMAIL, CUSTOMER_ID}),
        auth=ClientCredentials(),
        base_url=None,
        record_classes=frozenset({"customer", "invoice"}),
        operations={"token": token},
    )
    crm = a_spec("crm", accepts=frozenset({EMAIL}), yields=frozenset({CRM_ID}))
    stats = a_spec("stats", accepts=frozenset({DEVICE_ID}))
    desk = a_spec("desk", auth=NoAuth(), base_url=None)
    return {
        "desk": ConnectorFacts(desk, DeskOptions),
        "crm": ConnectorFacts(crm, Options),
        "shop": ConnectorFacts(shop, ShopOptions),
        "stats": ConnectorFacts(stats, Options),
    }


def a_register(directory: Path, text: str = REGISTER) -> Register:
    """Load a register of this text."""
    path = directory / "register.toml"
    path.write_text(text, encoding="utf-8")
    return load_register(path, a_catalog())


def with_line(table: str, line: str) -> str:
    """Return the register with *line* added under *table*, replacing its key."""
    key = line.partition(" =")[0]
    head, header, tail = REGISTER.partition(f"[{table}]\n")
    if not header:
        return f"{REGISTER}\n[{table}]\n{line}\n"
    body, gap, rest = tail.partition("\n\n")
    kept = [old for old in body.splitlines() if not old.startswith(f"{key} =")]
    return "".join((head, header, "\n".join([*kept, line]), gap, rest))


def without_line(table: str, key: str) -> str:
    """Return the register without *key* of *table*."""
    spoilt = with_line(table, f"{key} = 0")
    return spoilt.replace(f"{key} = 0", "", 1)


def sentences_of(directory: Path, text: str) -> list[str]:
    """Return what is wrong with a register, without the file's name."""
    with pytest.raises(SetUpError) as caught:
        a_register(directory, text)
    prefix = f"{directory / 'register.toml'}: "
    return [line.removeprefix(prefix) for line in str(caught.value).splitlines()]
