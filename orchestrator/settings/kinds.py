"""The kinds of values that settings have, each with its own words of refusal."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    SecretStr,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from orchestrator.adapters.durations import parse_duration
from orchestrator.adapters.register import resolve_secret
from orchestrator.errors import SetUpError
from schemas.signed_events import AUDIENCE_PATTERN


class LogFormat(StrEnum):
    """How log lines look; `auto` is console on a terminal, JSON otherwise."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Unsigned(StrEnum):
    """What becomes of request events that no publisher signed."""

    REFUSE = "refuse"
    TAKE = "take"


class SecurityProtocol(StrEnum):
    """How Kafka is spoken to."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How we prove to Kafka who we are."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


def _a_duration(value: object) -> timedelta:
    """Accept `15s` or plain seconds, and nothing that lasts no time."""
    if isinstance(value, timedelta):
        return value
    text = str(value)
    try:
        duration = parse_duration(f"{text}s" if text.isdigit() else text)
    except ValueError:
        duration = timedelta(0)
    if not duration:
        raise ValueError("is not a duration longer than nothing")
    return duration


def _a_secret(value: object) -> object:
    """Follow a reference to where the secret is kept."""
    if isinstance(value, str) and value.startswith(("env:", "file:")):
        try:
            return resolve_secret(value)
        except SetUpError as error:
            raise ValueError(str(error)) from None
    return value


class KeptSecret(SecretStr):
    """A secret that is kept elsewhere, from where it can be read again."""

    def __init__(self, secret: SecretStr, reference: str) -> None:
        super().__init__(secret.get_secret_value())
        self._reference = reference

    def now(self) -> str:
        """Return it as it is now; while it cannot be read, as it was at first."""
        try:
            return resolve_secret(self._reference).get_secret_value()
        except SetUpError:
            return self.get_secret_value()


def _a_renewed_secret(
    value: object, handler: ValidatorFunctionWrapHandler
) -> SecretStr:
    """Keep where the secret comes from, if it comes from elsewhere."""
    secret: SecretStr = handler(_a_secret(value))
    if isinstance(value, str) and value.startswith(("env:", "file:")):
        return KeptSecret(secret, value)
    return secret


def _an_address(value: object) -> object:
    """Accept `host:port`, with an IPv6 host in brackets."""
    if isinstance(value, str):
        parts = urlsplit(f"//{value}")
        try:
            is_whole = parts.hostname and parts.port is not None
        except ValueError:
            is_whole = False
        if not is_whole or parts.netloc != value or parts.username is not None:
            raise ValueError("is not host:port")
    return value


EventAudience = Annotated[str, StringConstraints(pattern=AUDIENCE_PATTERN)]
Address = Annotated[str, BeforeValidator(_an_address)]
Duration = Annotated[timedelta, BeforeValidator(_a_duration)]
Secret = Annotated[SecretStr, BeforeValidator(_a_secret)]
RenewedSecret = Annotated[SecretStr, WrapValidator(_a_renewed_secret)]
