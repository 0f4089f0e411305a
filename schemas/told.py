"""What reached the person before a statement, as the receipt prints it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.fields import Produced, UtcInstant
from schemas.later_words import NoticeTo
from schemas.requests import Channel


class Told(Produced):
    """A notice or an earlier statement that reached the person, as the portal says."""

    at: UtcInstant
    channel: Channel
    statement: Annotated[int, Field(ge=1)] | None = None
    notice: NoticeTo | None = None
