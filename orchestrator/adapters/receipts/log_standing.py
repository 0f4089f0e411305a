"""
How the database's log stands against the checkpoints that were kept elsewhere.

A database behind them was restored from a backup: what it believes to be open may have
been answered.  One that contradicts them holds another history than was published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.adapters.receipts.checkpoint_file import CheckpointFile
from orchestrator.adapters.receipts.log_book import LogBook
from orchestrator.adapters.receipts.statement_log import Head
from schemas.checkpoints import LogCheckpointed


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
        if self.standing is Standing.BEHIND and not self.ours:
            return (
                f"The published log has {self.published} statements and this database"
                " none: it was restored from a backup older than the first, or is new."
                " Everything irreversible is held. If it is to take the place of a lost"
                " one, run `erasure log recover --from DIR` with the receipts' archive;"
                " if you begin afresh, move the checkpoint file of the old one away (no"
                " ERASURE_CHECKPOINT_FILE set: checkpoints.jsonl in ERASURE_KEYS_DIR),"
                " and on Kafka set another ERASURE_LOG_NAME."
            )
        if self.standing is Standing.BEHIND:
            return (
                f"The published log has {self.published} statements and this database"
                f" {self.ours}: it was restored from a backup. Everything irreversible"
                " is held, so that nobody is erased or answered twice: run `erasure log"
                " recover --from DIR` with the receipts' archive."
            )
        return (
            f"The published log ({self.published} statements) and this database's"
            f" ({self.ours}) CONTRADICT one another: receipts were changed, or two"
            " databases wrote one log. Nothing is started; keep both as they are, run"
            " `erasure log check`, and tell the data protection officer."
        )


def compared(
    book: LogBook,
    file: CheckpointFile | None,
    told: Sequence[LogCheckpointed] = (),
) -> Compared:
    """
    Compare the database's log with what *file* keeps, and with what was *told*.

    What was told need not be whole: the end of a topic is enough.
    """
    head = book.head()
    newest = None if file is None else file.newest()
    found = [_one(book, head, one) for one in _newest_of(newest, told)]
    ahead = [one for one in found if one.standing is Standing.BEHIND]
    if ahead and head is not None:
        # Only now the whole file is read: it must have been our log at our size.
        known = [*(file.all() if file is not None else ()), *told]
        if any(_contradicts(head, one) for one in known):
            ours, most = head.size, max(one.published for one in ahead)
            return Compared(Standing.CONTRADICTED, ours, most)
    unknown = Compared(Standing.UNKNOWN, 0 if head is None else head.size, 0)
    return max([*found, unknown], key=lambda it: (_WORST[it.standing], it.published))


def _newest_of(
    newest: LogCheckpointed | None, told: Sequence[LogCheckpointed]
) -> Iterator[LogCheckpointed]:
    """Yield the newest checkpoint of each place that has any."""
    if newest is not None:
        yield newest
    if told:
        yield max(told, key=lambda one: one.size)


def _one(book: LogBook, head: Head | None, published: LogCheckpointed) -> Compared:
    """Compare the database's log with one published checkpoint."""
    ours = 0 if head is None else head.size
    if published.size > ours:
        return Compared(Standing.BEHIND, ours, published.size)
    root = book.root_at(published.size)
    is_same = root is not None and root.hex() == published.root
    standing = Standing.EVEN if is_same else Standing.CONTRADICTED
    return Compared(standing, ours, published.size)


def _contradicts(head: Head, published: LogCheckpointed) -> bool:
    """Tell whether a checkpoint is of another log than the one that *head* signs."""
    if published.size == head.size:
        return published.root != head.root.hex()
    # It grew past our size in one step, so it never was our log at that size.
    return published.first < head.size < published.size


_WORST = {
    Standing.UNKNOWN: 0,
    Standing.EVEN: 1,
    Standing.BEHIND: 2,
    Standing.CONTRADICTED: 3,
}
