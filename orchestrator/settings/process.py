"""All settings of a process: its own few, and the parts that stand beside this file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from orchestrator.settings.kafka import KafkaPart
from orchestrator.settings.keeping import KeepingPart
from orchestrator.settings.kinds import (
    Address,
    Duration,
    EventAudience,
    LogFormat,
    LogLevel,
    Secret,
    Unsigned,
)
from orchestrator.settings.showing import shown
from orchestrator.settings.stamping import StampingPart
from schemas.checkpoints import LogName

PREFIX = "ERASURE_"
CHECKPOINTS = "checkpoints.jsonl"


class Settings(KafkaPart, KeepingPart, StampingPart):
    """
    The settings of one process; `load_settings` reads them.

    Kafka is used when `kafka` names brokers; else the embedded log in the database.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: Secret = Field(
        default=SecretStr("sqlite:///erasure.db"),
        description="The database: SQLite for one process, PostgreSQL for many.",
        examples=["postgresql+psycopg://user@host/name"],
    )
    register_path: Path = Field(
        default=Path("register.toml"),
        validation_alias="ERASURE_REGISTER",
        description="The register: controllers, recipients, accounts, rules.",
        examples=["/etc/erasure/register.toml"],
    )
    keys_dir: Path = Field(
        default=Path("keys"),
        description="The folder of the keys; never inside the database's backup.",
        examples=["/var/lib/erasure/keys"],
    )
    log_name: LogName = Field(
        default="erasure-orchestrator/receipts",
        description=(
            "The name of the log of statements, which each checkpoint bears: best a "
            "host of yours and a path. Choose it before the first receipt."
        ),
        examples=["privacy.example.com/receipts"],
    )
    checkpoint_file: Path | None = Field(
        default=None,
        description=(
            "Where the log's checkpoints are kept as well: best on another disk than "
            "the database, for a restored backup is found out by it. Without Kafka "
            f"`{CHECKPOINTS}` in the folder of the keys, if nothing is set; with "
            "Kafka, the topic of receipts keeps them."
        ),
        examples=["/mnt/archive/checkpoints.jsonl"],
    )
    audience: EventAudience = Field(
        default="erasure-orchestrator",
        description=(
            "The name of this installation, which signed request events must bear as "
            "their audience: give each installation its own."
        ),
        examples=["privacy.example.com"],
    )
    unsigned_requests: Unsigned = Field(
        default=Unsigned.REFUSE,
        description=(
            "`refuse`, or `take` for trials: then whoever can write to the topic can "
            "have anybody erased."
        ),
        examples=["refuse"],
    )
    request_key: Path | None = Field(
        default=None,
        description=(
            "The private key (PEM) with which `erasure request publish` signs, as a "
            "publisher of the register."
        ),
        examples=["/run/secrets/publisher.pem"],
    )
    callback_bind: Address | None = Field(
        default=None,
        description=(
            "Where `run` listens for what processors say by themselves (host:port); "
            "off by default. Put a proxy with TLS before it."
        ),
        examples=["127.0.0.1:8400"],
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO,
        description="`console`, `json`, or `auto`: console on a terminal.",
        examples=["json"],
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The least important line that is written.",
        examples=["info"],
    )
    consumer_group: str = Field(
        default="erasure",
        description="The Kafka consumer group that all processes share.",
        examples=["erasure"],
    )
    instance: str | None = Field(
        default=None,
        description=(
            "This process's slot, the same after a restart and different from "
            "every other's; Kafka then gives it its partitions back at once."
        ),
        examples=["ingest-1"],
    )
    lease: Duration = Field(
        default=timedelta(seconds=15),
        description="How long a worker owns an account without a heartbeat.",
        examples=["15s"],
    )
    sweep_every: Duration = Field(
        default=timedelta(seconds=1),
        description="How often cases that are due are looked for.",
        examples=["1s"],
    )
    grace: Duration = Field(
        default=timedelta(seconds=20),
        description="How long calls in flight may take to finish after SIGTERM.",
        examples=["20s"],
    )

    @property
    def checkpoints_in(self) -> Path | None:
        """The file of checkpoints; of the embedded log never in the database alone."""
        if self.checkpoint_file is not None or self.kafka:
            return self.checkpoint_file
        return self.keys_dir / CHECKPOINTS

    def redacted(self) -> dict[str, str]:
        """Return every variable and its value as people may see it."""
        return {
            variable_of(name): shown(name, getattr(self, name))
            for name in type(self).model_fields
        }


def variable_of(field: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"
