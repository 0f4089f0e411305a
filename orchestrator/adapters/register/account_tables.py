"""The tables of `register.toml` about an account; see `tables` for the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from orchestrator.adapters.register.kinds import (
    Category,
    Day,
    Duration,
    Environment,
    Grade,
    Host,
    PositiveDuration,
    Proxy,
    SecretReference,
    Slug,
    Table,
    Text,
)
from orchestrator.core.words import Until
from schemas.connecting import Mode


class RateTable(Table):
    """One entry of `[accounts.<name>.limits] rates`: a window of requests."""

    limit: Annotated[StrictInt, Field(ge=1)] = Field(
        description="At most so many requests in any window.", examples=[3]
    )
    per: PositiveDuration = Field(
        description="The length of the window.", examples=["1s"]
    )


class LimitsTable(Table):
    """`[accounts.<name>.limits]`: how fast the account is used."""

    rates: tuple[RateTable, ...] | None = Field(
        default=None,
        description=(
            "The windows that all requests of the account pass together, "
            "instead of the connector's."
        ),
        examples=[[{"limit": 3, "per": "1s"}, {"limit": 60, "per": "1m"}]],
    )
    concurrency: Annotated[StrictInt, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="At most so many requests under way at once.",
        examples=[8],
    )


class WaitsTable(Table):
    """`[accounts.<name>.waits]`: how long things take; all have defaults."""

    settle_for: Duration | None = Field(
        default=None,
        description="How far apart the empty looks are that prove an erasure.",
        examples=["24h"],
    )
    looks_wanted: Annotated[StrictInt, Field(ge=1, le=10)] | None = Field(
        default=None,
        description="How many empty looks prove an erasure.",
        examples=[2],
    )
    check_after: PositiveDuration | None = Field(
        default=None,
        description="How long after a job was accepted it is asked about again.",
        examples=["1h"],
    )
    check_most: PositiveDuration | None = Field(
        default=None,
        description=(
            "The longest pause between two questions about a job; the pauses grow."
        ),
        examples=["6h"],
    )
    horizon: PositiveDuration | None = Field(
        default=None,
        description="The longest the processor takes after accepting.",
        examples=["30d"],
    )
    timeout: PositiveDuration | None = Field(
        default=None,
        description="How long one request may take.",
        examples=["30s"],
    )
    retry_base: PositiveDuration = Field(
        default=timedelta(seconds=1),
        description="The first pause after a failure; each further one is longer.",
        examples=["1s"],
    )
    retry_cap: PositiveDuration = Field(
        default=timedelta(hours=1),
        description="The longest pause after a failure.",
        examples=["1h"],
    )
    ping_every: PositiveDuration = Field(
        default=timedelta(minutes=5),
        description="How often the account's own name is asked for again.",
        examples=["5m"],
    )
    linger: Duration = Field(
        default=timedelta(milliseconds=10),
        description="How long a batch that is not full waits for more.",
        examples=["10ms"],
    )
    lease: PositiveDuration | None = Field(
        default=None,
        description=(
            "How long a worker owns the account without a heartbeat; "
            "the setting ERASURE_LEASE where absent."
        ),
        examples=["15s"],
    )


class EscalationTable(Table):
    """`[escalation]`, and `[accounts.<name>.escalation]`: accounts that stay silent."""

    remind_after: PositiveDuration | None = Field(
        default=None,
        description=(
            "How long an account may be silent before somebody is reminded; "
            "3 days where nothing is written."
        ),
        examples=["3d"],
    )
    escalate_after: PositiveDuration | None = Field(
        default=None,
        description=(
            "How long before the data protection officer is asked to write to the "
            "recipient; 7 days where nothing is written."
        ),
        examples=["7d"],
    )


class AccountTable(Table):
    """`[accounts.<name>]`: one installation of a recipient's system."""

    recipient: Slug = Field(
        description="The recipient whose system it is: a name under `[recipients]`.",
        examples=["hubspot"],
    )
    connector: Slug = Field(
        description="The connector that speaks the system's API.",
        examples=["hubspot"],
    )
    category: Category = Field(
        description="What the account is used for, in the privacy policy's words.",
        examples=["crm"],
    )
    controllers: tuple[Slug, ...] | None = Field(
        default=None,
        description="The controllers whose data it holds; all of them where absent.",
        examples=[["maison-exemple"]],
    )
    environment: Environment = Field(
        description="`live` holds real people's data, `sandbox` does not.",
        examples=["sandbox"],
    )
    mode: Mode = Field(
        description=(
            "`off` is left out, `dry_run` reads and never writes, `live` does it all."
        ),
        examples=["dry_run"],
    )
    region: Text | None = Field(
        default=None,
        description="Where the data is held, as the receipt's reader needs it.",
        examples=["eu"],
    )
    installation: Text | None = Field(
        default=None,
        description=(
            "The account's own name at the processor; a ping must answer with it "
            "before anything is written there."
        ),
        examples=["25012345"],
    )
    base_url: Text | None = Field(
        default=None,
        description="Where the API is; the connector's own address where absent.",
        examples=["https://api.hubapi.com"],
    )
    allow_http: StrictBool = Field(
        default=False,
        description="Whether requests may leave unencrypted: for a fake on loopback.",
        examples=[False],
    )
    allow_hosts: tuple[Host, ...] = Field(
        default=(),
        description=(
            "Hosts of the account's addresses that may be inside your own network; "
            "requests go to public addresses only where absent."
        ),
        examples=[["crm.corp.example"]],
    )
    proxy: Proxy | None = Field(
        default=None,
        description=(
            "The proxy that all the account's requests go through, or a reference to "
            "it where it holds a password; it resolves the hosts' names."
        ),
        examples=["http://proxy.corp.example:3128"],
    )
    identity_root: StrictBool = Field(
        default=False,
        description=(
            "Whether this account ties the person's identifiers together; it is "
            "erased last. One for a controller at most."
        ),
        examples=[True],
    )
    fed_by: tuple[Slug, ...] = Field(
        default=(),
        description="Accounts whose data flows into this one; it is erased after them.",
        examples=[["commercetools"]],
    )
    fed_until: Mapping[Slug, Until] = Field(
        default_factory=dict,
        description=(
            "How far one of `fed_by` must have come, where its end is not waited for:"
            " `located` or `accepted`."
        ),
        examples=[{"commercetools": "accepted"}],
    )
    accepts: tuple[Text, ...] | None = Field(
        default=None,
        description=(
            "The identifier types it may be searched by; "
            "all that the connector can where absent."
        ),
        examples=[["email"]],
    )
    read_back: tuple[Annotated[StrictInt, Field(ge=1, le=30)], ...] = Field(
        default=(1, 7, 30),
        max_length=5,
        description=(
            "So many days after an answer the account is searched again for who was "
            "erased; the identifiers are sealed apart for it. Never with `[]`."
        ),
        examples=[[1, 7, 30]],
    )
    open_most: PositiveDuration = Field(
        default=timedelta(days=90),
        description=(
            "How long an open order, return or refund may keep its own record; then a "
            "person decides."
        ),
        examples=["90d"],
    )
    kept_apart: StrictBool = Field(
        default=False,
        description=(
            "Whether records that a law keeps are held apart from daily use there, by"
            " your own arrangement; receipts say so."
        ),
        examples=[True],
    )
    max_records: Annotated[StrictInt, Field(ge=1)] = Field(
        default=10_000,
        description="More records of one person than this: a person looks first.",
        examples=[10_000],
    )
    min_evidence: Grade | None = Field(
        default=None,
        description=(
            "The weakest evidence that proves an erasure there, or a notice: E1 to E4. "
            "A weaker one ends the line all the same, and the receipt says so."
        ),
        examples=["E2"],
    )
    valid_from: Day | None = Field(
        default=None,
        description="The first day on which new cases include the account.",
        examples=[date(2026, 1, 1)],
    )
    valid_to: Day | None = Field(
        default=None,
        description="The last day on which new cases include the account.",
        examples=[date(2027, 12, 31)],
    )
    owner: Text | None = Field(
        default=None,
        description="Who inside the company answers for it: a team, no person.",
        examples=["crm-team"],
    )
    contract: Text | None = Field(
        default=None,
        description="The reference of the processing agreement (Art 28 GDPR).",
        examples=["DPA-2026-014"],
    )
    secrets: Mapping[str, SecretReference] = Field(
        default_factory=dict,
        description="References to the account's secrets, never the secrets.",
        examples=[{"token": "env:HUBSPOT_TOKEN"}],
    )
    options: Mapping[str, object] = Field(
        default_factory=dict,
        description="What the connector lets the register choose.",
        examples=[{}],
    )
    waits: WaitsTable = Field(
        default_factory=WaitsTable,
        description="How long things take.",
        examples=[{}],
    )
    escalation: EscalationTable = Field(
        default_factory=EscalationTable,
        description="How its silence is escalated, where not as everywhere else.",
        examples=[{}],
    )
    limits: LimitsTable = Field(
        default_factory=LimitsTable,
        description="How fast the account is used.",
        examples=[{}],
    )
