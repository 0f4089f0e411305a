"""What a connector declares: operations, rates, credentials, proof and waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from schemas.people import (
    Action,
    Effect,
    IdentifierType,
    Proof,
    Replay,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """
    At most `limit` requests in any window of `per`.

    Or a budget of so many points: `cost` is what one request of an operation takes, and
    operations that name the same limit and window spend from one budget.
    """

    limit: int
    per: timedelta
    cost: int = 1


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """
    A secret in one header; `template` holds `{secret}`, as in `Bearer {secret}`.

    Or `{basic}`, which is its base64, for a secret that is `name:password` (RFC 7617).
    `beside` is a second header that goes with it (an application's key and its token).
    """

    secret: str = "token"  # noqa: S105 (the name of a reference, not a secret)
    header: str = "Authorization"
    template: str = "Bearer {secret}"
    beside: HeaderAuth | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets it is made of."""
        return (self.secret, *(self.beside.secrets if self.beside else ()))


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One HTTP operation a connector may use; the shell refuses every other.

    `path` is a template; its values are URL-encoded by the shell.  `identifies`
    names the path or query parameters that carry personal data because the API has
    no other form.  `base` names another base URL out of the account's options (the
    token host); `in_vendor_file` is false where the vendor's OpenAPI file leaves the
    operation out.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    effect: Effect
    identifies: frozenset[str] = frozenset()
    base: str = "base_url"
    in_vendor_file: bool = True
    rates: tuple[Rate, ...] | None = None  # own windows instead of the connector's
    auth: HeaderAuth | None = None  # own credentials instead of the connector's
    scopes: frozenset[str] = frozenset()  # what the vendor calls the right to ask it


@dataclass(frozen=True, slots=True)
class Deed:
    """
    Something a connector does at a processor without HTTP: a transaction, a message.

    It passes the shell as an operation does (`Api.guard`): the mode, the rate windows
    and the lease are checked immediately before it.
    """

    effect: Effect
    rates: tuple[Rate, ...] | None = None  # own windows instead of the connector's


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4), fetched by the shell."""

    operation: str = "token"
    client_id: str = "client_id"
    client_secret: str = "client_secret"  # noqa: S105 (the name of a reference)
    scope_option: str | None = "scope"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets it is made of."""
        return (self.client_id, self.client_secret)


@dataclass(frozen=True, slots=True)
class NoAuth:
    """No credentials: nothing leaves over HTTP, or nobody asks who sends it."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets it is made of: none."""
        return ()


Auth = HeaderAuth | ClientCredentials | NoAuth


@dataclass(frozen=True, slots=True)
class CallCaps:
    """
    How much the values of one call may take, beside how many tasks it carries.

    `max_bytes` counts them as JSON, `max_url` URL-encoded, each with a separator;
    what else stands in a body or URL is the connector's to subtract.  A task that is
    larger alone goes alone.
    """

    max_bytes: int | None = None
    max_url: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """
    All that the shell and the core must know of a connector.

    Durations are defaults: each can be set by account in the register.
    """

    name: str
    version: str
    vendor: str
    source: str  # the vendor's page and the date it was read
    actions: frozenset[Action]
    accepts: frozenset[IdentifierType]  # identifier types `locate` can search by
    yields: frozenset[IdentifierType]  # identifier types `locate` may learn
    operations: Mapping[str, Operation]
    auth: Auth
    rates: tuple[Rate, ...]
    proof: Proof
    replay: Mapping[Action, Replay]
    horizon: timedelta  # the longest the processor takes after accepting
    record_classes: frozenset[str]
    base_url: str | None = None
    # what it does without HTTP; the shell refuses every other
    deeds: Mapping[str, Deed] = field(default_factory=dict)
    # secrets that it asks for itself (`Api.secret`), and which of all need not be there
    own_secrets: tuple[str, ...] = ()
    optional_secrets: frozenset[str] = frozenset()
    # actions that a dry run leaves out: they make at least one writing request
    writes: frozenset[Action] = frozenset({Action.ERASE})
    # an erasure names the person: records cannot be erased by their own ids alone
    erases_by_identifier: bool = False
    # record classes of which it can erase the fields that a law does not need, and such
    # as it can mark as restricted: their kept records come with `Work.keep`
    reduces: frozenset[str] = frozenset()
    restricts: frozenset[str] = frozenset()
    # an erasure puts the person on the processor's own list of whom it keeps out,
    # unless it was done in one of these ways (`Accepted.how`)
    suppresses: bool = False
    suppresses_unless: frozenset[str] = frozenset()
    # actions whose accepted jobs can be called back
    cancels: frozenset[Action] = frozenset()
    # tasks in one call, by action (1 where absent)
    people_per_call: Mapping[Action, int] = field(default_factory=dict)
    # and how much they may take there, by action (anything where absent)
    caps_per_call: Mapping[Action, CallCaps] = field(default_factory=dict)
    # items of one task in one call, by action (all where absent)
    items_per_call: Mapping[Action, int] = field(default_factory=dict)
    # jobs that may be queued there at once, by action (any number where absent)
    jobs_at_once: Mapping[Action, int] = field(default_factory=dict)
    # accepted jobs that one poll asks about, by action (1 where absent); no exports,
    # because the rows of each go elsewhere
    polls_per_call: Mapping[Action, int] = field(default_factory=dict)
    # a job that goes on is asked about ever more seldom: each pause is so many times
    # the last, from what the connector says with the job up to `poll_most`
    poll_factor: float = 1.5
    poll_most: timedelta = timedelta(hours=6)
    # LOOKUP proof: so many empty looks, each this far apart
    looks_wanted: int = 1
    settle_for: timedelta = timedelta(0)
    # whether the processor speaks by itself: `on_callback` verifies what it says
    hears: bool = False
    timeout: timedelta = timedelta(seconds=30)
    concurrency: int = 8

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of all secrets that an account's credentials are made of."""
        own = (op.auth.secrets for op in self.operations.values() if op.auth)
        names = [*self.auth.secrets, *(name for part in own for name in part)]
        return tuple(dict.fromkeys((*names, *self.own_secrets)))

    @property
    def speaks_http(self) -> bool:
        """Whether it sends requests of ours, and so has an address."""
        return bool(self.operations) or not isinstance(self.auth, NoAuth)

    @property
    def rates_together(self) -> frozenset[tuple[Rate, ...]]:
        """Every set of windows that some operation has to pass at once."""
        declared: list[Operation | Deed] = [*self.operations.values()]
        declared += self.deeds.values()
        own = (one.rates for one in declared if one.rates is not None)
        return frozenset((self.rates, *own))
