"""By which means the use of what was not erased has stopped, in a closed list."""

from __future__ import annotations

from typing import Literal

# Never change: receipts carry these words.
Stopped = Literal["at_processor", "by_separation", "not_stopped"]
"""
`at_processor`: the processor has marked or locked the records.  `by_separation`: they
are held apart from daily use.  `not_stopped`: nobody has said that it stopped.
"""
