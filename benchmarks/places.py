"""
Where a measured process finds its things: register, keys, settings, connector.

The stub's connector is installed by a package description beside the register, as a
third party's would be by pip.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.stub import NAME, TOKEN
from orchestrator.adapters.keys.directory import create_keys

ACCOUNTS = ("one", "two", "three", "four")
CONCURRENCY = 8  # calls in flight to one account
CONTROLLER = "bench"
BATCH = 50  # people in one call, where batches are measured

PORTAL = Ed25519PrivateKey.from_private_bytes(bytes(32))  # signs the requests

_PUBLIC = b64encode(PORTAL.public_key().public_bytes_raw())
_REGISTER = f"""\
[publishers.portal]
sources = ["/portal/bench"]
controllers = ["{CONTROLLER}"]
rights = ["erasure"]
keys = [{{ public_key = "{_PUBLIC.decode()}" }}]

[controllers.bench]
legal_name = "Bench SAS"
country = "FR"
time_zone = "Europe/Paris"
dpo_contact = "dpo@bench.example"

[brake]
cap_per_hour = 100000000

[recipients.bench]
legal_name = "Bench, Inc."
role = "processor"
country = "FR"
"""

_ACCOUNT = """
[accounts.{id}]
recipient = "bench"
connector = "{connector}"
category = "crm"
environment = "sandbox"
mode = "live"
installation = "{name}"
base_url = "{url}/{id}"
allow_http = true
allow_hosts = ["127.0.0.1"]

[accounts.{id}.secrets]
token = "env:BENCH_TOKEN"

[accounts.{id}.limits]
concurrency = {concurrency}
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """The real parts that a process is measured on."""

    stub: str
    database_url: str
    kafka: str = ""
    connector: str = "bench"


def furnish(home: Path, parts: Parts) -> None:
    """Write the register, the keys and the connector's package description."""
    register = _REGISTER + "".join(
        _ACCOUNT.format(
            id=id_,
            name=NAME,
            url=parts.stub,
            concurrency=CONCURRENCY,
            connector=parts.connector,
        )
        for id_ in ACCOUNTS
    )
    (home / "register.toml").write_text(register)
    keys = home / "keys"
    keys.mkdir(mode=0o700)
    create_keys(keys)
    package = home / "packages" / "erasure_bench-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: erasure-bench\nVersion: 1\n"
    )
    (package / "entry_points.txt").write_text(
        "[erasure.connectors]\nbench = benchmarks.connector:Bench\n"
        "bench-batches = benchmarks.batches:BenchBatches\n"
    )


def environment(home: Path, parts: Parts) -> Mapping[str, str]:
    """Return the environment of a measured process."""
    root = Path(__file__).parents[1]
    inherited = {
        name: value for name, value in os.environ.items() if "ERASURE" not in name
    }
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join([str(home / "packages"), str(root)]),
        "ERASURE_DATABASE_URL": parts.database_url,
        "ERASURE_KAFKA": parts.kafka,
        "ERASURE_REGISTER": str(home / "register.toml"),
        "ERASURE_KEYS_DIR": str(home / "keys"),
        "ERASURE_LOG_FORMAT": "json",
        "ERASURE_INSTANCE": "bench-1",
        "BENCH_TOKEN": TOKEN,
    }
