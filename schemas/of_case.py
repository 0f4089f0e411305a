"""What every event about a case names."""

from __future__ import annotations

from pydantic import Field

from schemas.fields import Produced, SafeId


class OfCase(Produced):
    """Which case, and for which request."""

    case_id: SafeId = Field(description="Our handling of the request.")
    request_id: SafeId = Field(description="The portal's name for the request.")
