"""The table of `register.toml` about a recipient; see `tables` for the others."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from orchestrator.adapters.register.kinds import (
    Country,
    Day,
    PositiveDuration,
    Role,
    Slug,
    Table,
    Text,
)
from schemas.recipients import NotToldReason


class ToldHow(StrEnum):
    """Whether a recipient hears of an erasure."""

    BY_ACCOUNT = "by_account"
    NOT_TOLD = "not_told"


class RecipientTable(Table):
    """`[recipients.<name>]`: an organisation that holds the data, or held it."""

    legal_name: Text = Field(
        description="The name of the organisation, as the receipt prints it.",
        examples=["HubSpot Ireland Limited"],
    )
    role: Role = Field(
        description=(
            "`processor` is instructed; `joint` and `independent` controllers are told."
        ),
        examples=["processor"],
    )
    country: Country | None = Field(
        default=None,
        description="Where the organisation is established (ISO 3166-1, two letters).",
        examples=["IE"],
    )
    contact: Text | None = Field(
        default=None,
        description="Where its privacy team is reached.",
        examples=["privacy@hubspot.example"],
    )
    sub_processors: tuple[Text, ...] = Field(
        default=(),
        description=(
            "Its sub-processors by name; the controller must be able to name them "
            "at any time (EDPB Opinion 22/2024)."
        ),
        examples=[["Amazon Web Services EMEA SARL"]],
    )
    controllers: tuple[Slug, ...] | None = Field(
        default=None,
        description=(
            "The controllers whose data it gets, beside those of its accounts; where "
            "absent and without any account, all of them."
        ),
        examples=[["maison-exemple"]],
    )
    data_categories: tuple[Text, ...] = Field(
        default=(),
        description="Which data it gets, in the privacy policy's words.",
        examples=[["contact details", "orders"]],
    )
    contract: Text | None = Field(
        default=None,
        description="The reference of the agreement with it (Art 28 or Art 26 GDPR).",
        examples=["DPA-2026-014"],
    )
    active_from: Day | None = Field(
        default=None,
        description="Its first day as a recipient; since ever where absent.",
        examples=[date(2024, 5, 1)],
    )
    active_to: Day | None = Field(
        default=None,
        description=(
            "Its last day as a recipient. The entry stays: receipts go on naming it."
        ),
        examples=[date(2025, 12, 31)],
    )
    told: ToldHow = Field(
        default=ToldHow.BY_ACCOUNT,
        description=(
            "`by_account`: an account's connector instructs or tells it; `not_told`: "
            "it has none, and `not_told_because` says why that may be."
        ),
        examples=["not_told"],
    )
    not_told_because: NotToldReason | None = Field(
        default=None,
        description=f"One of {', '.join(one.value for one in NotToldReason)}.",
        examples=["left_and_confirmed_deletion"],
    )
    explanation: Slug | None = Field(
        default=None,
        description=(
            "The name of your written explanation; needed for `impossible` and "
            "`disproportionate`."
        ),
        examples=["printed-mailings-2019"],
    )
    backups_kept_for: PositiveDuration | None = Field(
        default=None,
        description="How long its backups live, as it has told you.",
        examples=["35d"],
    )
    restore_procedure: Slug | None = Field(
        default=None,
        description="By which procedure an erasure is repeated after it restores one.",
        examples=["dpa-annex-4"],
    )
