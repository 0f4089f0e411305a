"""The answers and callbacks that the connector relies on; all else is tolerated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=120)


def _aware(value: datetime) -> datetime:
    """Take a time without a zone for UTC; mParticle leaves it out at times."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


Moment = Annotated[datetime, AfterValidator(_aware)]


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Discovery(_Loose):
    """What a processor says of itself; `processor_certificate` is a URL."""

    processor_certificate: str | None = None


class Created(_Loose):
    """The answer to a new request."""

    subject_request_id: str
    expected_completion_time: Moment | None = None
    received_time: Moment | None = None


class Status(_Loose):
    """How a request is going."""

    subject_request_id: str
    request_status: str = Field(max_length=100)
    expected_completion_time: Moment | None = None
    results_url: str | None = None
    results_count: int | None = None


class Callback(Status):
    """What a processor says by itself: a status, and to whom it says it."""

    status_callback_url: str


def expected_within(
    expected: datetime | None, said_at: datetime | None
) -> timedelta | None:
    """Return how long the processor still wants, by its own times."""
    if expected is None or said_at is None:
        return None
    return min(max(expected - said_at, SHORTEST), LONGEST)
