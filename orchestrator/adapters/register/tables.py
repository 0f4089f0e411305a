"""
The tables of `register.toml` about controllers, reviews and retention.

Descriptions and examples are part of the contract: the errors of a wrong file and
docs/register.md are written from them.  What needs a second table or a connector
to be judged is in `rules` and `entries`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from orchestrator.adapters.register.brake_tables import BrakeTable
from orchestrator.adapters.register.kinds import (
    CoolingOff,
    Country,
    Deciders,
    Duration,
    Jurisdiction,
    PositiveDuration,
    PublicKey,
    Slug,
    Table,
    Text,
    TimeZone,
)
from orchestrator.core.words import Level, Right
from schemas.kept_fields import KeptField


class ControllerTable(Table):
    """`[controllers.<name>]`: the legal entity that answers to the person."""

    legal_name: Text = Field(
        description="The name of the legal entity, as the receipt prints it.",
        examples=["Maison Exemple SAS"],
    )
    country: Country = Field(
        description="Where the entity is established (ISO 3166-1, two letters).",
        examples=["FR"],
    )
    time_zone: TimeZone = Field(
        description="The IANA zone in which legal deadlines are counted.",
        examples=["Europe/Paris"],
    )
    dpo_contact: Text = Field(
        description="Where a person reaches the data protection officer.",
        examples=["dpo@maison-exemple.example"],
    )
    authority: Text = Field(
        default="",
        description=(
            "The supervisory authority of the entity, as a refusal under the GDPR "
            "names it beside the authority where the person lives."
        ),
        examples=["CNIL, 3 place de Fontenoy, 75007 Paris, cnil.fr"],
    )
    min_verification: Mapping[Right, Level] = Field(
        default_factory=dict,
        description=(
            "The weakest verification accepted, by right: low, substantial or high. "
            "A right that is not named demands substantial."
        ),
        examples=[{"erasure": "substantial"}],
    )
    export_kept_for: PositiveDuration = Field(
        default=timedelta(days=7),
        description="How long an export may be downloaded before it is shredded.",
        examples=["7d"],
    )
    export_kept_after_collection: Duration | None = Field(
        default=None,
        description=(
            "How long an export stays once the portal says that it was collected, if "
            "that is shorter; left out, collecting one changes nothing."
        ),
        examples=["1d"],
    )
    cooling_off: Mapping[Jurisdiction, CoolingOff] = Field(
        default_factory=dict,
        description=(
            "How long nothing irreversible happens after a case is opened, by "
            "jurisdiction: 72 hours at most; no delay where none is named."
        ),
        examples=[{"FR": "24h"}],
    )
    gate_margin: Duration = Field(
        default=timedelta(days=3),
        description=(
            "How long before the last safe moment a person may open a gate "
            "that is still waiting."
        ),
        examples=["3d"],
    )
    dpo_key: PublicKey | None = Field(
        default=None,
        description=(
            "The data protection officer's X25519 public key, in base64: what "
            "identifies the people of stuck cases goes under it. `erasure keys dpo` "
            "makes one; it stays with us where absent."
        ),
        examples=["pPNA1HO9ECCkgVAAl1pJreB9HGydCooT7+bJS0Rz+Ec="],
    )
    identifiers_margin: Duration = Field(
        default=timedelta(days=14),
        description=(
            "How long after its deadline a case that is stuck keeps what identifies "
            "the person; then it goes under `dpo_key`."
        ),
        examples=["14d"],
    )
    hold_review_after: PositiveDuration = Field(
        default=timedelta(days=90),
        description=(
            "How long a hold that a person sets may stand before somebody looks again, "
            "where they name no day; it never ends by itself."
        ),
        examples=["90d"],
    )
    interim_before: PositiveDuration = Field(
        default=timedelta(days=7),
        description=(
            "How long before the deadline a signed interim statement tells what is "
            "still open."
        ),
        examples=["7d"],
    )
    brake: BrakeTable = Field(
        default_factory=BrakeTable,
        description="When new erasures of this controller are held; see `[brake]`.",
    )


class ReviewTable(Table):
    """`[[review]]`: who decides on requests for a right before they are carried out."""

    right: Right = Field(
        description="The right: erasure, access or portability.", examples=["erasure"]
    )
    decided_by: Deciders = Field(
        description=(
            "`automatic`: nobody; `person`: one person approves or refuses each; "
            "`two_people`: two different ones say the same (four eyes)."
        ),
        examples=["person"],
    )
    jurisdictions: tuple[Jurisdiction, ...] = Field(
        default=(),
        description=(
            "Where the rule holds; everywhere else where absent. The closest rule "
            "decides, and the strictest of several that are as close."
        ),
        examples=[["DE"]],
    )


class RetentionTable(Table):
    """`[[retention]]`: a law that keeps one record class."""

    id: Slug = Field(
        description="The rule's name, as receipts print it.",
        examples=["de-invoices"],
    )
    record_class: Text = Field(
        description="The record class it keeps, as a connector declares it.",
        examples=["invoice"],
    )
    statute: Text = Field(
        description="The law that demands it, as the person is told.",
        examples=["HGB § 257 (4), AO § 147 (3)"],
    )
    years: Annotated[StrictInt, Field(ge=1, le=100)] = Field(
        description="How many years the records are kept.", examples=[8]
    )
    from_end_of_year: StrictBool = Field(
        description="Whether the years count from the end of the record's year.",
        examples=[True],
    )
    jurisdictions: tuple[Jurisdiction, ...] = Field(
        default=(),
        description="Where the rule holds; everywhere where absent.",
        examples=[["DE"]],
    )
    fields: tuple[KeptField, ...] = Field(
        default=(),
        description=(
            "The kinds of data that the law needs of a record; the whole record where"
            " absent. The receipt says which, and whether the rest is gone."
        ),
        examples=[["name", "address", "amounts"]],
    )
