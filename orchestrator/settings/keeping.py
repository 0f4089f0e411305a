"""The settings that say how long what is kept stays."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class KeepingPart(BaseSettings):
    """Periods of what is not bound to a case's end; a part of `Settings`."""

    quarantine_keep_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30,
        description="How many days what a processor or a system of one's own said, and"
        " nobody could use, waits for a person. A refused request waits for a ruling,"
        " however long.",
        examples=[30],
    )
    quarantine_most_events: Annotated[int, Field(ge=10, le=10_000_000)] = Field(
        default=10_000,
        description="How many events of one cause that no publisher signed wait in"
        " quarantine at most; what comes above is counted and not kept.",
        examples=[10_000],
    )
    quarantine_most_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        default=256 * 1024 * 1024,
        description="How many bytes of one cause wait there at most, likewise.",
        examples=[256 * 1024 * 1024],
    )
    sent_keep_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=30,
        description="How many days a sent message and an answered call's row stay.",
        examples=[30],
    )
    case_records_keep_years: Annotated[int, Field(ge=2, le=30)] = Field(
        default=3,
        description="How many whole calendar years the records of a closed case stay:"
        " tasks and history. California asks for 24 months.",
        examples=[3],
    )
    tombstones_keep_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=90,
        description="How many days a digest of each erased identifier stays: as long as"
        " the longest backup of any account. 0 keeps none.",
        examples=[180],
    )
    statistics_keep_years: Annotated[int, Field(ge=2, le=30)] = Field(
        default=5,
        description="How many whole calendar years the figures for `erasure report`"
        " stay after an answer. California asks for 24 months.",
        examples=[5],
    )
