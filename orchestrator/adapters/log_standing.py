"""
How the database's log stands against the checkpoints that were kept elsewhere.

A database behind them was restored from a backup: what it believes to be open may have
been answered.  One that contradicts them holds another history than was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.adapters.checkpoint_file import CheckpointFile
from orchestrator.adapters.log_book import LogBook


class Standing(StrEnum):
    """What the comparison found."""

    UNKNOWN = "unknown"
    """Nothing is kept elsewhere: a restored backup would not be found out."""
    EVEN = "even"
    """Everything published is in the database."""
    BEHIND = "behind"
    """Restored from a backup: `erasure log recover` moves it on."""
    CONTRADICTED = "contradicted"
    """Another history was published.  A person must find out which one is true."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A standing, and how long both logs are."""

    standing: Standing
    ours: int
    published: int

    @property
    def is_held(self) -> bool:
        """Whether nothing may move until somebody has seen to it."""
        return self.standing in {Standing.BEHIND, Standing.CONTRADICTED}

    @property
    def sentence(self) -> str:
        """What a held log means, and what to do."""
        if self.standing is Standing.BEHIND:
            return (
                f"The published log has {self.published} statements and this database"
                f" {self.ours}: it was restored from a backup. Nothing is started, so"
                " that nobody is erased or answered twice; run `erasure log recover"
                " --from DIR` with the receipts' archive."
            )
        return (
            f"The published log ({self.published} statements) and this database's"
            f" ({self.ours}) CONTRADICT one another: receipts were changed, or two"
            " databases wrote one log. Nothing is started; keep both as they are, run"
            " `erasure log check`, and tell the data protection officer."
        )


def compared(book: LogBook, file: CheckpointFile | None) -> Compared:
    """Compare the database's log with the newest checkpoint of *file*."""
    head = book.head()
    ours = 0 if head is None else head.size
    published = None if file is None else file.newest()
    if file is None or published is None:
        return Compared(Standing.UNKNOWN, ours, 0)
    if published.size <= ours:
        root = book.root_at(published.size)
        is_same = root is not None and root.hex() == published.root
        standing = Standing.EVEN if is_same else Standing.CONTRADICTED
        return Compared(standing, ours, published.size)
    then = {one.root for one in file.all() if one.size == ours}
    is_ours = head is None or then == {head.root.hex()}
    standing = Standing.BEHIND if is_ours else Standing.CONTRADICTED
    return Compared(standing, ours, published.size)
