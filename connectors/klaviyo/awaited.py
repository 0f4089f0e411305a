"""
What must stay gone before a Klaviyo deletion counts as proven.

The value of a ticket, and the rule that turns looks into proof.  Pure: the time is
Klaviyo's own, out of the Date header of its answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

# As exact as a Date header is.
_TICK = timedelta(seconds=1)


class Awaited(BaseModel):
    """A profile that must stay gone, and how often and since when it was seen gone."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    profile: str = Field(min_length=1)
    emails: tuple[str, ...]
    # Other profiles that carried the same e-mail before: not this item's business.
    others: tuple[str, ...]
    seen_empty: int = 0
    empty_since: AwareDatetime | None = None

    def seen(self) -> Self:
        """Start again: the profile is still there, or there again."""
        return self.model_copy(update={"seen_empty": 0, "empty_since": None})

    def missed(self, told_at: datetime | None) -> Self:
        """Count one more look that found nothing."""
        since = self.empty_since or told_at
        return self.model_copy(
            update={"seen_empty": self.seen_empty + 1, "empty_since": since}
        )

    def must_wait(
        self, looks_wanted: int, settle_for: timedelta, told_at: datetime | None
    ) -> timedelta | None:
        """
        Return how long until the next look, or nothing when absence is proven.

        That takes *looks_wanted* empty looks, *settle_for* apart.  Whoever asks again
        sooner than told gets no proof for it; only where Klaviyo's answers carry no
        date does the number of looks count alone.
        """
        enough = self.seen_empty >= looks_wanted
        if self.empty_since is None or told_at is None:
            return None if enough else settle_for
        left = settle_for * (looks_wanted - 1) - (told_at - self.empty_since)
        if enough and left <= _TICK:
            return None
        return min(left, settle_for) if left > _TICK else settle_for
