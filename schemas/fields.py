"""
The kinds of field that several contracts share.

Each is a pydantic annotation that checks what JSON Schema says of it, with our own
error types: their names are rejection codes, their texts carry no value.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

# RFC 3339 section 5.6 in this century (a mistyped year would move every deadline),
# without leap seconds.
_LOCAL_PATTERN = (
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
)
INSTANT_PATTERN = rf"^{_LOCAL_PATTERN}(Z|[+-][0-9]{{2}}:[0-9]{{2}})$"


class Closed(BaseModel):
    """A part of a contract: frozen, strict, without members it does not know."""

    # hide_input: a ValidationError's text would otherwise print the value.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True
    )


class Produced(BaseModel):
    """A part of what we say: as closed; built from our own values, read strictly."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def instant(text: str) -> datetime | None:
    """Read an RFC 3339 time with its offset, or None for anything else."""
    # fromisoformat alone would take all of ISO 8601.
    if not re.fullmatch(INSTANT_PATTERN, text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_instant(value: object) -> datetime:
    """Read a text as RFC 3339 says; a datetime passes if it is aware."""
    moment = instant(value) if isinstance(value, str) else value
    if isinstance(value, str) and re.fullmatch(_LOCAL_PATTERN, value):
        raise PydanticCustomError("offset_missing", "a time without offset")
    if not isinstance(moment, datetime):
        raise PydanticCustomError("invalid_value", "not a time")
    if moment.tzinfo is None:
        raise PydanticCustomError("offset_missing", "a time without offset")
    return moment


def _in_utc(moment: datetime) -> datetime:
    """Give every instant one spelling."""
    return moment.astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(_read_instant),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}
    ),
]

# For what we sign: equal moments have equal bytes.
UtcInstant = Annotated[Instant, AfterValidator(_in_utc)]

# As wide as the register's own names, or a good account could not be told of.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
SafeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# Codes, rule names and versions: language-free and without room for free text.
Code = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}$")
]
TypeName = Annotated[
    str,
    StringConstraints(
        pattern=r"^(email|phone|customer_id|[a-z][a-z0-9_-]{0,31}\.[a-z][a-z0-9_-]{0,31})$"
    ),
]
Jurisdiction = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    Field(description="ISO 3166-1 alpha-2 or ISO 3166-2, for example FR or US-CA."),
]
