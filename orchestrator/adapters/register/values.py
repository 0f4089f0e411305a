"""What the register's modules hand to one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from pydantic import BaseModel

from orchestrator.core.plan import Ladder
from orchestrator.core.words import AccountId, Until
from schemas.connecting import (
    ConnectorSpec,
    Evidence,
    IdentifierType,
    Mode,
    Rate,
)

Tell = Callable[[str, str], None]
"""Takes a key path below the account and the sentence about it."""

_TOLD_LENGTH = 24  # no access token is so short


def told(value: object) -> str:
    """Repeat *value* in a sentence, unless it is long enough to be a secret."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= _TOLD_LENGTH else "the value"
    return str(value).lower() if isinstance(value, int | float) else "the value"


class Wrong(ValueError):  # noqa: N818 (not raised to a caller: pydantic collects it)
    """
    What is wrong with a value, and what to write instead where an example will not do.

    Both are halves of a sentence and hold no secret.
    """

    def __init__(self, problem: str, *, advice: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """What the register must know of a connector; filled from its class."""

    spec: ConnectorSpec
    options: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long things take at one account, after the register's own choices."""

    settle_for: timedelta
    looks_wanted: int
    horizon: timedelta
    timeout: timedelta
    retry_base: timedelta
    retry_cap: timedelta
    ping_every: timedelta
    check_after: timedelta | None  # None: as the connector says with each job
    check_most: timedelta
    lease: timedelta | None  # None: the setting's
    linger: timedelta


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """
    One account with everything decided: what the register says, else the connector.

    `bases` holds `base_url` and every other base URL that an operation names;
    `settings` the options that are plain texts, as credentials may name one (a scope).
    `secrets` are references; `AccountSecrets` resolves them.
    """

    id: AccountId
    recipient: str
    connector: str
    category: str
    controllers: frozenset[str]
    environment: str  # sandbox | live
    mode: Mode
    spec: ConnectorSpec = field(repr=False)  # with the register's waits and limits
    declared: ConnectorSpec = field(repr=False)  # as the connector's module has it
    options: BaseModel = field(repr=False)
    bases: Mapping[str, str]
    settings: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str]
    waits: Waits
    rates: tuple[Rate, ...]
    concurrency: int
    accepts: frozenset[IdentifierType]
    yields: frozenset[IdentifierType]
    allow_http: bool = False
    allow_hosts: frozenset[str] = frozenset()
    proxy: str | None = None  # its address, or a reference to it
    is_identity_root: bool = False
    fed_by: tuple[AccountId, ...] = ()
    read_back: tuple[int, ...] = ()
    fed_until: Mapping[AccountId, Until] = field(default_factory=dict)
    open_most: timedelta = timedelta(days=90)
    kept_apart: bool = False
    max_records: int = 10_000
    min_evidence: Evidence | None = None
    region: str | None = None
    installation: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    owner: str | None = None
    contract: str | None = None
    ladder: Ladder = field(default_factory=Ladder)

    def is_valid_on(self, day: date) -> bool:
        """Tell whether a case opened on *day* includes this account."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )
