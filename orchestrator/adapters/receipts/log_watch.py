"""
Watch, at start and now and then, whether our log is behind what was published.

What was published is kept in the checkpoint file and on the topic of receipts.  A
database behind either was restored from a backup, and everything irreversible is held
until `erasure log recover` has brought back what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.log_standing import Compared, compared
from orchestrator.adapters.receipts.restore_hold import SqlRestoreHold
from orchestrator.errors import Unavailable
from orchestrator.ports import Clock
from schemas.checkpoints import LogCheckpointed

log = structlog.get_logger()

FILE_EVERY: Final = 2.0  # seconds: its end is read in a millisecond
TOPIC_EVERY: Final = 300.0
WARN_EVERY: Final = 60.0

Told = Callable[[], Sequence[LogCheckpointed]]


@dataclass(slots=True)
class LogWatch:
    """Compares, and begins or ends the hold; *told* reads the end of the topic."""

    book: LogBook
    hold: SqlRestoreHold
    clock: Clock
    file: CheckpointFile | None
    told: Told
    _looked_at: float = field(default=float("-inf"))
    _asked_at: float = field(default=float("-inf"))
    _warned_at: float = field(default=float("-inf"))
    _was_held: bool = False
    _told: Sequence[LogCheckpointed] = ()

    def compared(self) -> Compared:
        """Compare with everything that was published; changes nothing."""
        return compared(self.book, self.file, self.told())

    def look(self) -> Compared:
        """Compare with everything that was published, and hold or let go."""
        self._told = self.told()
        self._asked_at = self.clock.monotonic()
        return self._follow()

    def is_held(self) -> bool:
        """Tell whether everything irreversible waits; looks afresh now and then."""
        present = self.clock.monotonic()
        if present - self._looked_at >= FILE_EVERY:
            if present - self._asked_at >= TOPIC_EVERY:
                self._ask()
            self._follow()
        is_held = self.hold.is_held()
        if self._was_held and not is_held:
            log.info("restore_hold_ended")
        self._was_held = is_held
        return is_held

    def _ask(self) -> None:
        """Read the end of the topic; one that is away is asked again next time."""
        self._asked_at = self.clock.monotonic()
        try:
            self._told = self.told()
        except Unavailable as error:
            log.warning("published_log_not_read", advice=str(error))

    def _follow(self) -> Compared:
        """Hold or let go by what is known, and say so loudly."""
        present = self.clock.monotonic()
        found = compared(self.book, self.file, self._told)
        self._looked_at = present
        self.hold.follow(found, self.clock.now())
        if found.is_held and present - self._warned_at >= WARN_EVERY:
            log.error("restored_backup_held", advice=found.sentence)
            self._warned_at = present
        self._was_held |= found.is_held
        return found
