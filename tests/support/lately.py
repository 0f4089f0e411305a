"""When requests were made that tests send in: lately, whatever the date is today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

# The same in each message of one run, or a repeated request would be another one.
RECEIVED: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(days=7)
VERIFIED: Final = RECEIVED + timedelta(minutes=6)
NEXT_MORNING: Final = RECEIVED + timedelta(days=1)
EARLIER: Final = RECEIVED - timedelta(days=15)
