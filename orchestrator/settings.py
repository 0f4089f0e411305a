"""
Every setting of a process, from environment variables that begin with `ERASURE_`.

Read once, in `bootstrap`, and handed on as values.  What belongs to controllers and
accounts is in the register instead.  A secret may be written as `file:/PATH` or
`env:NAME`, so that an orchestrator's own secret files need no other mechanism.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from orchestrator.adapters.durations import duration_text
from orchestrator.errors import SetUpError
from orchestrator.keeping import Keeping
from orchestrator.reaching import Reaching
from orchestrator.setting_kinds import (
    Address,
    Duration,
    EventAudience,
    LogFormat,
    LogLevel,
    Secret,
    Unsigned,
)
from orchestrator.stamping import Stamping
from schemas.checkpoints import LogName

PREFIX = "ERASURE_"
# The tests' own variables; a process that sees them is not misconfigured.
_NOT_OURS = ("ERASURE_TEST_", "ERASURE_VENDOR_SPECS")
CHECKPOINTS = "checkpoints.jsonl"
_HIDDEN = "********"
UNSIGNED_TAKEN = (
    "Unsigned requests are taken (ERASURE_UNSIGNED_REQUESTS=take): whoever can write to"
    " the topic can have anybody erased; for trials only."
)


class Settings(Reaching, Keeping, Stamping):
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
            variable_of(name): _shown(name, getattr(self, name))
            for name in type(self).model_fields
        }


def load_settings() -> Settings:
    """
    Read the environment.

    Raises `SetUpError` with one sentence a line about everything that is wrong;
    secrets' values appear in none.
    """
    problems = list(_unknown_variables(os.environ))
    try:
        settings = Settings()
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors(include_url=False)]
        settings = None
    if settings is None or problems:
        raise SetUpError("\n".join(problems))
    return settings


def variable_of(field: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Tell which variables nobody reads: a misspelt one changes nothing, silently."""
    known = [variable_of(field) for field in Settings.model_fields]
    for name in sorted(environ):
        given = name.upper()
        is_ours = given.startswith(PREFIX) and not given.startswith(_NOT_OURS)
        if is_ours and given not in known:
            yield f"{name}: no such setting; {_instead(given, known)}."


def _instead(name: str, known: Iterable[str]) -> str:
    """Say which setting was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"write {close[0]}" if close else "`erasure config show` lists them"


def _sentence(detail: ErrorDetails) -> str:
    """Say what is wrong with one variable, without its value where it is a secret."""
    if not detail["loc"]:
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    name = str(detail["loc"][0])
    fields = Settings.model_fields
    field = next((it for it in fields if name in (it, variable_of(it))), None)
    if field is None:
        return f"{name}: no such setting; `erasure config show` lists them."
    variable = variable_of(field)
    wrong = detail.get("ctx", {}).get("error")
    if _is_secret(field) and isinstance(wrong, ValueError):
        return f"{variable}: {wrong}"
    example = (Settings.model_fields[field].examples or [""])[0]
    return f"{variable}: {_problem(detail)}; write {variable}={example}."


def _problem(detail: ErrorDetails) -> str:
    """Say in half a sentence what is wrong with a value that is no secret."""
    words = re.findall(r"'([^']*)'", detail.get("ctx", {}).get("expected", ""))
    if words:
        return f'"{detail["input"]}" is not one of {", ".join(words)}'
    wrong = detail.get("ctx", {}).get("error")
    if isinstance(wrong, ValueError):
        return f'"{detail["input"]}" {wrong}'
    return f'"{detail["input"]}" does not fit'


def _is_secret(field: str) -> bool:
    """Tell whether a setting's value is hidden."""
    return "SecretStr" in str(Settings.model_fields[field].annotation)


def _shown(field: str, value: object) -> str:
    """Write a value for people."""
    match value:
        case None:
            return ""
        case timedelta():
            return duration_text(value)
        case SecretStr() if field == "database_url":
            return _without_passwords(value.get_secret_value())
        case SecretStr():
            return _HIDDEN if value else ""
        case _:
            return str(value)


def _without_passwords(url: str) -> str:
    """Return a database URL whose passwords are hidden; all of it if it is no URL."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return _HIDDEN
    rest = f"{parts.path}{parts.query}{parts.fragment}"
    if "://" not in url or "@" in rest:  # an unescaped / or # in the password
        return _HIDDEN
    netloc = parts.netloc
    if password is not None:
        user, _, host = netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}:{_HIDDEN}@{host}"
    query = re.sub(
        r"(?i)([^&=]*(?:password|secret|token)[^&=]*)=[^&]*",
        rf"\1={_HIDDEN}",
        parts.query,
    )
    tail = f"?{query}" if query else ""
    return f"{parts.scheme}://{netloc}{parts.path}{tail}"


__all__ = [
    "UNSIGNED_TAKEN",
    "LogFormat",
    "Settings",
    "Unsigned",
    "load_settings",
    "variable_of",
]
