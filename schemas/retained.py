"""What a receipt says of records that a law keeps, by class."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.counts import CountBucket
from schemas.fields import Code, Produced
from schemas.kept_fields import Extent, KeptField, Restricted
from schemas.recipients import Label


class RetainedClass(Produced):
    """Records kept under a law, by class; never a single record."""

    record_class: Code
    rule: Code
    statute: Label
    provision: Label | None = Field(
        default=None, description="By which the erasure law leaves them to the statute."
    )
    until: date
    count: CountBucket | None = None
    fields: tuple[KeptField, ...] | None = Field(
        default=None,
        description="The kinds of data that the rule needs; absent where it needs the"
        " whole record.",
    )
    extent: Extent | None = Field(
        default=None,
        description="Whether only `fields` are left of the records, or the whole of"
        " each although the rule needs only these.",
    )
    restricted: Restricted | None = Field(
        default=None,
        description="By which means what is kept is restricted, if by any; absent from"
        " `was_kept`.",
    )

    @model_validator(mode="after")
    def _is_whole_or_less(self) -> Self:
        """Refuse to say how much of a record is kept where the rule needs it whole."""
        if self.extent is not None and not self.fields:
            raise PydanticCustomError("overstated", "the rule needs the whole record")
        return self
